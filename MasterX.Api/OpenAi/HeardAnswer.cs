using System.Buffers;
using System.Text;
using System.Text.Json;
using MasterX.Api.Http;

namespace MasterX.Api.OpenAi;

/// <summary>
/// Hears a forwarded answer as it goes to its caller, for those whose answers are kept. Of the text the first <see cref="ForwardedText.Longest"/> characters are held, of a whole answer its bytes
/// until it ends.
/// </summary>
internal sealed class HeardAnswer : ObservedStream
{
    /// <summary>Bytes of a whole answer, and of an event, beyond which it is not read: its text is longer than what is kept.</summary>
    private const int MostBytes = 8 << 20;

    private readonly bool _isStream;
    private readonly ArrayBufferWriter<byte> _pending = new();
    private readonly StringBuilder _text = new();
    private bool _isTooLong;

    private HeardAnswer(Stream inner, bool isStream)
        : base(inner) => _isStream = isStream;

    public string Content => _text.ToString();

    /// <summary>Why it ended; <see langword="null"/> where that was not said, or not heard.</summary>
    public string? FinishReason { get; private set; }

    /// <summary>Whether it was heard to its own end.</summary>
    public bool IsWhole { get; private set; }

    /// <summary>Whether of a longer text only the beginning is here.</summary>
    public bool IsCut { get; private set; }

    public static HeardAnswer Of(HttpContext context, bool isStream) => Observe(context, inner => new HeardAnswer(inner, isStream));

    /// <summary>Nothing comes any more.</summary>
    public void End()
    {
        if (!_isStream && _isTooLong)
        {
            (IsWhole, IsCut) = (true, true);
        }
        else if (!_isStream && Parse(_pending.WrittenMemory) is { } document)
        {
            using (document)
            {
                var (text, reason) = ForwardedText.OfAnswer(document.RootElement);
                Append(text);
                (FinishReason, IsWhole) = (Ai.FinishReason.Of(reason), true);
            }
        }

        _pending.Clear();
    }

    protected override void Observe(ReadOnlySpan<byte> bytes)
    {
        while (_isStream && bytes.IndexOf((byte)'\n') is var end and >= 0)
        {
            Hold(bytes[..end]);
            bytes = bytes[(end + 1)..];
            if (!_isTooLong)
            {
                Take(_pending.WrittenMemory);
            }

            _pending.ResetWrittenCount();
            _isTooLong = false;
        }

        Hold(bytes);
    }

    private void Hold(ReadOnlySpan<byte> bytes)
    {
        _isTooLong |= _pending.WrittenCount + bytes.Length > MostBytes;
        if (!_isTooLong)
        {
            _pending.Write(bytes);
        }
    }

    private void Take(ReadOnlyMemory<byte> line)
    {
        if (!line.Span.StartsWith("data:"u8))
        {
            return;
        }

        var data = line[5..].Trim(" \r"u8);
        if (data.Span.SequenceEqual("[DONE]"u8))
        {
            IsWhole = true;
        }
        else if (Parse(data) is { } document)
        {
            using (document)
            {
                var (text, reason, isEnd) = ForwardedText.OfEvent(document.RootElement);
                Append(text);
                FinishReason = Ai.FinishReason.Of(reason) ?? FinishReason;
                IsWhole |= isEnd;
            }
        }
    }

    private void Append(string? text)
    {
        var room = Math.Min(text?.Length ?? 0, ForwardedText.Longest - _text.Length);
        _text.Append(text, 0, room);
        IsCut |= room < (text?.Length ?? 0);
    }

    private static JsonDocument? Parse(ReadOnlyMemory<byte> json)
    {
        try
        {
            return JsonDocument.Parse(json);
        }
        catch (JsonException)
        {
            // What is no JSON is passed on as it is, and says nothing here.
            return null;
        }
    }
}
