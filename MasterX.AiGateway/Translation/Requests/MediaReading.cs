using MasterX.AiGateway.Providers;
using MasterX.AiGateway.Translation.Vocabulary;

namespace MasterX.AiGateway.Translation.Requests;

/// <summary>Images, sounds and files as the formats carry them: data URLs (RFC 2397), addresses, names of kept files.</summary>
internal static class MediaReading
{
    private const string Marker = ";base64";

    /// <summary>Types by the ends of names, as far as models take them.</summary>
    private static readonly Dictionary<string, string> ByEnding = new(StringComparer.OrdinalIgnoreCase)
    {
        ["png"] = "image/png", ["jpg"] = "image/jpeg", ["jpeg"] = "image/jpeg", ["gif"] = "image/gif", ["webp"] = "image/webp",
        ["heic"] = "image/heic", ["heif"] = "image/heif", ["bmp"] = "image/bmp", ["pdf"] = "application/pdf", ["txt"] = "text/plain",
        ["md"] = "text/markdown", ["csv"] = "text/csv", ["html"] = "text/html", ["json"] = "application/json", ["xml"] = "text/xml",
        ["mp3"] = "audio/mp3", ["wav"] = "audio/wav", ["flac"] = "audio/flac", ["ogg"] = "audio/ogg", ["aac"] = "audio/aac", ["m4a"] = "audio/m4a",
        ["aiff"] = "audio/aiff", ["opus"] = "audio/opus", ["pcm16"] = "audio/pcm", ["mp4"] = "video/mp4", ["mov"] = "video/quicktime", ["webm"] = "video/webm", ["mpeg"] = "video/mpeg",
        ["mpg"] = "video/mpeg", ["avi"] = "video/x-msvideo",
    };

    /// <param name="url">A data URL, or the address of something.</param>
    /// <param name="field">Where it stands, for an error.</param>
    /// <param name="name">A file's name, which may tell the type.</param>
    /// <exception cref="UntranslatableRequestException">It is a data URL, and not of base64.</exception>
    public static Media OfUrl(string url, string field, string? name = null)
    {
        if (!url.StartsWith("data:", StringComparison.OrdinalIgnoreCase))
        {
            return new Media(TypeOfName(name) ?? TypeOfName(Path(url)), Url: url);
        }

        var comma = url.IndexOf(',', StringComparison.Ordinal);
        var header = comma < 0 ? "" : url[5..comma];
        if (IsUnreadable(url))
        {
            throw new UntranslatableRequestException("A data URL must be of base64, and not empty: data:image/png;base64,…", field);
        }

        var type = Tidy(header[..^Marker.Length].Split(';')[0]);
        return new Media(type.Length > 0 ? type : TypeOfName(name), url.AsMemory(comma + 1));
    }

    /// <summary>Whether it is a data URL without bytes as base64.</summary>
    public static bool IsUnreadable(string url) =>
        url.StartsWith("data:", StringComparison.OrdinalIgnoreCase)
        && (url.IndexOf(',', StringComparison.Ordinal) is var comma && (comma < 0 || comma == url.Length - 1 || !url.AsSpan(0, comma).EndsWith(Marker, StringComparison.OrdinalIgnoreCase)));

    /// <summary>Bytes with their type beside them.</summary>
    public static Media OfBase64(string data, string? type) => new(type is null ? null : Tidy(type), data.AsMemory());

    /// <summary>By the end of a file's name, or a short name of a format: <c>wav</c>.</summary>
    public static string? TypeOfName(string? name) =>
        name is not null && ByEnding.TryGetValue(name[(name.LastIndexOf('.') + 1)..], out var type) ? type : null;

    /// <summary>What an answer of another format had without a type: told by its first bytes.</summary>
    /// <param name="base64">The bytes.</param>
    /// <param name="usual">The type of what is not known by them.</param>
    public static Media OfBytes(string base64, string usual)
    {
        foreach (var (begin, type) in (ReadOnlySpan<(string, string)>)[
            ("iVBORw", "image/png"), ("/9j/", "image/jpeg"), ("R0lGOD", "image/gif"), ("UklGR", usual.StartsWith("image/", StringComparison.Ordinal) ? "image/webp" : "audio/wav"),
            ("SUQz", "audio/mp3"), ("//", "audio/mp3"), ("T2dnUw", "audio/ogg"), ("ZkxhQ", "audio/flac")])
        {
            if (base64.StartsWith(begin, StringComparison.Ordinal))
            {
                return new Media(type, base64.AsMemory());
            }
        }

        return new Media(usual, base64.AsMemory());
    }

    /// <summary>In small letters, and of two usual names of one thing the one that is registered.</summary>
    private static string Tidy(string type) => type.Trim().ToLowerInvariant() switch
    {
        "image/jpg" or "image/pjpeg" => "image/jpeg",
        "application/x-pdf" => "application/pdf",
        var other => other,
    };

    private static string Path(string url) => url.Split('?', '#')[0];
}
