using ZstdSharp;

namespace MasterX.ServiceDefaults.Compression;

/// <summary>A body being unpacked. Whatever its coding, bytes that are not packed with it are an <see cref="InvalidDataException"/>.</summary>
internal sealed class UnpackedStream(Stream unpacking) : Stream
{
    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            return await unpacking.ReadAsync(buffer, cancellationToken);
        }
        catch (Exception corrupt) when (IsCorrupt(corrupt))
        {
            throw new InvalidDataException("The body is not packed with its content coding.", corrupt);
        }
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("Bodies are read asynchronously.");

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override async ValueTask DisposeAsync()
    {
        await unpacking.DisposeAsync();
        await base.DisposeAsync();
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            unpacking.Dispose();
        }

        base.Dispose(disposing);
    }

    /// <summary>Brotli says it as an invalid operation, zstd in exceptions of its own; a connection that is cut is another matter.</summary>
    private static bool IsCorrupt(Exception error) =>
        error is ZstdException or EndOfStreamException || (error is InvalidOperationException and not ObjectDisposedException);
}
