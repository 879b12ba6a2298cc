using System.Globalization;
using MasterX.ServiceDefaults.Configuration;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace MasterX.ServiceDefaults.Startup;

/// <summary>
/// A port for operators alone, <c>Management:Port</c> (<c>Management__Port</c>; none unless set), on every address and over plain HTTP: metrics, and why a health check fails, are there and
/// nowhere else, and nothing else is there. It is told by the port that a connection came to, not by anything a caller writes.
/// </summary>
internal static class ManagementPort
{
    private const string Setting = "Management:Port";

    /// <summary>What is answered there.</summary>
    private static readonly string[] Paths = ["/metrics", "/health", "/alive"];

    public static int? Of(IConfiguration configuration) =>
        ushort.TryParse(configuration[Setting], CultureInfo.InvariantCulture, out var port) && port > 0 ? port : null;

    /// <summary>Whether a request came by it.</summary>
    public static bool IsUsedBy(HttpContext context, int port) => context.Connection.LocalPort == port;

    public static void Listen(WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<IConfigurationRule, Rule>();
        var settings = builder.Configuration;
        if (Of(settings) is not { } port)
        {
            return;
        }

        var url = string.Create(CultureInfo.InvariantCulture, $"http://*:{port}");
        if (settings.GetSection("Kestrel:Endpoints").GetChildren().Any())
        {
            // These win over all addresses that are set otherwise.
            settings["Kestrel:Endpoints:Management:Url"] = url;
            return;
        }

        string?[] urls = settings["urls"] is { Length: > 0 } set
            ? [set]
            : [.. UrlsOf("http", settings["HTTP_PORTS"]), .. UrlsOf("https", settings["HTTPS_PORTS"])];
        builder.WebHost.UseUrls([.. urls.DefaultIfEmpty("http://localhost:5000").SelectMany(known => known!.Split(';')), url]);
    }

    /// <summary>Answers 404 to what is not at the port it came to.</summary>
    public static void UseManagementPort(this WebApplication app)
    {
        if (Of(app.Configuration) is { } port)
        {
            app.Use((context, next) =>
            {
                var path = context.Request.Path;
                if (IsUsedBy(context, port) ? Array.Exists(Paths, known => path.StartsWithSegments(known)) : !path.StartsWithSegments(Paths[0]))
                {
                    return next(context);
                }

                context.Response.StatusCode = StatusCodes.Status404NotFound;
                return Task.CompletedTask;
            });
        }
    }

    private static IEnumerable<string> UrlsOf(string scheme, string? ports) =>
        (ports ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(port => $"{scheme}://*:{port}");

    private sealed class Rule(IConfiguration configuration) : IConfigurationRule
    {
        public IEnumerable<string> FindProblems() => configuration[Setting] is { Length: > 0 } value && Of(configuration) is null
            ? [$"Management__Port is '{value}'; it must be a port, 1 to 65535. Example: Management__Port=9090"]
            : [];
    }
}
