using Microsoft.AspNetCore.Http.Features;

namespace MasterX.Api.Http;

/// <summary>Passes an answer on to its caller as it is written, and looks at it on the way.</summary>
internal abstract class ObservedStream(Stream inner) : Stream
{
    /// <summary>Puts an observer between an endpoint and its caller.</summary>
    protected static T Observe<T>(HttpContext context, Func<Stream, T> observer)
        where T : ObservedStream
    {
        var feature = context.Features.GetRequired<IHttpResponseBodyFeature>();
        var observed = observer(feature.Stream);
        context.Features.Set<IHttpResponseBodyFeature>(new StreamResponseBodyFeature(observed, feature));
        return observed;
    }

    protected abstract void Observe(ReadOnlySpan<byte> bytes);

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override void Flush() => inner.Flush();

    public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

    public override void Write(byte[] buffer, int offset, int count)
    {
        Observe(buffer.AsSpan(offset, count));
        inner.Write(buffer, offset, count);
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        Observe(buffer.Span);
        return inner.WriteAsync(buffer, cancellationToken);
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
