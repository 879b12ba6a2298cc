namespace MasterX.Api.Keys;

/// <summary>A consumer's key as it is stored: never the key itself. Its id, which begins with <c>key_</c>, names it in logs, usage and ownership.</summary>
internal sealed record ConsumerKey : Allowance
{
    /// <summary>SHA-256 of the key, 64 hexadecimal digits.</summary>
    public required string Hash { get; init; }

    /// <summary>The first characters of the key, to know it by.</summary>
    public required string Preview { get; init; }

    /// <summary>Of <see cref="ConsumerScopes"/>.</summary>
    public required IReadOnlyList<string> Scopes { get; init; }

    /// <summary>The project it belongs to, for good; <see langword="null"/> for none.</summary>
    public string? ProjectId { get; init; }

    /// <summary>UTC; <see langword="null"/> for never.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>UTC; <see langword="null"/> while it is not.</summary>
    public DateTimeOffset? RevokedAt { get; init; }

    /// <summary>UTC, to the minute or so; <see langword="null"/> when it never was.</summary>
    public DateTimeOffset? LastUsedAt { get; init; }

    /// <summary>SHA-256 of the key before it was rotated; <see langword="null"/> where there is none that still opens anything.</summary>
    public string? PreviousHash { get; init; }

    /// <summary>Until when the one before opens, too; UTC.</summary>
    public DateTimeOffset? PreviousUntil { get; init; }

    /// <summary>The request that has rotated it last: begun again, it does not push out the key that its consumer still has.</summary>
    public string? RotatedBy { get; init; }

    /// <summary>Whose the data is that it makes and sees: its project's, else its own.</summary>
    public string OwnerId => ProjectId ?? Id;

    /// <summary>Whether it opens anything.</summary>
    public bool IsValid(DateTimeOffset now) => RevokedAt is null && !(ExpiresAt <= now);

    /// <summary>Whether a key opens anything, of which this is one of the two hashes.</summary>
    public bool IsOpenedBy(ConsumerKeyHash hash, DateTimeOffset now) => IsValid(now) && (PreviousHash is null || now < PreviousUntil || hash.ToString() == Hash);
}

/// <summary>What a key may do.</summary>
internal static class ConsumerScopes
{
    /// <summary>Generate, and see one's own generations, users and usage.</summary>
    public const string Generate = "generate";

    /// <summary>Everything.</summary>
    public const string Admin = "admin";
}
