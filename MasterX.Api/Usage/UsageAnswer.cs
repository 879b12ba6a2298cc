using System.Text.Json.Nodes;

namespace MasterX.Api.Usage;

/// <summary>What <c>GET /api/usage</c> answers.</summary>
/// <param name="From">First day, UTC.</param>
/// <param name="To">Last day, UTC.</param>
/// <param name="Items">Oldest first; what was not used is left out.</param>
/// <param name="Total">All together.</param>
internal sealed record UsageAnswer(DateOnly From, DateOnly To, IReadOnlyList<UsageItem> Items, UsageTotal Total)
{
    public static UsageAnswer Of(UsageQuery query, IReadOnlyList<UsageSum> sums)
    {
        var total = sums.Aggregate(new UsageSum(), (all, sum) => all.Plus(sum));
        return new(
            DateOnly.FromDateTime(query.From.UtcDateTime), DateOnly.FromDateTime(query.Until.UtcDateTime.AddTicks(-1)), [.. sums.Select(sum => UsageItem.Of(query, sum))],
            new(total.Requests, total.InputTokens, total.OutputTokens, total.CostUsd, total.Estimated, total.Unpriced, total.Attempts, total.CachedInputTokens, total.ReasoningTokens));
    }
}

/// <summary>What was used, of one group; what it was not added up by is <see langword="null"/>.</summary>
/// <param name="KeyId">Which key.</param>
/// <param name="Day">UTC.</param>
/// <param name="Requests">Requests that cost something, or were answered from the cache; one that took several providers counts with the first of them.</param>
/// <param name="InputTokens">Of the prompts.</param>
/// <param name="OutputTokens">Of the answers.</param>
/// <param name="CostUsd">US dollars.</param>
/// <param name="Estimated">Calls of providers of which some of the tokens are an estimate: the provider did not count, or its count was not heard.</param>
/// <param name="Unpriced">Calls of providers whose model has no price; what they cost is not in the sum.</param>
/// <param name="ProjectId">The key's project; <see langword="null"/> for none.</param>
/// <param name="Model">As its provider names it.</param>
/// <param name="Provider">Who charges.</param>
/// <param name="Tags">Those that it was added up by, with their values; a value is <see langword="null"/> where calls have no such tag.</param>
/// <param name="Hour">Its beginning, UTC; <see langword="null"/> for what is known of a whole day alone.</param>
/// <param name="Attempts">Calls of providers.</param>
/// <param name="CachedInputTokens">Of the input, found in the provider's cache.</param>
/// <param name="ReasoningTokens">Of the output, thought with.</param>
internal sealed record UsageItem(
    string? KeyId, DateOnly? Day, long Requests, long InputTokens, long OutputTokens, decimal CostUsd, long Estimated, long Unpriced, string? ProjectId,
    string? Model, string? Provider, JsonObject? Tags, DateTimeOffset? Hour, long Attempts, long CachedInputTokens, long ReasoningTokens)
{
    public static UsageItem Of(UsageQuery query, UsageSum sum) => new(
        sum.KeyId, sum.Day, sum.Requests, sum.InputTokens, sum.OutputTokens, sum.CostUsd, sum.Estimated, sum.Unpriced, sum.ProjectId, sum.Model, sum.Provider,
        query.TagNames.Count > 0 ? new(query.TagNames.Select((name, i) => KeyValuePair.Create(name, (JsonNode?)sum.Tags[i]))) : null,
        sum is { Day: { } day, Hour: { } hour } ? new DateTimeOffset(day.ToDateTime(new TimeOnly(hour, 0)), TimeSpan.Zero) : null,
        sum.Attempts, sum.CachedInputTokens, sum.ReasoningTokens);
}

/// <summary>What was used, all together.</summary>
/// <param name="Requests">Requests that cost something, or were answered from the cache.</param>
/// <param name="InputTokens">Of the prompts.</param>
/// <param name="OutputTokens">Of the answers.</param>
/// <param name="CostUsd">US dollars.</param>
/// <param name="Estimated">Calls of providers of which some of the tokens are an estimate.</param>
/// <param name="Unpriced">Calls of providers whose model has no price.</param>
/// <param name="Attempts">Calls of providers.</param>
/// <param name="CachedInputTokens">Of the input, found in the providers' caches.</param>
/// <param name="ReasoningTokens">Of the output, thought with.</param>
internal sealed record UsageTotal(long Requests, long InputTokens, long OutputTokens, decimal CostUsd, long Estimated, long Unpriced, long Attempts, long CachedInputTokens, long ReasoningTokens);
