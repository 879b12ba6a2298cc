using System.Runtime.InteropServices;
using System.Text.Json;
using MasterX.AiGateway.Providers;
using MasterX.AiGateway.Streaming;
using MasterX.AiGateway.Translation.Vocabulary;

namespace MasterX.AiGateway.Translation.Answers;

/// <summary>
/// Reads a message of Anthropic's API (<see href="https://docs.anthropic.com/en/api/messages"/>), or the events of a streamed one
/// (<see href="https://docs.anthropic.com/en/docs/build-with-claude/streaming"/>): <c>message_start</c>, then for each block
/// <c>content_block_start</c>, <c>content_block_delta</c>s and <c>content_block_stop</c>, then <c>message_delta</c> with the stop reason, and
/// <c>message_stop</c>.
/// </summary>
internal sealed class AnthropicAnswerReader(AnswerSink sink) : AnswerReader(sink)
{
    /// <summary>Of the call that is open: whether any arguments came, and those its block began with.</summary>
    private bool _isCall, _hasArguments;
    private string _input = "{}";

    public override bool ReadWhole(JsonElement answer)
    {
        if (answer.Text("type") != "message" || answer.Field("content") is not { ValueKind: JsonValueKind.Array } content)
        {
            return false;
        }

        Sink.Begin(answer.Text("id"), answer.Text("model"));
        Count(answer);
        foreach (var block in content.EnumerateArray())
        {
            ReadBlock(block);
            EndBlock();
        }

        Finish(answer);
        return true;
    }

    public override FrameKind ReadEvent(JsonElement data)
    {
        switch (data.Text("type"))
        {
            case "message_start" when data.Field("message") is { } message:
                Sink.Begin(message.Text("id"), message.Text("model"));
                Count(message);
                return FrameKind.Lifecycle;
            case "content_block_start" when data.Field("content_block") is { } block:
                return ReadBlock(block) ? FrameKind.Content : FrameKind.Lifecycle;
            case "content_block_delta" when data.Field("delta") is { } delta:
                return ReadDelta(delta) ? FrameKind.Content : FrameKind.Lifecycle;
            case "content_block_stop":
                return EndBlock() ? FrameKind.Content : FrameKind.Lifecycle;
            case "message_delta":
                Count(data);
                return data.Field("delta") is { } end && Finish(end) ? FrameKind.Content : FrameKind.Lifecycle;
            case "message_stop":
                return FrameKind.Done;
            case "error":
                return FrameKind.Error;
            case null:
                return FrameKind.Unparseable;
            default:
                // ping, and what the API may yet add, which its documentation asks clients to pass over.
                return FrameKind.Lifecycle;
        }
    }

    private bool ReadBlock(JsonElement block)
    {
        EndBlock();
        switch (block.Text("type"))
        {
            case "text":
                Sink.Text(0, block.Piece("text"));
                Cite(block);
                return block.Text("text") is { Length: > 0 };
            case "thinking":
                Sink.Thinking(0, block.Piece("thinking"));
                Sign(block);
                return block.Text("thinking") is { Length: > 0 };
            case "redacted_thinking":
                Sink.HiddenThinking(0, new Signature(Signature.Anthropic, block.Text("data") ?? ""));
                return true;
            case "tool_use":
                (_isCall, _hasArguments) = (true, false);
                _input = block.Field("input") is { ValueKind: JsonValueKind.Object } input ? input.GetRawText() : "{}";
                Sink.Call(0, block.Text("id") is { Length: > 0 } id ? id : "call_" + Guid.NewGuid().ToString("N")[..24], block.Text("name") ?? "");
                return true;
            default:
                // Tools that Anthropic runs itself, and what they gave: no other format has it; what the model makes of it follows as text.
                return false;
        }
    }

    private bool ReadDelta(JsonElement delta)
    {
        switch (delta.Text("type"))
        {
            case "text_delta":
                Sink.Text(0, delta.Piece("text"));
                return delta.Piece("text") is { Length: > 0 };
            case "thinking_delta":
                Sink.Thinking(0, delta.Piece("thinking"));
                return delta.Piece("thinking") is { Length: > 0 };
            case "signature_delta":
                Sign(delta);
                return false;
            case "input_json_delta" when _isCall && delta.Piece("partial_json") is { Length: > 0 } piece:
                _hasArguments = true;
                Sink.Arguments(0, piece);
                return true;
            case "citations_delta" when delta.Field("citation") is { } citation:
                Cite(citation, citation);
                return false;
            default:
                return false;
        }
    }

    /// <summary>A call whose arguments did not come in pieces has those its block began with: none mostly, which are <c>{}</c>.</summary>
    private bool EndBlock()
    {
        var gives = _isCall && !_hasArguments;
        if (gives)
        {
            Sink.Arguments(0, _input);
        }

        _isCall = false;
        return gives;
    }

    private void Sign(JsonElement holder)
    {
        if (holder.Text("signature") is { Length: > 0 } signature)
        {
            Sink.Sign(0, new Signature(Signature.Anthropic, signature));
        }
    }

    private void Cite(JsonElement block)
    {
        foreach (var citation in block.Elements("citations"))
        {
            Cite(citation, citation);
        }
    }

    private void Cite(JsonElement citation, JsonElement titled)
    {
        if (citation.Text("url") is { Length: > 0 } url)
        {
            Sink.Citation(0, url, titled.Text("title"));
        }
    }

    private bool Finish(JsonElement holder)
    {
        if (holder.Text("stop_reason") is not { } reason)
        {
            return false;
        }

        EndBlock();
        Sink.Finish(0, reason switch
        {
            "max_tokens" => StopReason.MaxTokens,
            "model_context_window_exceeded" => StopReason.ContextFull,
            "tool_use" => StopReason.ToolCalls,
            "refusal" => StopReason.Refusal,
            "pause_turn" => StopReason.Paused,
            "stop_sequence" => StopReason.StopSequence,
            _ => StopReason.End,
        }, holder.Text("stop_sequence"));
        return true;
    }

    /// <summary>
    /// The end of a stream tells the output, and the input perhaps; a count never falls.
    /// </summary>
    private void Count(JsonElement holder)
    {
        if (holder.Field("usage") is not { ValueKind: JsonValueKind.Object } usage)
        {
            return;
        }

        var json = new Utf8JsonReader(JsonMarshal.GetRawUtf8Value(usage));
        json.Read();
        if (MessagesScan.ReadUsage(ref json, Sink.Usage ?? default) is { } counted)
        {
            Sink.Count(counted with { Model = holder.Text("model") ?? counted.Model });
        }
    }
}
