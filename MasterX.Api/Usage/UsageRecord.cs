namespace MasterX.Api.Usage;

/// <summary>What a key used on a day.</summary>
/// <param name="KeyId">Which key.</param>
/// <param name="Day">UTC.</param>
/// <param name="Requests">Requests that cost something, or were answered from the gateway's cache.</param>
/// <param name="InputTokens">Of the prompts.</param>
/// <param name="OutputTokens">Of the answers.</param>
/// <param name="CostUsd">US dollars, to the picodollar.</param>
/// <param name="Estimated">Attempts of which some of the tokens are an estimate.</param>
/// <param name="Unpriced">Attempts whose model has no price: what they cost is not in the sum.</param>
/// <param name="ProjectId">The project that the key belongs to; <see langword="null"/> for none.</param>
internal sealed record UsageRecord(string KeyId, DateOnly Day, long Requests, long InputTokens, long OutputTokens, decimal CostUsd, long Estimated, long Unpriced, string? ProjectId = null);

/// <summary>Money as databases add it up exactly: whole picodollars (10⁻¹² US dollars), up to 9 million dollars in 64 bits.</summary>
internal static class Picodollars
{
    private const decimal PerDollar = 1_000_000_000_000m;

    public static long Of(decimal dollars) => (long)Math.Round(dollars * PerDollar);

    public static decimal ToDollars(long picodollars) => picodollars / PerDollar;
}
