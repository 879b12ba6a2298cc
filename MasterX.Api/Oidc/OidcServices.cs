using MasterX.ServiceDefaults.Configuration;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace MasterX.Api.Oidc;

/// <summary>Sets up callers with tokens, where an authority is configured; where none is, there is nothing of it.</summary>
internal static class OidcServices
{
    /// <summary>Less than whoever asks for the health of the service waits.</summary>
    private static readonly TimeSpan HealthLimit = TimeSpan.FromSeconds(2);

    public static void AddOidc(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<IConfigurationRule, OidcOptions.Rule>();
        if (!OidcOptions.IsConfigured(builder.Configuration) || OidcOptions.Of(builder.Configuration, builder.Environment) is not { } options)
        {
            return;
        }

        builder.Services.AddSingleton(options);
        builder.Services.AddSingleton<OidcAuthority>();
        builder.Services.AddSingleton<OidcCallers>();
        builder.Services.AddHealthChecks().Add(new HealthCheckRegistration(
            "oidc", services => new OidcHealthCheck(services.GetRequiredService<OidcAuthority>()), HealthStatus.Degraded, tags: null, timeout: HealthLimit));
    }

    /// <summary>Callers with keys are served without the authority: the service is degraded then, and ready.</summary>
    private sealed class OidcHealthCheck(OidcAuthority authority) : IHealthCheck
    {
        public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
            await authority.GetAsync(cancellationToken) is null ? HealthCheckResult.Degraded($"{authority.Address} does not answer: no token can be checked. {authority.Problem}")
            : authority.Problem is { } problem ? HealthCheckResult.Degraded($"{authority.Address} does not answer: tokens are checked with the keys it had. {problem}")
            : HealthCheckResult.Healthy($"{authority.Address} answers");
    }
}
