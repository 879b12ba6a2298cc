namespace MasterX.Api.Usage;

/// <summary>What a key used on a day.</summary>
/// <param name="KeyId">Which key.</param>
/// <param name="Day">UTC.</param>
/// <param name="Requests">Requests that were answered by a model.</param>
/// <param name="InputTokens">Of the prompts.</param>
/// <param name="OutputTokens">Of the answers.</param>
/// <param name="CostUsd">US dollars, to the picodollar.</param>
internal sealed record UsageRecord(string KeyId, DateOnly Day, long Requests, long InputTokens, long OutputTokens, decimal CostUsd)
{
    public static UsageRecord operator +(UsageRecord one, UsageRecord other) => one with
    {
        Requests = one.Requests + other.Requests,
        InputTokens = one.InputTokens + other.InputTokens,
        OutputTokens = one.OutputTokens + other.OutputTokens,
        CostUsd = one.CostUsd + other.CostUsd,
    };

    public static UsageRecord operator -(UsageRecord one, UsageRecord other) => one with
    {
        Requests = one.Requests - other.Requests,
        InputTokens = one.InputTokens - other.InputTokens,
        OutputTokens = one.OutputTokens - other.OutputTokens,
        CostUsd = one.CostUsd - other.CostUsd,
    };
}

/// <summary>Money as databases add it up exactly: whole picodollars (10⁻¹² US dollars), up to 9 million dollars in 64 bits.</summary>
internal static class Picodollars
{
    private const decimal PerDollar = 1_000_000_000_000m;

    public static long Of(decimal dollars) => (long)Math.Round(dollars * PerDollar);

    public static decimal ToDollars(long picodollars) => picodollars / PerDollar;
}
