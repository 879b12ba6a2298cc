using MasterX.AiGateway.Routing;
using Microsoft.Extensions.Options;

namespace MasterX.AiGateway.Telemetry;

/// <summary>What answers cost, by the configured prices.</summary>
internal sealed class PriceList(IOptionsMonitor<GatewayOptions> options)
{
    /// <returns>US dollars; <see langword="null"/> when the model has no price, which is not the same as free.</returns>
    public decimal? CostOf(Candidate candidate, TokenUsage usage)
    {
        var prices = options.CurrentValue.Prices;
        return prices.TryGetValue($"{candidate.Provider.Name}/{candidate.Model}", out var price) || prices.TryGetValue(candidate.Model, out price)
            ? price.CostOf(usage)
            : null;
    }
}
