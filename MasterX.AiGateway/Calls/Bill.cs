using MasterX.AiGateway.Telemetry;

namespace MasterX.AiGateway.Calls;

/// <summary>What something cost: one attempt, or all of a call.</summary>
/// <param name="Usage">Its tokens.</param>
/// <param name="Cost">In US dollars; <see langword="null"/> when the model has no price.</param>
/// <param name="IsEstimated">Whether the tokens are an estimate, because the provider did not count.</param>
internal sealed record Bill(TokenUsage Usage, decimal? Cost, bool IsEstimated)
{
    /// <summary>The same for one who was spared the call: it was paid for when it was made.</summary>
    public Bill Paid => this with { Cost = 0, IsEstimated = false };

    /// <summary>Both together, as of a stream that another provider went on with.</summary>
    public Bill Plus(Bill other) => new(
        Usage + other.Usage, Cost is null && other.Cost is null ? null : (Cost ?? 0) + (other.Cost ?? 0), IsEstimated || other.IsEstimated);
}
