using System.Text.Json;
using System.Text.Json.Serialization;
using MasterX.AiGateway.Requests;

namespace MasterX.AiGateway.Calls;

/// <summary>What one attempt has spent, as it is told.</summary>
/// <param name="Provider">Who charges.</param>
/// <param name="Model">The model that was asked.</param>
/// <param name="Outcome">As in <c>x-masterx-attempt-list</c>, or <c>abandoned</c>.</param>
/// <param name="InputTokens">Cached ones included.</param>
/// <param name="OutputTokens">Thinking included.</param>
/// <param name="CachedInputTokens">Of the input, found in the provider's cache.</param>
/// <param name="CacheWriteTokens">Of the input, written to the provider's cache.</param>
/// <param name="ReasoningTokens">Of the output, thought with.</param>
/// <param name="CostUsd">US dollars; <see langword="null"/> when the model has no price.</param>
/// <param name="Estimated">Whether some of the tokens are an estimate.</param>
internal sealed record SpendingAnswer(
    string Provider, string Model, string Outcome, int InputTokens, int OutputTokens, int CachedInputTokens, int CacheWriteTokens, int ReasoningTokens, decimal? CostUsd, bool Estimated)
{
    public static SpendingAnswer Of(Spending spending) => new(
        spending.Provider, spending.Model, spending.Outcome.Name(), spending.Usage.Input, spending.Usage.Output, spending.Usage.CachedInput, spending.Usage.CacheWrite,
        spending.Usage.Reasoning, spending.Cost, spending.IsEstimated);
}

/// <summary>One candidate's turn, as it is told.</summary>
/// <param name="Provider">Whose.</param>
/// <param name="Model">The model asked of it.</param>
/// <param name="Outcome">How it ended.</param>
/// <param name="Status">HTTP status, when there was one.</param>
/// <param name="Ms">Milliseconds; 0 when it was not called.</param>
internal sealed record AttemptAnswer(string Provider, string Model, string Outcome, int? Status, long Ms)
{
    public static AttemptAnswer Of(Attempt attempt) => new(attempt.Provider, attempt.Model, attempt.Outcome.Name(), attempt.Status, (long)Math.Round(attempt.Elapsed.TotalMilliseconds));
}

/// <summary>A call's record as it is told.</summary>
/// <param name="Id">As its caller named it.</param>
/// <param name="Ended">Whether that is all: nothing of the call goes on.</param>
/// <param name="Spent">Its attempts that cost something.</param>
/// <param name="Attempts">Whom it took, in order.</param>
/// <param name="Ignored">Fields that were left out of the request; <see langword="null"/> for none.</param>
internal sealed record CallAnswer(string Id, bool Ended, IReadOnlyList<SpendingAnswer> Spent, IReadOnlyList<AttemptAnswer> Attempts, IReadOnlyList<string>? Ignored)
{
    public static CallAnswer Of(CallRecord record)
    {
        // In this order: what is told as ended is whole.
        var ended = record.HasEnded;
        return new(record.Id!, ended, [.. record.Spent.Select(SpendingAnswer.Of)], ended ? [.. record.Attempts.Select(AttemptAnswer.Of)] : [], record.Ignored);
    }
}

/// <summary>Body of <c>POST /calls</c>.</summary>
/// <param name="Ids">Calls to be told of.</param>
/// <param name="Read">Calls whose records were read to the end, and are let go.</param>
internal sealed record CallsRequest(IReadOnlyList<string>? Ids, IReadOnlyList<string>? Read);

/// <summary>What <c>POST /calls</c> answers.</summary>
/// <param name="Items">Those that are known here; another replica may know others.</param>
/// <param name="UptimeMs">For how long records have been kept here, in milliseconds: what was asked of this replica since then, and is not known, has not come.</param>
internal sealed record CallsAnswer(IReadOnlyList<CallAnswer> Items, long UptimeMs);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(CallsRequest))]
[JsonSerializable(typeof(CallsAnswer))]
[JsonSerializable(typeof(CallAnswer))]
[JsonSerializable(typeof(IReadOnlyList<SpendingAnswer>))]
internal sealed partial class CallJson : JsonSerializerContext
{
    /// <summary>In one line of ASCII, for a header.</summary>
    public static string Line(CallRecord record) => JsonSerializer.Serialize(Calls.CallAnswer.Of(record).Spent, Default.IReadOnlyListSpendingAnswer);
}
