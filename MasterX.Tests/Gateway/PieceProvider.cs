using System.Text.Json.Nodes;
using MasterX.Tests.Hosts;
using Microsoft.AspNetCore.Http;

namespace MasterX.Tests.Gateway;

/// <summary>A piece of an answer, in every provider's words.</summary>
internal sealed record AnswerPiece(string Kind, string Said = "")
{
    public static AnswerPiece Finish => new("finish");

    public static AnswerPiece Call => new("call");

    public static AnswerPiece Text(string text) => new("text", text);

    public static AnswerPiece Thought(string text) => new("thought", text);
}

/// <summary>A provider that says its pieces, and then lets go of the connection.</summary>
internal sealed class PieceProvider : IAsyncDisposable
{
    private readonly string _kind;
    private ScriptedProvider? _provider;

    private PieceProvider(string kind) => _kind = kind;

    public string Kind => _kind == "responses" ? "openai" : _kind;

    public bool IsChat => _kind == "openai";

    public string Url => _provider!.Url;

    public int Asked { get; private set; }

    public JsonNode Last { get; private set; } = new JsonObject();

    /// <summary>Of the last request, without instructions.</summary>
    public IReadOnlyList<(string Role, string Text)> Turns =>
        Kind == "gemini"
            ? [.. Last["contents"]!.AsArray().Select(turn => ((string)turn!["role"]! == "model" ? "assistant" : "user", string.Concat(turn["parts"]!.AsArray().Select(part => (string?)part!["text"]))))]
            : [.. Last["messages"]!.AsArray().Select(turn => ((string)turn!["role"]!, turn["content"] is JsonArray parts ? string.Concat(parts.Select(part => (string?)part!["text"])) : (string)turn["content"]!))];

    public static async Task<PieceProvider> StartAsync(string kind, AnswerPiece[] pieces)
    {
        var scripted = new PieceProvider(kind);
        scripted._provider = await ScriptedProvider.StartAsync(async context =>
        {
            scripted.Asked++;
            scripted.Last = (await JsonNode.ParseAsync(context.Request.Body, cancellationToken: context.RequestAborted))!;
            context.Response.ContentType = "text/event-stream";
            foreach (var frame in Frames(kind, pieces))
            {
                // One that is cut ends with the connection, and not with an empty line.
                await context.Response.WriteAsync($"data: {frame}{(frame.EndsWith('}') || frame.EndsWith(']') ? "\n\n" : "")}", context.RequestAborted);
            }
        });
        return scripted;
    }

    public async ValueTask DisposeAsync() => await _provider!.DisposeAsync();

    private static IEnumerable<string> Frames(string kind, AnswerPiece[] pieces)
    {
        if (kind == "anthropic")
        {
            yield return """{"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"c","content":[],"usage":{"input_tokens":3,"output_tokens":1}}}""";
            var (index, open) = (-1, "");
            foreach (var piece in pieces)
            {
                if (piece.Kind == "raw")
                {
                    yield return piece.Said;
                    continue;
                }

                if (piece.Kind != open && open.Length > 0)
                {
                    yield return $$"""{"type":"content_block_stop","index":{{index}}}""";
                    open = "";
                }

                if (piece.Kind == "finish")
                {
                    yield return """{"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":2}}""";
                    yield return """{"type":"message_stop"}""";
                    yield break;
                }

                if (open.Length == 0)
                {
                    (index, open) = (index + 1, piece.Kind);
                    yield return piece.Kind switch
                    {
                        "text" => $$$"""{"type":"content_block_start","index":{{{index}}},"content_block":{"type":"text","text":""}}""",
                        "thought" => $$$"""{"type":"content_block_start","index":{{{index}}},"content_block":{"type":"thinking","thinking":"","signature":""}}""",
                        _ => $$$"""{"type":"content_block_start","index":{{{index}}},"content_block":{"type":"tool_use","id":"toolu_1","name":"f","input":{} }}""",
                    };
                }

                if (piece.Kind != "call")
                {
                    var (type, field) = piece.Kind == "text" ? ("text_delta", "text") : ("thinking_delta", "thinking");
                    yield return $$$"""{"type":"content_block_delta","index":{{{index}}},"delta":{"type":"{{{type}}}","{{{field}}}":{{{Json(piece.Said)}}}}}""";
                }
            }

            yield break;
        }

        if (kind == "responses")
        {
            yield return """{"type":"response.created","sequence_number":0,"response":{"id":"resp_1","object":"response","status":"in_progress","output":[]}}""";
        }

        var isFirst = true;
        foreach (var piece in pieces)
        {
            var role = isFirst ? "\"role\":\"assistant\"," : "";
            isFirst = false;
            yield return (kind, piece.Kind) switch
            {
                (_, "raw") => piece.Said,
                ("openai", "finish") => """{"id":"c","object":"chat.completion.chunk","model":"m","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}""",
                ("openai", "call") => """{"id":"c","object":"chat.completion.chunk","model":"m","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"call_1","type":"function","function":{"name":"f","arguments":""}}]},"finish_reason":null}]}""",
                ("openai", var said) => $$"""{"id":"c","object":"chat.completion.chunk","model":"m","choices":[{"index":0,"delta":{{{role}}"{{(said == "text" ? "content" : "reasoning_content")}}":{{Json(piece.Said)}}},"finish_reason":null}]}""",
                ("gemini", "finish") => """{"candidates":[{"content":{"role":"model","parts":[]},"finishReason":"STOP","index":0}],"usageMetadata":{"promptTokenCount":3,"candidatesTokenCount":2}}""",
                ("gemini", "call") => """{"candidates":[{"content":{"role":"model","parts":[{"functionCall":{"name":"f","args":{}}}]},"index":0}]}""",
                ("gemini", var said) => $$"""{"candidates":[{"content":{"role":"model","parts":[{"text":{{Json(piece.Said)}}{{(said == "thought" ? ",\"thought\":true" : "")}}}]},"index":0}]}""",
                _ => $$"""{"type":"response.output_text.delta","sequence_number":1,"item_id":"msg_1","output_index":0,"content_index":0,"delta":{{Json(piece.Said)}}}""",
            };
        }

        if (kind == "openai" && pieces[^1].Kind == "finish")
        {
            yield return "[DONE]";
        }
    }

    /// <summary>With halves of characters as providers send them, escaped.</summary>
    private static string Json(string text) =>
        string.Concat(text.Select(sign => sign is < ' ' or '"' or '\\' || char.IsSurrogate(sign) ? $"\\u{(int)sign:x4}" : sign.ToString())) is var escaped ? $"\"{escaped}\"" : "";
}
