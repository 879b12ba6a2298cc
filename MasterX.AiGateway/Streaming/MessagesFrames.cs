using System.Buffers;
using System.Text;
using System.Text.Json;
using MasterX.AiGateway.Providers;
using MasterX.AiGateway.Requests;
using MasterX.AiGateway.Translation.Answers;

namespace MasterX.AiGateway.Streaming;

/// <summary>
/// Events of Anthropic's streamed messages (<see href="https://docs.anthropic.com/en/docs/build-with-claude/streaming"/>) for a caller who
/// speaks Anthropic's API too: passed on as they came, each by its name. The last one, <c>message_stop</c>, is the end mark;
/// <c>message_delta</c> before it carries the stop reason and the tokens.
/// </summary>
internal sealed class MessagesFrames : StreamFrames
{
    private byte[] _end = [];

    /// <summary>The last block's index; its type while it is open, else empty.</summary>
    private int _index = -1;
    private string _open = "";

    public override AnswerStreamWriter? WriterSoFar => MessageEventWriter.GoingOn(_index, _open);

    public override FrameKind Read(ReadOnlySpan<byte> data, PooledBuffer output)
    {
        var frame = new Frame();
        try
        {
            var json = new Utf8JsonReader(data);
            if (!json.Read() || json.TokenType != JsonTokenType.StartObject)
            {
                return FrameKind.Unparseable;
            }

            ReadFrame(ref json, ref frame);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            return FrameKind.Unparseable;
        }

        switch (frame.Type)
        {
            case null:
                return FrameKind.Unparseable;
            case "error":
                return FrameKind.Error;
            case "message_stop":
                // Held back until the accounting has been written before it: behind the last event nobody reads.
                _end = Event(frame.Type, data);
                return FrameKind.Done;
        }

        if (Span is { } span && (span.CapturesStream || frame.Type is "message_start" or "message_delta"))
        {
            span.Read(data);
        }

        if (Partial is not null)
        {
            Follow(frame, Partial);
        }

        Characters += frame.Characters;
        Finished |= frame.StopReason;
        Incomplete |= frame.IsIncomplete;
        output.Write(Event(frame.Type, data));
        Said |= frame.IsContent;
        return frame.IsContent || frame.StopReason ? FrameKind.Content : FrameKind.Lifecycle;
    }

    /// <summary>Keeps what another provider needs to go on: the texts, and where in the message they stand.</summary>
    private void Follow(in Frame frame, PartialAnswer partial)
    {
        switch (frame.Type)
        {
            case "content_block_start":
                (_index, _open) = (frame.Index, frame.Block ?? "");
                if (_open is not ("text" or "thinking" or "redacted_thinking"))
                {
                    partial.Forbid();
                }

                break;
            case "content_block_stop":
                _open = "";
                break;
        }

        if (frame.Text is not null)
        {
            partial.Append(frame.Text);
        }
    }

    public override void WriteEnd(PooledBuffer output) => output.Write(_end.Length > 0 ? _end : "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"u8);

    private static byte[] Event(string type, ReadOnlySpan<byte> data) =>
        [.. "event: "u8, .. Encoding.UTF8.GetBytes(type.ReplaceLineEndings("")), .. "\ndata: "u8, .. data, .. "\n\n"u8];

