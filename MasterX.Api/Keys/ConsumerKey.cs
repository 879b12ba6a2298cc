namespace MasterX.Api.Keys;

/// <summary>A consumer's key as it is stored: never the key itself.</summary>
/// <param name="Id">Names the key in logs, usage and ownership.</param>
/// <param name="Hash">SHA-256 of the key, 64 hexadecimal digits.</param>
/// <param name="Name">Given by an admin.</param>
/// <param name="Scopes">Of <see cref="ConsumerScopes"/>.</param>
/// <param name="CreatedAt">UTC.</param>
/// <param name="ExpiresAt">UTC; <see langword="null"/> for never.</param>
internal sealed record ConsumerKey(string Id, string Hash, string Name, IReadOnlyList<string> Scopes, DateTimeOffset CreatedAt, DateTimeOffset? ExpiresAt);

/// <summary>What a key may do.</summary>
internal static class ConsumerScopes
{
    /// <summary>Generate, and see one's own generations and the users.</summary>
    public const string Generate = "generate";

    /// <summary>Everything.</summary>
    public const string Admin = "admin";
}
