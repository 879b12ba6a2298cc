using MasterX.AiGateway.Routing;

namespace MasterX.AiGateway.Telemetry;

/// <summary>What answers cost, by the configured prices.</summary>
internal sealed class PriceList(GatewayConfiguration configuration)
{
    /// <returns>US dollars; <see langword="null"/> when the model has no price, which is not the same as free.</returns>
    public decimal? CostOf(Candidate candidate, TokenUsage usage) => Of(candidate)?.CostOf(usage);

    /// <returns>The model's price, if it has one.</returns>
    public ModelPrice? Of(Candidate candidate)
    {
        var prices = configuration.Options.Prices;
        return prices.TryGetValue($"{candidate.Provider.Name}/{candidate.Model}", out var price) || prices.TryGetValue(candidate.Model, out price) ? price : null;
    }
}
