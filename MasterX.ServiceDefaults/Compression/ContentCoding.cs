using System.IO.Compression;
using ZstdSharp;
using ZstdSharp.Unsafe;

namespace MasterX.ServiceDefaults.Compression;

/// <summary>
/// The content codings that bodies may be packed with, one at a time (<see href="https://www.rfc-editor.org/rfc/rfc9110#section-8.4"/>).
/// How much of a body is unpacked is up to whoever reads it: a few bytes may stand for gigabytes.
/// </summary>
public static class ContentCoding
{
    /// <summary>As they stand in <c>Accept-Encoding</c>.</summary>
    public const string Known = "gzip, br, deflate, zstd";

    /// <summary>What a body has that is not packed.</summary>
    public const string Identity = "identity";

    private const string Header = "Content-Encoding";

    /// <summary>Binary logarithm of 8 MiB, the most that may be asked for over HTTP (<see href="https://www.rfc-editor.org/rfc/rfc9659"/>).</summary>
    private const int LargestZstdWindow = 23;

    /// <summary>Whether an answer's body is packed: its length is not what it will come to then.</summary>
    public static bool IsPacked(HttpContent content) =>
        content.Headers.NonValidated.TryGetValues(Header, out var coding) && !IsIdentity(coding.ToString());

    /// <summary>An answer's body, unpacked where it is packed, whether that was asked for or not.</summary>
    /// <exception cref="InvalidDataException">It is packed in a way that is not known.</exception>
    public static async ValueTask<Stream> OpenAsync(HttpContent content, CancellationToken cancellationToken)
    {
        var body = await content.ReadAsStreamAsync(cancellationToken);
        return content.Headers.NonValidated.TryGetValues(Header, out var coding)
            ? Unpack(body, coding.ToString()) ?? throw new InvalidDataException($"The answer has the content coding '{coding}', which is not known.")
            : body;
    }

    /// <param name="body">Closed with the stream that is returned.</param>
    /// <param name="coding">The value of <c>Content-Encoding</c>.</param>
    /// <returns>
    /// <paramref name="body"/> itself where it is not packed; <see langword="null"/> where the coding is not known. A body that is not what
    /// its coding says ends with an <see cref="InvalidDataException"/> when it is read.
    /// </returns>
    public static Stream? Unpack(Stream body, string coding) => coding.ToLowerInvariant() switch
    {
        "" or Identity => body,
        "gzip" or "x-gzip" => new UnpackedStream(new GZipStream(body, CompressionMode.Decompress)),
        "br" => new UnpackedStream(new BrotliStream(body, CompressionMode.Decompress)),
        "deflate" => new UnpackedStream(new ZLibStream(body, CompressionMode.Decompress)),
        "zstd" => new UnpackedStream(Zstd(body)),
        _ => null,
    };

    public static bool IsIdentity(string coding) => coding is "" || coding.Equals(Identity, StringComparison.OrdinalIgnoreCase);

    private static DecompressionStream Zstd(Stream body)
    {
        var stream = new DecompressionStream(body, leaveOpen: false);
        stream.SetParameter(ZSTD_dParameter.ZSTD_d_windowLogMax, LargestZstdWindow);
        return stream;
    }
}
