using System.Text.Json;

namespace MasterX.Api.Oidc;

/// <summary>What a token says of its caller: claims that are texts, lists of words, or arrays of either, by whatever names issuers have for them.</summary>
internal static class OidcClaims
{
    private const int LongestName = 200;

    /// <summary>Names of services and people, the first that there is.</summary>
    private static readonly string[] Names = ["name", "preferred_username", "email", "client_id", "azp", "appid", "sub"];

    /// <summary>A claim as one text.</summary>
    public static string? Text(JsonElement payload, string claim) => Find(payload, claim) is { ValueKind: JsonValueKind.String } value ? value.GetString() : null;

    /// <summary>What people know the caller by.</summary>
    public static string NameOf(JsonElement payload)
    {
        var name = Names.Select(claim => Text(payload, claim)).FirstOrDefault(text => !string.IsNullOrWhiteSpace(text)) ?? "";
        return name.Length <= LongestName ? name : name[..LongestName];
    }

    /// <summary>The words of a claim: of a text those between spaces, of an array its texts.</summary>
    public static IEnumerable<string> Words(JsonElement payload, string claim) => Find(payload, claim) switch
    {
        { ValueKind: JsonValueKind.String } value => value.GetString()!.Split(' ', StringSplitOptions.RemoveEmptyEntries),
        { ValueKind: JsonValueKind.Array } values => [.. values.EnumerateArray().Where(value => value.ValueKind == JsonValueKind.String).Select(value => value.GetString()!)],
        _ => [],
    };

    /// <summary>By its whole name, which may have dots in it; else by a path of names.</summary>
    private static JsonElement? Find(JsonElement payload, string claim)
    {
        if (payload.TryGetProperty(claim, out var value))
        {
            return value;
        }

        var inner = payload;
        foreach (var name in claim.Split('.'))
        {
            if (inner.ValueKind != JsonValueKind.Object || !inner.TryGetProperty(name, out inner))
            {
                return null;
            }
        }

        return inner;
    }
}
