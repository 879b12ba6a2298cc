using System.Text.Json;
using MasterX.AiGateway.Providers;
using MasterX.AiGateway.Requests;
using static MasterX.AiGateway.Providers.ChatFields;

namespace MasterX.AiGateway.Streaming;

/// <summary>
/// Events of Anthropic's streamed messages (<see href="https://docs.anthropic.com/en/docs/build-with-claude/streaming"/>): <c>message_start</c>, then for each
/// block <c>content_block_start</c>, <c>content_block_delta</c>s and <c>content_block_stop</c>, then <c>message_delta</c> with the stop reason, and <c>message_stop</c>.
/// </summary>
internal sealed class AnthropicFrames(string model) : TranslatedFrames(model)
{
    private int _calls;

    public override FrameKind Read(ReadOnlySpan<byte> data, PooledBuffer output)
    {
        try
        {
            var reader = new Utf8JsonReader(data);
            using var document = JsonDocument.ParseValue(ref reader);
            var root = document.RootElement;
            return Text(root, "type") switch
            {
                "message_start" when root.TryGetProperty("message", out var message) => Start(message),
                "content_block_start" when root.TryGetProperty("content_block", out var block) => StartBlock(block, output),
                "content_block_delta" when root.TryGetProperty("delta", out var delta) => ReadDelta(delta, output),
                "message_delta" => End(root, output),
                "message_stop" => FrameKind.Done,
                "error" => FrameKind.Error,
                null => FrameKind.Unparseable,

                // ping, content_block_stop, and what the API may yet add, which its documentation asks clients to pass over.
                _ => FrameKind.Lifecycle,
            };
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            return FrameKind.Unparseable;
        }
    }

    private FrameKind Start(JsonElement message)
    {
        Usage = AnthropicAnswer.ReadUsage(message);
        Model = Text(message, "model") ?? Model;
        return FrameKind.Lifecycle;
    }

    private FrameKind StartBlock(JsonElement block, PooledBuffer output)
    {
        if (Text(block, "type") != "tool_use")
        {
            return Text(block, "text") is { Length: > 0 } text ? WriteText(text, output) : FrameKind.Lifecycle;
        }

        Partial?.Forbid();
        var (place, id, name) = (_calls++, Text(block, "id"), Text(block, "name"));
        WriteCall(output, place, json =>
        {
            json.WriteString("id", id);
            json.WriteString("type", "function");
            json.WriteStartObject("function");
            json.WriteString("name", name);
            json.WriteString("arguments", "");
            json.WriteEndObject();
        });
        return FrameKind.Content;
    }

    private FrameKind ReadDelta(JsonElement delta, PooledBuffer output)
    {
        switch (Text(delta, "type"))
        {
            case "text_delta" when Text(delta, "text") is { Length: > 0 } text:
                return WriteText(text, output);
            case "input_json_delta" when Text(delta, "partial_json") is { Length: > 0 } arguments && _calls > 0:
                Characters += arguments.Length;
                WriteCall(output, _calls - 1, json =>
                {
                    json.WriteStartObject("function");
                    json.WriteString("arguments", arguments);
                    json.WriteEndObject();
                });
                return FrameKind.Content;
            default:
                // Thinking, its signature, citations: nothing OpenAI's format has a place for.
                return FrameKind.Lifecycle;
        }
    }

    private FrameKind WriteText(string text, PooledBuffer output)
    {
        Characters += text.Length;
        Partial?.Append(text);
        WriteDelta(output, 0, json => json.WriteString("content", text), null);
        return FrameKind.Content;
    }

    private void WriteCall(PooledBuffer output, int place, Action<Utf8JsonWriter> fields) => WriteDelta(
        output, 0,
        json =>
        {
            json.WriteStartArray("tool_calls");
            json.WriteStartObject();
            json.WriteNumber("index", place);
            fields(json);
            json.WriteEndObject();
            json.WriteEndArray();
        },
        null);

    /// <summary>Carries the stop reason, and the output tokens of the whole message; the input's were told at the start.</summary>
    private FrameKind End(JsonElement root, PooledBuffer output)
    {
        if (AnthropicAnswer.ReadUsage(root) is { } last)
        {
            var first = Usage ?? default;
            Usage = last with
            {
                Input = Math.Max(last.Input, first.Input),
                CachedInput = Math.Max(last.CachedInput, first.CachedInput),
                CacheWrite = Math.Max(last.CacheWrite, first.CacheWrite),
            };
        }

        if (!root.TryGetProperty("delta", out var delta) || Text(delta, "stop_reason") is not { } reason)
        {
            return FrameKind.Lifecycle;
        }

        Finish(output, 0, AnthropicAnswer.FinishReason(reason));
        return FrameKind.Content;
    }
}
