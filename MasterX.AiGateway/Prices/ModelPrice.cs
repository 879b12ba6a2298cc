using MasterX.AiGateway.Telemetry;

namespace MasterX.AiGateway.Prices;

/// <summary>What a model costs; section <c>Gateway:Prices:{model}</c>, and an entry of the catalogue. It is not changed once it has been asked for a cost.</summary>
public sealed class ModelPrice : TokenPrices
{
    private PriceTable? _table;

    /// <summary>Of one request, in US dollars, beside its tokens; 0 unless set.</summary>
    public decimal? Request { get; set; }

    /// <summary>Of one search of the web that the provider made for an answer, in US dollars; 0 unless set.</summary>
    public decimal? WebSearch { get; set; }

    /// <summary>Prices of longer prompts, each for more tokens than the one before.</summary>
    public IList<ContextPrices> Above { get; set; } = [];

    /// <summary>Prices of answers from a batch.</summary>
    public TierPrices? Batch { get; set; }

    /// <summary>Prices of answers that could wait.</summary>
    public TierPrices? Flex { get; set; }

    /// <summary>Prices of answers that came before others.</summary>
    public TierPrices? Priority { get; set; }

    /// <summary>Prices of answers from more machines.</summary>
    public TierPrices? Fast { get; set; }

    /// <summary>
    /// What all prices of tokens are multiplied by where an answer was made there: <c>us</c>, <c>eu</c>, or <c>regional</c> for any place that a
    /// cloud was told to stay in.
    /// </summary>
    public IDictionary<string, decimal> Regions { get; set; } = new Dictionary<string, decimal>(StringComparer.OrdinalIgnoreCase);

    /// <summary>Names of the settings that are sections themselves.</summary>
    internal static readonly IReadOnlyList<string> Sections = [nameof(Above), nameof(Batch), nameof(Flex), nameof(Priority), nameof(Fast), nameof(Regions)];

    internal override IEnumerable<(string Name, decimal? Value)> All =>
        base.All.Append(("request", Request)).Append(("web_search", WebSearch))
            .Concat(Above.SelectMany(row => row.All.Select(price => ($"above_{row.Tokens}.{price.Name}", price.Value))))
            .Concat(Tiers.SelectMany(tier => tier.Prices?.All.Select(price => ($"{tier.Name}.{price.Name}", price.Value)) ?? []))
            .Concat(Regions.OrderBy(region => region.Key, StringComparer.Ordinal).Select(region => ($"regions.{region.Key}", (decimal?)region.Value)));

    internal IEnumerable<(string Name, ServiceTier Tier, TierPrices? Prices)> Tiers =>
        [("batch", ServiceTier.Batch, Batch), ("flex", ServiceTier.Flex, Flex), ("priority", ServiceTier.Priority, Priority), ("fast", ServiceTier.Fast, Fast)];

    /// <summary>Cost of one answer, in US dollars, exactly.</summary>
    /// <param name="usage">Its tokens; whatever they are, the cost is 0 or more.</param>
    public decimal CostOf(TokenUsage usage) => CostOf(usage, null);

    /// <param name="usage">Its tokens.</param>
    /// <param name="region">Where the provider was told to make it, when the answer does not tell: see <see cref="Regions"/>.</param>
    internal decimal CostOf(in TokenUsage usage, string? region)
    {
        var table = _table ??= new PriceTable(this);
        var tokens = table.CostOf(usage);
        if (Regions.Count > 0 && (usage.Region ?? region) is { } where && Regions.TryGetValue(where, out var factor))
        {
            tokens *= factor;
        }

        return tokens + (Request ?? 0) + (WebSearch ?? 0) * Math.Clamp(usage.WebSearches, 0, TokenUsage.Most);
    }
}
