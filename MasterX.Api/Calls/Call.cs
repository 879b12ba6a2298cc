using System.Text.Json.Serialization;

namespace MasterX.Api.Calls;

/// <summary>How far the booking of a call has come. It only moves on: what is known is never replaced by what is assumed.</summary>
internal enum CallState
{
    /// <summary>Under way, or nobody has said yet how it ended.</summary>
    Open = 0,

    /// <summary>Nobody can know how it ended: what was expected of it is booked, and marked as an estimate.</summary>
    Assumed = 1,

    /// <summary>What it has spent is booked.</summary>
    Settled = 2,
}

/// <summary>A call that a model is paid for, from before it is sent until what it has spent is booked.</summary>
internal sealed record Call
{
    /// <summary>Begins with <c>call_</c>. The gateway keeps its record under it, and a second booking of it changes nothing.</summary>
    public required string Id { get; init; }

    /// <summary>Whose key.</summary>
    public required string KeyId { get; init; }

    /// <summary>The project that the key belongs to; <see langword="null"/> for none.</summary>
    public string? ProjectId { get; init; }

    /// <summary>Whose what it generates is.</summary>
    [JsonIgnore]
    public string OwnerId => ProjectId ?? KeyId;

    /// <summary>When it was opened, UTC, to the millisecond; what it has spent counts for that day.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>The process that makes it.</summary>
    public required string Instance { get; init; }

    /// <summary>The model or route that was asked for; empty for the default.</summary>
    public string Model { get; init; } = "";

    /// <summary>What its caller says it is for, by name; <see langword="null"/> for nothing.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyDictionary<string, string>? Tags { get; init; }

    /// <summary>What it is expected to spend, and booked with where nobody can know.</summary>
    public required Expectation Expected { get; init; }

    /// <summary>What is held for it in budgets.</summary>
    public IReadOnlyList<Reservation> Reserved { get; init; } = [];

    /// <summary>Whether it is no call of its own, but what is held in budgets for some that are still to come: see <see cref="Allotments"/>.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool IsAllotment { get; init; }

    /// <summary>Whether what it may cost is held by an allotment, and its own reservations say no more than which budgets it is paid from.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool IsDrawn { get; init; }

    /// <summary>Whether opening it changes no budget.</summary>
    [JsonIgnore]
    public bool HoldsNothing => IsDrawn || Reserved.All(static reservation => reservation is { CostUsd: 0, LimitUsd: >= BudgetPeriod.Unlimited });
}

/// <summary>What a call is expected to spend at most, as far as anyone can say before.</summary>
/// <param name="InputTokens">Of the request, roughly.</param>
/// <param name="OutputTokens">The request's own limit; where it has none, what answers of the model have lately had.</param>
/// <param name="CostUsd">By the highest price of those who may answer; <see langword="null"/> when one has none.</param>
internal readonly record struct Expectation(int InputTokens, int OutputTokens, decimal? CostUsd);

/// <summary>What is held for a call in one budget, until it is settled.</summary>
/// <param name="BudgetId">The budget of a key or a project, and a period: <c>key_…/2026-11</c>, <c>proj_…/2026-11-27</c>.</param>
/// <param name="CostUsd">US dollars that are held.</param>
/// <param name="LimitUsd">US dollars of the budget.</param>
/// <param name="IsBound">
/// Whether the request bounds what it may cost. One that does not is let through alone on what is left, as nobody can say what it will cost.
/// </param>
internal sealed record Reservation(string BudgetId, decimal CostUsd, decimal LimitUsd, bool IsBound);

/// <summary>What one attempt of a call has spent, as the gateway says.</summary>
/// <param name="Provider">Who charges.</param>
/// <param name="Model">The model that was asked.</param>
/// <param name="Outcome">How the attempt ended, as the gateway names it; <c>assumed</c> where nobody knows.</param>
/// <param name="InputTokens">Cached ones included.</param>
/// <param name="OutputTokens">Thinking included.</param>
/// <param name="CachedInputTokens">Of the input, found in the provider's cache.</param>
/// <param name="CacheWriteTokens">Of the input, written to the provider's cache.</param>
/// <param name="ReasoningTokens">Of the output, thought with.</param>
/// <param name="CostUsd">US dollars; <see langword="null"/> when the model has no price.</param>
/// <param name="Estimated">Whether some of the tokens are an estimate.</param>
internal sealed record Spending(
    string Provider, string Model, string Outcome, long InputTokens, long OutputTokens, long CachedInputTokens, long CacheWriteTokens, long ReasoningTokens, decimal? CostUsd, bool Estimated)
{
    /// <summary>More than any call costs: a number beyond it is no number of the gateway's.</summary>
    private const decimal MostUsd = 1_000_000m;

    private const long MostTokens = int.MaxValue;

    /// <summary>Of an answer that was given before: it cost nothing this time.</summary>
    public static Spending OfCache(string provider, string model) => new(provider, model, "cached", 0, 0, 0, 0, 0, 0, false);

    /// <summary>What is booked for a call of which nobody can know what it has spent.</summary>
    public static Spending Assumed(Call call) => new(
        "unknown", call.Model.Length > 0 ? call.Model : "unknown", "assumed", call.Expected.InputTokens, call.Expected.OutputTokens, 0, 0, 0, call.Expected.CostUsd, true);

    /// <summary>Within what can be: nobody is paid for asking, and sums stay within what databases add up.</summary>
    public Spending Bounded() => this with
    {
        InputTokens = Math.Clamp(InputTokens, 0, MostTokens),
        OutputTokens = Math.Clamp(OutputTokens, 0, MostTokens),
        CachedInputTokens = Math.Clamp(CachedInputTokens, 0, MostTokens),
        CacheWriteTokens = Math.Clamp(CacheWriteTokens, 0, MostTokens),
        ReasoningTokens = Math.Clamp(ReasoningTokens, 0, MostTokens),
        CostUsd = CostUsd is { } cost ? Math.Clamp(cost, 0, MostUsd) : null,
    };
}

/// <summary>How a call has ended: what is booked, together with what was generated.</summary>
/// <param name="Call">The call, whole: it is booked even where its opening was not written.</param>
/// <param name="Spent">Its attempts that cost something; none for a call that cost nothing.</param>
/// <param name="State"><see cref="CallState.Assumed"/> or <see cref="CallState.Settled"/>.</param>
/// <param name="Generation">What was generated, if it is to be kept.</param>
/// <param name="KeepsOfErased">Whether of a generation whose user was erased while it was made the numbers are kept; else nothing of it.</param>
internal sealed record Settlement(Call Call, IReadOnlyList<Spending> Spent, CallState State = CallState.Settled, Ai.Generation? Generation = null, bool KeepsOfErased = false)
{
    /// <summary>All of it, in US dollars.</summary>
    public decimal CostUsd => Spent.Sum(spending => spending.CostUsd ?? 0);
}
