using System.Text.Json;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace MasterX.Api.Ai;

/// <summary><c>ai_providers</c>: what the gateway says of its providers, from what it has seen; no provider is called.</summary>
internal sealed class AiProvidersHealthCheck(IHttpClientFactory clients) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        try
        {
            using var client = clients.CreateClient(AiServices.GatewayClientName);
            using var response = await client.GetAsync(new Uri("/providers", UriKind.Relative), cancellationToken);
            if (!response.IsSuccessStatusCode)
            {
                return HealthCheckResult.Degraded($"the AI gateway answers {(int)response.StatusCode}");
            }

            using var document = await JsonDocument.ParseAsync(await response.Content.ReadAsStreamAsync(cancellationToken), cancellationToken: cancellationToken);
            var states = document.RootElement.GetProperty("providers").EnumerateArray()
                .ToDictionary(provider => provider.GetProperty("name").GetString()!, provider => (object)provider.GetProperty("status").GetString()!);
            var available = states.Values.Count(state => state is "available");
            var description = $"{available} of {states.Count} providers available";
            return available == states.Count ? HealthCheckResult.Healthy(description, states) : HealthCheckResult.Degraded(description, data: states);
        }
        catch (Exception error) when (error is HttpRequestException or JsonException or OperationCanceledException or Polly.ExecutionRejectedException)
        {
            return HealthCheckResult.Degraded("the AI gateway does not answer", error);
        }
    }
}
