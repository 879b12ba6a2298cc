namespace MasterX.Api.Usage;

/// <summary>Money as databases add it up exactly: whole picodollars (10⁻¹² US dollars), up to 9 million dollars in 64 bits.</summary>
internal static class Picodollars
{
    private const decimal PerDollar = 1_000_000_000_000m;

    public static long Of(decimal dollars) => (long)Math.Round(dollars * PerDollar);

    public static decimal ToDollars(long picodollars) => picodollars / PerDollar;
}
