using MasterX.ServiceDefaults.Configuration;
using MasterX.ServiceDefaults.Startup;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;

namespace MasterX.ServiceDefaults.Sharing;

/// <summary>Adds what replicas share.</summary>
internal static class SharedExtensions
{
    /// <summary>Nothing at all where <c>ConnectionStrings__redis</c> is not set: then nobody finds a <see cref="SharedLimits"/>, and counts for itself.</summary>
    public static void AddShared(this IHostApplicationBuilder builder)
    {
        if (!SharedSettings.AreGiven(builder.Configuration))
        {
            return;
        }

        builder.Services.AddSingleton<IConfigurationRule, SharedSettings.Rule>();
        builder.Services.AddSingleton(services => SharedSettings.Read(services.GetRequiredService<IConfiguration>(), out var problems)
            ?? throw new ConfigurationException(string.Join(" ", problems)));
        builder.Services.AddSingleton<RedisLink>();
        builder.Services.AddSingleton(services => new SharedLimits(services.GetRequiredService<RedisLink>(), services.GetRequiredService<TimeProvider>()));
        builder.Services.AddSingleton(services => new SharedNotes(services.GetRequiredService<RedisLink>(), services.GetRequiredService<TimeProvider>()));
        builder.Services.AddSingleton(services => new SharedBytes(services.GetRequiredService<RedisLink>()));
        builder.Services.AddHostedService<RedisWatch>();
        builder.Services.AddStartupStep<RedisStartupStep>();
        builder.Services.AddHealthChecks().Add(new HealthCheckRegistration(
            "shared_limits", services => new RedisHealthCheck(services.GetRequiredService<RedisLink>()), HealthStatus.Degraded, tags: null));
    }
}
