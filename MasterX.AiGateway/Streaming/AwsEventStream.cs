using System.Buffers;
using System.Text.Json;

namespace MasterX.AiGateway.Streaming;

/// <summary>
/// AWS's binary event stream, read as server-sent events. An event of Converse's becomes <c>{"type":payload}</c>; the event <c>chunk</c>, in
/// which another format is packed as base64, becomes what is packed in it; an exception becomes the event <c>error</c>, by whose
/// <c>__type</c> it is judged. A body that is text, an error or a whole answer, passes as it is.
/// </summary>
/// <param name="body">The provider's.</param>
/// <param name="largestEvent">In bytes.</param>
internal sealed class AwsEventStream(Stream body, int largestEvent) : Stream
{
    public const string ContentType = "application/vnd.amazon.eventstream";

    private readonly ArrayBufferWriter<byte> _text = new(4096);

    /// <summary>What was read and not taken apart yet. No pool's: a read may be under way when nobody waits for it any more.</summary>
    private byte[] _raw = new byte[8192];
    private int _length;

    /// <summary>How much of the text was given already.</summary>
    private int _given;
    private bool? _isBinary;

    /// <summary>What is wrong behind the text.</summary>
    private InvalidDataException? _broken;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <exception cref="InvalidDataException">The stream is cut within a message, or a message is none.</exception>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (_given == _text.WrittenCount)
        {
            if (_broken is not null)
            {
                throw _broken;
            }

            _text.ResetWrittenCount();
            _given = 0;
            if (_length == _raw.Length)
            {
                Array.Resize(ref _raw, _raw.Length * 2);
            }

            var read = await body.ReadAsync(_raw.AsMemory(_length), cancellationToken);
            if (read == 0)
            {
                return _length == 0 ? 0 : throw new InvalidDataException("The provider's event stream ends within a message.");
            }

            _length += read;
            TakeApart();
        }

        var given = _text.WrittenMemory[_given..];
        given = given[..Math.Min(given.Length, buffer.Length)];
        given.CopyTo(buffer);
        _given += given.Length;
        return given.Length;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            body.Dispose();
        }

        base.Dispose(disposing);
    }

    private void TakeApart()
    {
        _isBinary ??= AwsMessage.IsBegun(_raw[0]);
        if (_isBinary == false)
        {
            _text.Write(_raw.AsSpan(0, _length));
            _length = 0;
            return;
        }

        var start = 0;
        try
        {
            while (AwsMessage.TryRead(_raw.AsSpan(start, _length - start), largestEvent, out var message, out var length))
            {
                Tell(message);
                start += length;
            }
        }
        catch (InvalidDataException broken)
        {
            // What came before it is as good as ever: the answer may have been whole.
            _broken = broken;
        }

        _raw.AsSpan(start, _length - start).CopyTo(_raw);
        _length -= start;
    }

    private void Tell(in AwsMessage message)
    {
        switch (message)
        {
            case { Kind: "event", Name: "chunk" }:
                TellPacked(message.Payload);
                break;
            case { Kind: "event" }:
                _text.Write("data: {"u8);
                WriteText(message.Name);
                _text.Write(":"u8);
                WriteOnOneLine(message.Payload.IsEmpty ? "{}"u8 : message.Payload);
                _text.Write("}\n\n"u8);
                break;
            case { Kind: "exception" or "error" }:
                _text.Write("event: error\ndata: {\"__type\":"u8);
                WriteText(message.Name);
                _text.Write(",\"message\":"u8);
                WriteText(message.Error ?? MessageIn(message.Payload));
                _text.Write("}\n\n"u8);
                break;
        }
    }

    /// <summary><c>{"bytes":"…"}</c>; whatever else is in it is padding.</summary>
    private void TellPacked(ReadOnlySpan<byte> payload)
    {
        try
        {
            var json = new Utf8JsonReader(payload);
            using var document = JsonDocument.ParseValue(ref json);
            if (document.RootElement.ValueKind == JsonValueKind.Object
                && document.RootElement.TryGetProperty("bytes", out var packed) && packed.ValueKind == JsonValueKind.String)
            {
                var unpacked = packed.GetBytesFromBase64();
                _text.Write("data: "u8);
                WriteOnOneLine(unpacked);
                _text.Write("\n\n"u8);
            }
        }
        catch (Exception error) when (error is JsonException or FormatException)
        {
            throw new InvalidDataException("A chunk of the provider's event stream is not what it should be.", error);
        }
    }

    private static string MessageIn(ReadOnlySpan<byte> payload)
    {
        try
        {
            var json = new Utf8JsonReader(payload);
            using var document = JsonDocument.ParseValue(ref json);
            foreach (var name in (ReadOnlySpan<string>)["message", "Message", "originalMessage"])
            {
                if (document.RootElement.ValueKind == JsonValueKind.Object
                    && document.RootElement.TryGetProperty(name, out var message) && message.ValueKind == JsonValueKind.String)
                {
                    return message.GetString()!;
                }
            }
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            // The exception's name says what there is to say.
        }

        return "";
    }

    private void WriteText(string text)
    {
        using var json = new Utf8JsonWriter(_text, new JsonWriterOptions { SkipValidation = true });
        json.WriteStringValue(text);
    }

    /// <summary>A line end stands between the parts of a JSON text only, where a space is as good.</summary>
    private void WriteOnOneLine(ReadOnlySpan<byte> json)
    {
        var line = _text.GetSpan(json.Length)[..json.Length];
        json.CopyTo(line);
        line.Replace((byte)'\n', (byte)' ');
        line.Replace((byte)'\r', (byte)' ');
        _text.Advance(json.Length);
    }
}
