using System.Net;
using MasterX.ServiceDefaults.Configuration;
using Microsoft.AspNetCore.HttpOverrides;

namespace MasterX.Api.Http;

/// <summary>
/// HTTPS outside Development: redirection, where the service knows its HTTPS port (<c>HTTPS_PORTS</c> or <c>ASPNETCORE_HTTPS_PORT</c>), and HSTS; probes and metrics, which come from
/// inside, stay as they are. Who the caller is and how it came is believed of a proxy's headers only from the proxies in <c>TRUSTED_PROXIES</c>, addresses or networks separated by commas.
/// </summary>
internal static class TransportSecurity
{
    private const string Setting = "TRUSTED_PROXIES";

    public static void AddTransportSecurity(this WebApplicationBuilder builder)
    {
        var proxies = Entries(builder.Configuration);
        builder.Services.AddSingleton<IConfigurationRule>(new ProxyRule(proxies));
        builder.Services.AddHsts(hsts => hsts.MaxAge = TimeSpan.FromDays(365));
        if (proxies.Length > 0)
        {
            builder.Services.Configure<ForwardedHeadersOptions>(forwarded =>
            {
                forwarded.ForwardedHeaders = ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto;
                forwarded.KnownProxies.Clear();
                forwarded.KnownIPNetworks.Clear();
                foreach (var proxy in proxies)
                {
                    if (IPAddress.TryParse(proxy, out var address))
                    {
                        forwarded.KnownProxies.Add(address);
                    }
                    else if (System.Net.IPNetwork.TryParse(proxy, out var network))
                    {
                        forwarded.KnownIPNetworks.Add(network);
                    }
                }
            });
        }
    }

    public static void UseTransportSecurity(this WebApplication app)
    {
        if (Entries(app.Configuration).Length > 0)
        {
            app.UseForwardedHeaders();
        }

        if (!app.Environment.IsDevelopment())
        {
            app.UseHsts();
            app.UseWhen(context => !IsInternal(context.Request.Path), outside => outside.UseHttpsRedirection());
        }
    }

    private static bool IsInternal(PathString path) => path.StartsWithSegments("/health") || path.StartsWithSegments("/alive") || path.StartsWithSegments("/metrics");

    private static string[] Entries(IConfiguration configuration) => (configuration[Setting] ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private sealed class ProxyRule(string[] proxies) : IConfigurationRule
    {
        public IEnumerable<string> FindProblems() => proxies
            .Where(proxy => !IPAddress.TryParse(proxy, out _) && !System.Net.IPNetwork.TryParse(proxy, out _))
            .Select(proxy => $"{Setting} contains '{proxy}', which is neither an address nor a network. Example: {Setting}=10.0.0.4,10.1.0.0/16");
    }
}
