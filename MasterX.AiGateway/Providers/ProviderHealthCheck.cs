using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace MasterX.AiGateway.Providers;

/// <summary>
/// <c>ai_providers</c>: what the gateway has seen of its providers, from its own calls; a health probe never calls one.
/// Degraded while some are unavailable, and while all are: then too the gateway serves its purpose, which is to say so.
/// </summary>
internal sealed class ProviderHealthCheck(GatewayConfiguration configuration) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var states = configuration.Routes.Providers.ToDictionary(provider => provider.Name, provider => (object)(provider.IsAvailable ? "available" : "unavailable"));
        var available = configuration.Routes.Providers.Count(provider => provider.IsAvailable);
        var description = $"{available} of {states.Count} providers available";
        return Task.FromResult(available == states.Count ? HealthCheckResult.Healthy(description, states) : HealthCheckResult.Degraded(description, data: states));
    }
}
