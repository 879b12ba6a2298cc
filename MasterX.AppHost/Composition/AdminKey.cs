using System.Security.Cryptography;

namespace MasterX.AppHost;

/// <summary>The API's first key.</summary>
internal static class AdminKey
{
    private const string Letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

    /// <summary>As given; else made for this run, to be seen in the dashboard. A deployment asks for it.</summary>
    public static IResourceBuilder<ParameterResource> AddAdminKey(this IDistributedApplicationBuilder builder, string name) =>
        builder.ExecutionContext.IsPublishMode || CompositionSettings.IsGiven(builder.Configuration, name)
            ? builder.AddParameter(name, secret: true)
            : builder.AddParameter(name, $"mx_{RandomNumberGenerator.GetString(Letters, 43)}", secret: true);
}