    private void ReadFrame(ref Utf8JsonReader json, ref Frame frame)
    {
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            if (json.ValueTextEquals("type"u8))
            {
                json.Read();
                frame.Type = json.TokenType == JsonTokenType.String ? NameOf(ref json) : null;
            }
            else if (json.ValueTextEquals("delta"u8))
            {
                json.Read();
                ReadDelta(ref json, ref frame);
                continue;
            }
            else if (json.ValueTextEquals("content_block"u8))
            {
                json.Read();
                ReadBlock(ref json, ref frame);
                continue;
            }
            else if (json.ValueTextEquals("usage"u8))
            {
                json.Read();
                Usage = MessagesScan.ReadUsage(ref json, Usage ?? default) ?? Usage;
                continue;
            }
            else if (json.ValueTextEquals("index"u8))
            {
                json.Read();
                frame.Index = json.TokenType == JsonTokenType.Number && json.TryGetInt32(out var index) ? index : _index + 1;
            }
            else if (json.ValueTextEquals("message"u8))
            {
                json.Read();
                ReadMessage(ref json);
                continue;
            }

            json.Skip();
        }
    }

    /// <summary>The usual names without a new text for each event.</summary>
    private static string? NameOf(ref Utf8JsonReader json) =>
        json.ValueTextEquals("content_block_delta"u8) ? "content_block_delta"
        : json.ValueTextEquals("content_block_start"u8) ? "content_block_start"
        : json.ValueTextEquals("content_block_stop"u8) ? "content_block_stop"
        : json.GetString();

    private void ReadMessage(ref Utf8JsonReader json)
    {
        if (json.TokenType != JsonTokenType.StartObject)
        {
            json.Skip();
            return;
        }

        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            var (usage, model) = (json.ValueTextEquals("usage"u8), json.ValueTextEquals("model"u8));
            json.Read();
            if (usage)
            {
                Usage = MessagesScan.ReadUsage(ref json, Usage ?? default) ?? Usage;
            }
            else
            {
                Answered = model && Candidate is not null ? Candidate.NameOf(ref json) : Answered;
                json.Skip();
            }
        }
    }

    /// <summary>A call is content by its name; a text is by what comes of it.</summary>
    private void ReadBlock(ref Utf8JsonReader json, ref Frame frame)
    {
        if (json.TokenType != JsonTokenType.StartObject)
        {
            json.Skip();
            return;
        }

        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            var (type, text) = (json.ValueTextEquals("type"u8), json.ValueTextEquals("text"u8));
            json.Read();
            if (json.TokenType == JsonTokenType.String)
            {
                frame.Block = type ? json.GetString() : frame.Block;
                frame.Text = text && Partial is not null ? JsonText.PieceOf(ref json) : frame.Text;
                frame.IsContent |= type ? !json.ValueTextEquals("text"u8) && !json.ValueTextEquals("thinking"u8) : text && json.ValueSpan.Length > 0;
            }

            json.Skip();
        }
    }

    private void ReadDelta(ref Utf8JsonReader json, ref Frame frame)
    {
        if (json.TokenType != JsonTokenType.StartObject)
        {
            json.Skip();
            return;
        }

        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            var type = json.ValueTextEquals("type"u8);
            var stopReason = json.ValueTextEquals("stop_reason"u8);
            var text = json.ValueTextEquals("text"u8);
            var counted = text || json.ValueTextEquals("thinking"u8) || json.ValueTextEquals("partial_json"u8);
            json.Read();
            if (stopReason)
            {
                frame.StopReason = json.TokenType == JsonTokenType.String;
                frame.IsIncomplete = frame.StopReason && (json.ValueTextEquals("max_tokens"u8) || json.ValueTextEquals("refusal"u8) || json.ValueTextEquals("model_context_window_exceeded"u8));
            }
            else if (json.TokenType == JsonTokenType.String && !type)
            {
                frame.Text = text && Partial is not null ? JsonText.PieceOf(ref json) : frame.Text;

                // What the API may yet add to a block is content too; of the message's own end, the stop reason says so.
                frame.IsContent |= json.ValueSpan.Length > 0;
                frame.Characters += counted ? json.ValueSpan.Length : 0;
            }
            else if (json.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray)
            {
                frame.IsContent = true;
            }

            json.Skip();
        }
    }

    private struct Frame
    {
        public string? Type;
        public string? Block;
        public string? Text;
        public int Index;
        public bool IsContent;
        public bool StopReason;
        public bool IsIncomplete;
        public int Characters;
    }
}
