using System.Globalization;
using MasterX.ServiceDefaults.Configuration;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace MasterX.ServiceDefaults.Startup;

/// <summary>The variable with which Cloud Run, Heroku, Render and others say where they want a service to listen.</summary>
public static class PlatformPort
{
    private const string Variable = "PORT";

    /// <summary>What .NET's container images set, which is nobody's choice.</summary>
    private const string ImagesDefault = "8080";

    /// <summary>
    /// Listens on every address at <c>PORT</c>, unless an address or port is set in ASP.NET Core's own way; and beside it at the port for operators, where there is one
    /// (<c>Management:Port</c>).
    /// </summary>
    public static WebApplicationBuilder ListenOnPlatformPort(this WebApplicationBuilder builder)
    {
        builder.UsePlatformPort();
        ManagementPort.Listen(builder);
        return builder;
    }

    private static void UsePlatformPort(this WebApplicationBuilder builder)
    {
        var settings = builder.Configuration;
        if (settings[Variable] is not { Length: > 0 } value || IsAddressSet(settings))
        {
            return;
        }

        if (ushort.TryParse(value, CultureInfo.InvariantCulture, out var port))
        {
            builder.WebHost.UseUrls($"http://*:{port}");
        }
        else
        {
            builder.Services.AddSingleton<IConfigurationRule>(new WrongPort(value));
        }
    }

    private static bool IsAddressSet(ConfigurationManager settings) =>
        !string.IsNullOrEmpty(settings["urls"]) || settings["HTTP_PORTS"] is not (null or "" or ImagesDefault)
        || !string.IsNullOrEmpty(settings["HTTPS_PORTS"]) || settings.GetSection("Kestrel:Endpoints").GetChildren().Any();

    private sealed class WrongPort(string value) : IConfigurationRule
    {
        public IEnumerable<string> FindProblems() => [$"{Variable} is '{value}'; it must be a number up to 65535. Example: {Variable}=8080"];
    }
}
