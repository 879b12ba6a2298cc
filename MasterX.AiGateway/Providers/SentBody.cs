using System.Net;
using System.Net.Http.Headers;
using MasterX.AiGateway.Requests;

namespace MasterX.AiGateway.Providers;

/// <summary>
/// A request's body on its way to a provider. It holds the bytes for as long as they are being sent, which may be longer than the call
/// takes: HTTP/2 goes on sending when the answer has begun, and a connection that is given up ends when it ends.
/// </summary>
internal sealed class SentBody : HttpContent
{
    private static readonly MediaTypeHeaderValue Json = new("application/json");

    private readonly PooledBuffer _body;
    private readonly int _length;

    /// <param name="body">JSON that is not written to any more.</param>
    public SentBody(PooledBuffer body)
    {
        (_body, _length) = (body, body.Length);
        Headers.ContentType = Json;
    }

    /// <summary>For a credential that vouches for them. They are there until the call is sent.</summary>
    public ReadOnlySpan<byte> Bytes => _body.Span;

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, default);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        var held = _body.Hold();
        try
        {
            await stream.WriteAsync(held.Memory, cancellationToken);
        }
        finally
        {
            held.LetGo();
        }
    }

    protected override bool TryComputeLength(out long length)
    {
        length = _length;
        return true;
    }
}
