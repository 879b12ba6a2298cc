using System.Buffers;
using Microsoft.AspNetCore.Http.Features;
using MasterX.ServiceDefaults.Compression;

namespace MasterX.AiGateway.Requests;

/// <summary>Reads a request body into one pooled buffer, unpacked, and no further than the limit.</summary>
internal static class RequestBody
{
    /// <summary>Bytes that are rented because the caller says they will come; more are rented when they have come.</summary>
    private const int MostOnTrust = 64 * 1024;

    /// <summary>Some clients put it before their JSON, to which it does not belong.</summary>
    private static ReadOnlySpan<byte> ByteOrderMark => [0xEF, 0xBB, 0xBF];

    /// <returns>The body; <see langword="null"/> where it cannot be taken, which the caller has been told.</returns>
    public static async ValueTask<PooledBuffer?> ReadOrRefuseAsync(HttpContext context, int limit)
    {
        try
        {
            if (await ReadAsync(context.Request, limit, context.RequestAborted) is { } body)
            {
                return body;
            }

            await CallerError.WriteAsync(
                context, StatusCodes.Status413PayloadTooLarge, $"The request body is larger than {limit} bytes.",
                CallerError.InvalidRequest, "request_too_large");
        }
        catch (UnknownCodingException unknown)
        {
            context.Response.Headers.AcceptEncoding = ContentCoding.Known;
            await CallerError.WriteAsync(
                context, StatusCodes.Status415UnsupportedMediaType, unknown.Message, CallerError.InvalidRequest, "unsupported_content_encoding");
        }
        catch (InvalidDataException)
        {
            await CallerError.BadRequestAsync(context, $"The request body is not packed as its Content-Encoding says: {context.Request.Headers.ContentEncoding}.");
        }

        return null;
    }

    /// <returns>The body, or <see langword="null"/> when it is larger than the limit.</returns>
    /// <exception cref="UnknownCodingException">Nobody here can unpack it.</exception>
    /// <exception cref="InvalidDataException">It is not what its content coding says.</exception>
    internal static async ValueTask<PooledBuffer?> ReadAsync(HttpRequest request, int limit, CancellationToken cancellationToken)
    {
        if (request.ContentLength > limit)
        {
            return null;
        }

        var buffer = new PooledBuffer((int)Math.Min(request.ContentLength ?? 4096, MostOnTrust));
        try
        {
            var isWhole = ContentCoding.IsIdentity(request.Headers.ContentEncoding.ToString())
                ? await FillAsync(buffer, request, limit, cancellationToken)
                : await UnpackAsync(buffer, request, limit, cancellationToken);
            if (isWhole)
            {
                buffer.Discard(buffer.Span.StartsWith(ByteOrderMark) ? ByteOrderMark.Length : 0);
                return buffer;
            }
        }
        catch (BadHttpRequestException tooLarge) when (tooLarge.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            // As when the limit is reached here.
        }
        catch
        {
            buffer.Dispose();
            throw;
        }

        buffer.Dispose();
        return null;
    }

    private static async ValueTask<bool> FillAsync(PooledBuffer buffer, HttpRequest request, int limit, CancellationToken cancellationToken)
    {
        var reader = request.BodyReader;
        while (true)
        {
            var read = await reader.ReadAsync(cancellationToken);
            var bytes = read.Buffer;
            if (buffer.Length + bytes.Length > limit)
            {
                reader.AdvanceTo(bytes.End);
                return false;
            }

            foreach (var segment in bytes)
            {
                buffer.Write(segment.Span);
            }

            reader.AdvanceTo(bytes.End);
            if (read.IsCompleted)
            {
                return true;
            }
        }
    }

    private static async ValueTask<bool> UnpackAsync(PooledBuffer buffer, HttpRequest request, int limit, CancellationToken cancellationToken)
    {
        // Packed bytes may stand for none at all, so the limit is theirs too.
        if (request.HttpContext.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
        {
            size.MaxRequestBodySize = limit;
        }

        var coding = request.Headers.ContentEncoding.ToString();
        await using var unpacked = ContentCoding.Unpack(request.Body, coding) ?? throw new UnknownCodingException(coding);
        while (await unpacked.ReadAsync(buffer.GetMemory(), cancellationToken) is var read and > 0)
        {
            buffer.Advance(read);
            if (buffer.Length > limit)
            {
                return false;
            }
        }

        return true;
    }
}

/// <summary>A body is packed in a way that is not known.</summary>
/// <param name="coding">The value of <c>Content-Encoding</c>.</param>
internal sealed class UnknownCodingException(string coding)
    : Exception($"The content encoding '{coding}' is not known. Send one of {ContentCoding.Known}, or the body as it is.");
