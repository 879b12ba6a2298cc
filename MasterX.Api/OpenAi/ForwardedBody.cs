using MasterX.Api.Http;
using MasterX.ServiceDefaults.Compression;

namespace MasterX.Api.OpenAi;

/// <summary>
/// The body of a request that is forwarded, unpacked and whole. The memory is the request's own and is not pooled: whoever still sends it when
/// the caller has left sends nobody else's.
/// </summary>
internal static class ForwardedBody
{
    private const int Buffer = 16 * 1024;

    /// <returns>The body, from which the request is forwarded too; <see langword="null"/> where it cannot be taken, of which the status tells.</returns>
    /// <exception cref="BadHttpRequestException">It is larger than allowed, or was cut.</exception>
    public static async ValueTask<ReadOnlyMemory<byte>?> ReadAsync(HttpContext context)
    {
        var request = context.Request;
        if (request.Body is WholeBody read)
        {
            return read.Bytes;
        }

        var largest = RequestSizeLimit.Of(request);
        var packed = UnpackedOnly.IsPacked(request);
        var source = request.Body;
        if (packed)
        {
            if (ContentCoding.Unpack(source, request.Headers.ContentEncoding.ToString()) is not { } unpacked)
            {
                // The problem document comes from the status code pages.
                context.Response.StatusCode = StatusCodes.Status415UnsupportedMediaType;
                context.Response.Headers.AcceptEncoding = ContentCoding.Known;
                return null;
            }

            source = unpacked;
            request.Headers.Remove("Content-Encoding");
        }

        var body = new WholeBody((int)Math.Min(packed ? Buffer : request.ContentLength ?? Buffer, largest));
        try
        {
            var buffer = body.Capacity >= request.ContentLength && !packed ? null : new byte[Buffer];
            if (buffer is null)
            {
                // Its length is known: it is read to where it stays.
                await source.CopyToAsync(body, context.RequestAborted);
            }
            else
            {
                while (await source.ReadAsync(buffer, context.RequestAborted) is var count and > 0)
                {
                    if (body.Length + count > largest)
                    {
                        context.Response.StatusCode = StatusCodes.Status413PayloadTooLarge;
                        return null;
                    }

                    body.Write(buffer, 0, count);
                }
            }
        }
        catch (InvalidDataException)
        {
            throw new BadHttpRequestException("The request body is not packed as its Content-Encoding says.");
        }

        body.Position = 0;
        request.Body = body;
        request.ContentLength = body.Length;
        request.Headers.Remove("Transfer-Encoding");
        return body.Bytes;
    }

    /// <summary>A body that was read before: it is not read, nor held, a second time.</summary>
    private sealed class WholeBody(int capacity) : MemoryStream(capacity)
    {
        public ReadOnlyMemory<byte> Bytes => GetBuffer().AsMemory(0, (int)Length);
    }
}
