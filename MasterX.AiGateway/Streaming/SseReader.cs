using System.Buffers;
using MasterX.AiGateway.Requests;

namespace MasterX.AiGateway.Streaming;

/// <summary>
/// Cuts a stream of server-sent events (<see href="https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream"/>) into
/// the data of its events, without copying: what is handed out lies in the read buffer until the next read.
/// Lines may end with LF, CRLF or CR; comments are passed over, and of an event's name it is told only whether it is <c>error</c>.
/// </summary>
internal sealed class SseReader(Stream stream, int largestEvent) : IDisposable
{
    private readonly PooledBuffer _buffer = new(8192);
    private readonly PooledBuffer _joined = new(256);
    private int _position;

    /// <summary>Whether the event last handed out was named <c>error</c>, whatever its data says.</summary>
    public bool IsError { get; private set; }

    /// <summary>What has come since the last whole event: at the end of the stream, what was none.</summary>
    public ReadOnlySpan<byte> Rest => _buffer.Span[_position..];

    /// <summary>Reads more from the network.</summary>
    /// <returns><see langword="false"/> at the end of the stream.</returns>
    /// <exception cref="InvalidDataException">An event is larger than allowed.</exception>
    public async ValueTask<bool> ReadAsync(CancellationToken cancellationToken)
    {
        _buffer.Discard(_position);
        _position = 0;
        if (_buffer.Length > largestEvent)
        {
            throw new InvalidDataException($"An event of the stream is larger than {largestEvent} bytes.");
        }

        var read = await stream.ReadAsync(_buffer.GetMemory(4096), cancellationToken);
        _buffer.Advance(read);
        return read > 0;
    }

    /// <summary>The data of the next whole event in what was read; <see langword="false"/> when more has to be read.</summary>
    public bool TryNext(out ReadOnlySpan<byte> data)
    {
        var (at, lines, start, length, isError) = (_position, 0, 0, 0, false);
        while (TryLine(ref at, out var lineStart, out var lineLength))
        {
            if (lineLength == 0)
            {
                _position = at;
                if (lines > 0)
                {
                    IsError = isError;
                    data = lines == 1 ? _buffer.Span.Slice(start, length) : _joined.Span;
                    return true;
                }

                isError = false;
                continue;
            }

            var line = _buffer.Span.Slice(lineStart, lineLength);
            if (!line.StartsWith("data"u8) || (line.Length > 4 && line[4] != ':'))
            {
                isError |= line.SequenceEqual("event: error"u8) || line.SequenceEqual("event:error"u8);
                continue;
            }

            // One space behind the colon is not part of the value.
            var skip = line.Length <= 5 ? line.Length : line[5] == ' ' ? 6 : 5;
            if (++lines > 1)
            {
                // Rare. Lines of data are joined by LF; a space is as good between the parts of a JSON text, and keeps it on one line when it is written again.
                if (lines == 2)
                {
                    _joined.Clear();
                    _joined.Write(_buffer.Span.Slice(start, length));
                }

                _joined.Write(" "u8);
                _joined.Write(line[skip..]);
            }

            (start, length) = (lineStart + skip, lineLength - skip);
        }

        data = default;
        return false;
    }

    public void Dispose()
    {
        _buffer.Dispose();
        _joined.Dispose();
    }

    private bool TryLine(ref int at, out int start, out int length)
    {
        var rest = _buffer.Span[at..];
        var end = rest.IndexOfAny((byte)'\n', (byte)'\r');

        // A CR that is the last byte read may be half of a CRLF.
        if (end < 0 || (rest[end] == '\r' && end == rest.Length - 1))
        {
            (start, length) = (0, 0);
            return false;
        }

        (start, length) = (at, end);
        at += end + (rest[end] == '\r' && rest[end + 1] == '\n' ? 2 : 1);
        return true;
    }
}
