namespace MasterX.Api.Keys;

/// <summary>A consumer's key as it is stored: never the key itself.</summary>
internal sealed record ConsumerKey
{
    /// <summary>Names the key in logs, usage and ownership. Begins with <c>key_</c>.</summary>
    public required string Id { get; init; }

    /// <summary>SHA-256 of the key, 64 hexadecimal digits.</summary>
    public required string Hash { get; init; }

    /// <summary>The first characters of the key, to know it by.</summary>
    public required string Preview { get; init; }

    /// <summary>Given by an admin.</summary>
    public required string Name { get; init; }

    /// <summary>Of <see cref="ConsumerScopes"/>.</summary>
    public required IReadOnlyList<string> Scopes { get; init; }

    /// <summary>UTC, to the millisecond.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>UTC; <see langword="null"/> for never.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>UTC; <see langword="null"/> while it is not.</summary>
    public DateTimeOffset? RevokedAt { get; init; }

    /// <summary>UTC, to the minute or so; <see langword="null"/> when it never was.</summary>
    public DateTimeOffset? LastUsedAt { get; init; }

    /// <summary>1 or more; <see langword="null"/> for no limit.</summary>
    public int? RequestsPerMinute { get; init; }

    /// <summary>Calls at once, 1 or more; <see langword="null"/> for no limit.</summary>
    public int? MaxConcurrency { get; init; }

    /// <summary>US dollars per calendar month, UTC; <see langword="null"/> for no limit.</summary>
    public decimal? MonthlyBudgetUsd { get; init; }

    /// <summary>Whether it opens anything.</summary>
    public bool IsValid(DateTimeOffset now) => RevokedAt is null && !(ExpiresAt <= now);
}

/// <summary>What a key may do.</summary>
internal static class ConsumerScopes
{
    /// <summary>Generate, and see one's own generations, users and usage.</summary>
    public const string Generate = "generate";

    /// <summary>Everything.</summary>
    public const string Admin = "admin";
}
