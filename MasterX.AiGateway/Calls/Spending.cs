using MasterX.AiGateway.Requests;
using MasterX.AiGateway.Telemetry;

namespace MasterX.AiGateway.Calls;

/// <summary>What one attempt has spent: a provider was asked, and charges for it, whatever came of it.</summary>
/// <param name="Provider">Who charges.</param>
/// <param name="Model">The model that was asked.</param>
/// <param name="Outcome">How the attempt ended.</param>
/// <param name="Usage">Tokens.</param>
/// <param name="Cost">US dollars; <see langword="null"/> when the model has no price, which is not the same as free.</param>
/// <param name="IsEstimated">Whether some of the tokens are an estimate: the provider did not count, or its count did not come.</param>
internal readonly record struct Spending(string Provider, string Model, AttemptOutcome Outcome, TokenUsage Usage, decimal? Cost, bool IsEstimated);
