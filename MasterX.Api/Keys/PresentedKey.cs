namespace MasterX.Api.Keys;

/// <summary>
/// The key that a caller presents, as <c>Authorization: Bearer KEY</c>; without that header as <c>api-key</c>, as Azure's clients send it,
/// or as <c>x-api-key</c>, as Anthropic's do. A token of an authority comes in the same ways.
/// </summary>
internal static class PresentedKey
{
    /// <summary>The headers beside <c>Authorization</c>.</summary>
    public const string Azures = "api-key", Anthropics = "x-api-key";

    private const int Longest = 256, LongestToken = 16 * 1024;
    private const string Prefix = ConsumerKeyAuthentication.SchemeName + " ";

    /// <summary>Whether there is any, good or bad.</summary>
    public static bool IsIn(IHeaderDictionary headers) =>
        headers.Authorization.Count > 0 || headers.ContainsKey(Azures) || headers.ContainsKey(Anthropics);

    /// <summary>Whether it is written as a token (JWT) is: an object in base64url, a dot, and more.</summary>
    public static bool IsToken(string key) => key.StartsWith("ey", StringComparison.Ordinal) && key.Contains('.', StringComparison.Ordinal);

    /// <returns>
    /// <see langword="null"/> where it is not exactly one: two headers, or two values in one, are a sign of a proxy that was fooled, and
    /// neither counts.
    /// </returns>
    public static string? Of(IHeaderDictionary headers)
    {
        string?[] values = headers.Authorization.Count > 0 ? [.. headers.Authorization] : [.. headers[Azures], .. headers[Anthropics]];
        var key = values is not [{ } value] ? null
            : headers.Authorization.Count == 0 ? value
            : value.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase) ? value[Prefix.Length..] : null;
        return key is { Length: > 0 } && key.Length <= (IsToken(key) ? LongestToken : Longest) && !key.AsSpan().ContainsAny(' ', ',') ? key : null;
    }
}
