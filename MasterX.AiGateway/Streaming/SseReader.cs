using System.Buffers;
using MasterX.AiGateway.Requests;

namespace MasterX.AiGateway.Streaming;

/// <summary>
/// Cuts a stream of server-sent events
/// (<see href="https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream"/>) into the data of its events, without
/// copying: what is handed out lies in the read buffer until the next read. Lines may end with LF, CRLF or CR; comments are passed over,
/// and of an event's name it is told only whether it is <c>error</c>.
/// </summary>
internal sealed class SseReader(Stream stream, int largestEvent) : IDisposable
{
    private readonly PooledBuffer _buffer = new(8192);
    private readonly PooledBuffer _joined = new(256);

    /// <summary>
    /// Where the event begins that is being read, and where in it the next line begins. What was looked at is not looked at again.
    /// </summary>
    private int _position;
    private int _line;

    /// <summary>How far the end of that line has been looked for.</summary>
    private int _searched;

    /// <summary>
    /// Of the event that is being read: its lines of data so far, where the last one lies, and whether it is named <c>error</c>.
    /// </summary>
    private int _lines;
    private int _start;
    private int _length;
    private bool _isError;

    private bool _hasBegun;

    private static ReadOnlySpan<byte> ByteOrderMark => [0xEF, 0xBB, 0xBF];

    /// <summary>Whether the event last handed out was named <c>error</c>, whatever its data says.</summary>
    public bool IsError { get; private set; }

    /// <summary>Bytes that were read and not handed out yet.</summary>
    public int Unread => _buffer.Length - _position;

    /// <summary>What has come since the last whole event: at the end of the stream, what was none.</summary>
    public ReadOnlySpan<byte> Rest => _buffer.Span[_position..];

    /// <summary>Whether bytes that are all there are a stream of events, and no JSON text.</summary>
    public static bool IsStream(ReadOnlySpan<byte> bytes)
    {
        bytes = bytes.TrimStart(ByteOrderMark).TrimStart(" \r\n\t"u8);
        return bytes.StartsWith("data:"u8) || bytes.StartsWith("event:"u8) || bytes.StartsWith(":"u8) || bytes.StartsWith("id:"u8) || bytes.StartsWith("retry:"u8);
    }

    /// <summary>Reads events that are all there.</summary>
    public static SseReader Over(PooledBuffer bytes)
    {
        var reader = new SseReader(Stream.Null, int.MaxValue);
        reader._buffer.Write(bytes.Span);
        reader.SkipByteOrderMark();
        reader.Complete();
        return reader;
    }

    /// <summary>Nothing more will come: an event that was not ended is one all the same.</summary>
    public void Complete() => _buffer.Write("\n\n"u8);

    /// <summary>Reads more from the network.</summary>
    /// <returns><see langword="false"/> at the end of the stream.</returns>
    /// <exception cref="InvalidDataException">An event is larger than allowed.</exception>
    public async ValueTask<bool> ReadAsync(CancellationToken cancellationToken)
    {
        _buffer.Discard(_position);
        (_line, _searched, _start, _position) = (_line - _position, _searched - _position, _start - _position, 0);
        if (_buffer.Length > largestEvent)
        {
            throw new InvalidDataException($"An event of the stream is larger than {largestEvent} bytes.");
        }

        // Held while the read is under way: whoever disposes the reader meanwhile does not give away what is being written into.
        var room = _buffer.GetMemory(4096);
        var held = _buffer.Hold();
        try
        {
            var read = await stream.ReadAsync(room, cancellationToken);
            held.Advance(read);
            SkipByteOrderMark();
            return read > 0;
        }
        finally
        {
            held.LetGo();
        }
    }

    /// <summary>The data of the next whole event in what was read; <see langword="false"/> when more has to be read.</summary>
    public bool TryNext(out ReadOnlySpan<byte> data)
    {
        while (TryLine(out var lineStart, out var lineLength))
        {
            if (lineLength == 0)
            {
                var (lines, isError) = (_lines, _isError);
                (_position, _lines, _isError) = (_line, 0, false);
                if (lines > 0)
                {
                    IsError = isError;
                    data = lines == 1 ? _buffer.Span.Slice(_start, _length) : _joined.Span;
                    return true;
                }

                continue;
            }

            var line = _buffer.Span.Slice(lineStart, lineLength);
            if (!line.StartsWith("data"u8) || (line.Length > 4 && line[4] != ':'))
            {
                _isError |= line.SequenceEqual("event: error"u8) || line.SequenceEqual("event:error"u8);
                continue;
            }

            // One space behind the colon is not part of the value.
            var skip = line.Length <= 5 ? line.Length : line[5] == ' ' ? 6 : 5;
            if (++_lines > 1)
            {
                // Rare. Lines of data are joined by LF; a space is as good between the parts of a JSON text, and keeps it on one line when it is written again.
                if (_lines == 2)
                {
                    _joined.Clear();
                    _joined.Write(_buffer.Span.Slice(_start, _length));
                }

                _joined.Write(" "u8);
                _joined.Write(line[skip..]);
            }

            (_start, _length) = (lineStart + skip, lineLength - skip);
        }

        data = default;
        return false;
    }

    public void Dispose()
    {
        _buffer.Dispose();
        _joined.Dispose();
    }

    /// <summary>One may stand before the first event, and means nothing.</summary>
    private void SkipByteOrderMark()
    {
        if (!_hasBegun && _buffer.Length >= ByteOrderMark.Length)
        {
            _hasBegun = true;
            _position = _line = _searched = _buffer.Span.StartsWith(ByteOrderMark) ? ByteOrderMark.Length : 0;
        }
    }

    private bool TryLine(out int start, out int length)
    {
        var rest = _buffer.Span[_searched..];
        var end = rest.IndexOfAny((byte)'\n', (byte)'\r');

        // A CR that is the last byte read may be half of a CRLF.
        if (end < 0 || (rest[end] == '\r' && end == rest.Length - 1))
        {
            _searched += end < 0 ? rest.Length : end;
            (start, length) = (0, 0);
            return false;
        }

        (start, length) = (_line, _searched + end - _line);
        _line = _searched = _searched + end + (rest[end] == '\r' && rest[end + 1] == '\n' ? 2 : 1);
        return true;
    }
}
