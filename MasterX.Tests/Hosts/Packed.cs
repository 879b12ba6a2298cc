using System.IO.Compression;
using System.Net.Http.Headers;
using System.Text;
using ZstdSharp;
using ZstdSharp.Unsafe;

namespace MasterX.Tests.Hosts;

/// <summary>Bodies packed with a content coding.</summary>
internal static class Packed
{
    /// <param name="text">What they say.</param>
    /// <param name="coding">As <c>Content-Encoding</c> names it.</param>
    public static byte[] Bytes(string text, string coding) => Bytes(Encoding.UTF8.GetBytes(text), coding);

    public static byte[] Bytes(ReadOnlySpan<byte> bytes, string coding)
    {
        var packed = new MemoryStream();
        using (var packing = Open(packed, coding))
        {
            packing.Write(bytes);
        }

        return packed.ToArray();
    }

    /// <summary>Packs what is written to it.</summary>
    public static Stream Open(Stream packed, string coding) => coding switch
    {
        "gzip" => new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true),
        "br" => new BrotliStream(packed, CompressionLevel.Fastest, leaveOpen: true),
        "deflate" => new ZLibStream(packed, CompressionLevel.Fastest, leaveOpen: true),
        _ => new CompressionStream(packed, leaveOpen: true),
    };

    /// <summary>Zeros, packed with zstd so that a window as large as they are is needed to unpack them.</summary>
    public static byte[] WideZstd(int windowLog)
    {
        var packed = new MemoryStream();
        using (var packing = new CompressionStream(packed, leaveOpen: true))
        {
            packing.SetParameter(ZSTD_cParameter.ZSTD_c_windowLog, windowLog);
            packing.Write(new byte[2 << windowLog]);
        }

        return packed.ToArray();
    }

    /// <summary>A JSON body as it is sent.</summary>
    public static HttpContent Content(byte[] bytes, string coding)
    {
        var content = new ByteArrayContent(bytes) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
        content.Headers.ContentEncoding.Add(coding);
        return content;
    }
}
