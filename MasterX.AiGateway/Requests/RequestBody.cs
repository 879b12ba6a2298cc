using System.Buffers;

namespace MasterX.AiGateway.Requests;

/// <summary>Reads a request body into one pooled buffer, and no further than the limit.</summary>
internal static class RequestBody
{
    /// <summary>Some clients write one; parsers may pass it over (RFC 8259, 8.1).</summary>
    private static ReadOnlySpan<byte> ByteOrderMark => [0xEF, 0xBB, 0xBF];

    /// <returns>The body, or <see langword="null"/> when it is larger than the limit.</returns>
    public static async ValueTask<PooledBuffer?> ReadAsync(HttpRequest request, int limit, CancellationToken cancellationToken)
    {
        if (request.ContentLength > limit)
        {
            return null;
        }

        var buffer = new PooledBuffer((int)(request.ContentLength ?? 4096));
        try
        {
            var reader = request.BodyReader;
            while (true)
            {
                var read = await reader.ReadAsync(cancellationToken);
                var bytes = read.Buffer;
                if (buffer.Length + bytes.Length > limit)
                {
                    reader.AdvanceTo(bytes.End);
                    buffer.Dispose();
                    return null;
                }

                foreach (var segment in bytes)
                {
                    buffer.Write(segment.Span);
                }

                reader.AdvanceTo(bytes.End);
                if (read.IsCompleted)
                {
                    if (buffer.Span.StartsWith(ByteOrderMark))
                    {
                        buffer.Discard(ByteOrderMark.Length);
                    }

                    return buffer;
                }
            }
        }
        catch (BadHttpRequestException tooLarge) when (tooLarge.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            buffer.Dispose();
            return null;
        }
        catch
        {
            buffer.Dispose();
            throw;
        }
    }
}
