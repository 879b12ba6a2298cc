using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting;

/// <summary>Adds values from outside the composition.</summary>
public static class ParameterResourceBuilderExtensions
{
    /// <summary>A value from configuration <c>Parameters:{name}</c>; a hyphen in the name may be an underscore in an environment variable.</summary>
    /// <exception cref="DistributedApplicationException">When the value is needed and not configured.</exception>
    public static IResourceBuilder<ParameterResource> AddParameter(this IDistributedApplicationBuilder builder, string name, bool secret = false) =>
        builder.AddResource(new ParameterResource(name, _ => Configured(builder, name) ?? throw Missing(name), secret));

    /// <summary>A literal value.</summary>
    public static IResourceBuilder<ParameterResource> AddParameter(this IDistributedApplicationBuilder builder, string name, string value, bool publishValueAsDefault = false, bool secret = false) =>
        builder.AddResource(new ParameterResource(name, _ => value, secret));

    /// <summary>A value from configuration <c>Parameters:{name}</c>, else made by a default, anew at every start.</summary>
    public static IResourceBuilder<ParameterResource> AddParameter(this IDistributedApplicationBuilder builder, string name, ParameterDefault value, bool secret = false) =>
        builder.AddResource(new ParameterResource(name, standard => Configured(builder, name) ?? standard!.GetDefaultValue(), secret) { Default = value });

    /// <summary>A connection string from configuration <c>ConnectionStrings:{name}</c>, for something that runs elsewhere.</summary>
    public static IResourceBuilder<IResourceWithConnectionString> AddConnectionString(this IDistributedApplicationBuilder builder, string name, string? environmentVariableName = null)
    {
        var value = new ParameterResource(
            name + "-connection",
            _ => builder.Configuration[$"ConnectionStrings:{name}"] ?? throw new DistributedApplicationException(
                $"The connection string '{name}' is not configured. Set ConnectionStrings__{name}, for example to mongodb://localhost:27017/{name}."),
            secret: true);
        return builder.AddResource(new ConnectionStringResource(name, ReferenceExpression.Create($"{value}"), environmentVariableName));
    }

    private static string? Configured(IDistributedApplicationBuilder builder, string name) =>
        builder.Configuration[$"Parameters:{name}"] ?? builder.Configuration[$"Parameters:{name.Replace('-', '_')}"];

    private static DistributedApplicationException Missing(string name) => new(
        $"The parameter '{name}' has no value. Set it with `dotnet user-secrets set Parameters:{name} VALUE --project MasterX.AppHost`, or as the environment variable Parameters__{name.Replace('-', '_')}.");
}
