namespace MasterX.AiGateway.Providers;

/// <summary>A base64 data URL (RFC 2397), as OpenAI's format carries images: <c>data:image/png;base64,…</c>.</summary>
/// <param name="MediaType">For example <c>image/png</c>.</param>
/// <param name="Base64">The data as it came.</param>
internal readonly record struct DataUrl(string MediaType, ReadOnlyMemory<char> Base64)
{
    private const string Marker = ";base64";

    /// <returns>Whether it is a data URL at all.</returns>
    /// <exception cref="UntranslatableRequestException">It is one, and not base64.</exception>
    public static bool TryParse(string url, out DataUrl data)
    {
        data = default;
        if (!url.StartsWith("data:", StringComparison.OrdinalIgnoreCase))
        {
            return false;
        }

        var comma = url.IndexOf(',', StringComparison.Ordinal);
        var header = comma < 0 ? "" : url[5..comma];
        if (!header.EndsWith(Marker, StringComparison.OrdinalIgnoreCase))
        {
            throw new UntranslatableRequestException("An image's data URL must be base64: data:image/png;base64,…", "messages");
        }

        data = new(header[..^Marker.Length], url.AsMemory(comma + 1));
        return true;
    }
}
