using MasterX.ServiceDefaults.Configuration;
using MasterX.ServiceDefaults.Health;
using MasterX.ServiceDefaults.Http;
using MasterX.ServiceDefaults.Resilience;
using MasterX.ServiceDefaults.Sharing;
using MasterX.ServiceDefaults.Startup;
using MasterX.ServiceDefaults.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;

namespace MasterX.ServiceDefaults;

/// <summary>What every MasterX service is given, in three calls.</summary>
/// <example>
/// <code>
/// var builder = WebApplication.CreateBuilder(args);
/// builder.AddServiceDefaults();
/// var app = builder.Build();
/// app.UseServiceDefaults();
/// app.MapDefaultEndpoints();
/// return await app.RunServiceAsync();
/// </code>
/// </example>
public static class ServiceDefaultsExtensions
{
    /// <summary>Adds health checks, telemetry, service discovery, HTTP-client resilience, the start-up sequence and the configuration check.</summary>
    public static TBuilder AddServiceDefaults<TBuilder>(this TBuilder builder)
        where TBuilder : IHostApplicationBuilder
    {
        // In Development the framework looks at every service when the host is built: before the configuration check could say, in one message, why one of them cannot be made.
        builder.ConfigureContainer(new DefaultServiceProviderFactory(new ServiceProviderOptions { ValidateScopes = builder.Environment.IsDevelopment() }));
        builder.Services.TryAddSingleton(TimeProvider.System);
        builder.AddConfigurationCheck();
        builder.AddTelemetry();
        builder.AddHealth();
        builder.AddStartupSequence();
        builder.AddShared();
        builder.Services.AddTransient<IStartupFilter, HeadRequests>();
        builder.Services.AddServiceDiscovery();
        builder.Services.ConfigureHttpClientDefaults(http =>
        {
            http.AddSafeResilience();
            http.AddServiceDiscovery();
        });

        // A stuck request must not keep a container from being replaced; the platforms in use kill after 30 s. The host's own setting wins.
        if (builder.Configuration["shutdownTimeoutSeconds"] is null)
        {
            builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(20));
        }

        return builder;
    }

    /// <summary>Records and logs every request. Comes first in the pipeline, so that it sees what everything else did.</summary>
    public static WebApplication UseServiceDefaults(this WebApplication app)
    {
        app.UseMiddleware<RequestTelemetryMiddleware>();
        app.UseManagementPort();
        return app;
    }

    /// <summary>Maps <c>/health</c>, <c>/health/live</c>, <c>/health/ready</c>, <c>/alive</c> and <c>/metrics</c>, in every environment.</summary>
    public static WebApplication MapDefaultEndpoints(this WebApplication app)
    {
        app.MapHealthEndpoints();
        app.MapPrometheusScrapingEndpoint("/metrics").AllowAnonymous();
        return app;
    }
}
