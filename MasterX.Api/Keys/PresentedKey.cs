namespace MasterX.Api.Keys;

/// <summary>
/// The key that a caller presents, as <c>Authorization: Bearer KEY</c>; without that header as <c>api-key</c>, as Azure's clients send it,
/// or as <c>x-api-key</c>, as Anthropic's do.
/// </summary>
internal static class PresentedKey
{
    /// <summary>The headers beside <c>Authorization</c>.</summary>
    public const string Azures = "api-key", Anthropics = "x-api-key";

    private const int Longest = 256;
    private const string Prefix = ConsumerKeyAuthentication.SchemeName + " ";

    /// <summary>Whether there is any, good or bad.</summary>
    public static bool IsIn(IHeaderDictionary headers) =>
        headers.Authorization.Count > 0 || headers.ContainsKey(Azures) || headers.ContainsKey(Anthropics);

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
        return key is { Length: > 0 and <= Longest } && !key.AsSpan().ContainsAny(' ', ',') ? key : null;
    }
}
