using System.Text.Json;
using System.Text.Json.Nodes;
using MasterX.ProviderEmulator.Answers;
using MasterX.ProviderEmulator.Faults;

namespace MasterX.ProviderEmulator.Wire;

/// <summary>Anthropic's messages, plain and streamed (<see href="https://docs.anthropic.com/en/api/messages"/>).</summary>
internal static class AnthropicWire
{
    private const string Provider = "anthropic";

    public static void MapAnthropicWire(this WebApplication app)
    {
        app.MapPost($"/{Provider}/messages", (HttpContext context, FaultTable faults) => CompleteAsync(context, faults.Of(Provider)));
        app.MapPost($"/{Provider}/messages/count_tokens", (HttpContext context) => CountAsync(context));
        app.MapGet($"/{Provider}/models", () => TypedResults.Ok(new { data = new[] { new { type = "model", id = "anthropic-emulated", display_name = "Emulated" } }, has_more = false }));
    }

    private static async Task CountAsync(HttpContext context)
    {
        if (await OpenAiWire.ReadAsync(context, Provider) is { } request)
        {
            var characters = request.GetProperty("messages").EnumerateArray().Sum(message => OpenAiWire.Content(message).Length);
            await context.Response.WriteAsJsonAsync(new JsonObject { ["input_tokens"] = Math.Max(1, characters / 4) });
        }
    }

    private static async Task CompleteAsync(HttpContext context, Fault? fault)
    {
        if (await OpenAiWire.ReadAsync(context, Provider) is not { } request)
        {
            return;
        }

        if ((FindProblem(context, request) ?? AnthropicRules.FindProblem(request)) is { } problem)
        {
            await ErrorBodies.WriteAsync(context, Provider, 400, problem);
            return;
        }

        var (messages, model) = (request.GetProperty("messages"), request.GetProperty("model").GetString()!);
        var last = messages[messages.GetArrayLength() - 1];
        var answer = EmulatedAnswer.To(
            Provider, model, OpenAiWire.Content(last), messages.EnumerateArray().Sum(message => OpenAiWire.Content(message).Length),
            request.GetProperty("max_tokens").GetInt32(), Schema(request), Call(request, last));
        if (request.TryGetProperty("stream", out var stream) && stream.ValueKind == JsonValueKind.True)
        {
            await StreamAsync(new Sse(context, fault, named: true), model, answer, AnthropicRules.Thinks(request));
        }
        else
        {
            var content = answer.Call is null ? Text(answer.Text) : ToolUse(answer.Call, JsonNode.Parse(answer.Call.Arguments)!);
            var blocks = AnthropicRules.Thinks(request) ? new JsonArray(AnthropicRules.Thought(), content) : new JsonArray(content);
            var message = Message(model, answer, answer.CompletionTokens, blocks);
            message["stop_reason"] = StopReason(answer);
            await PlainAnswer.WriteAsync(context, fault, message);
        }
    }

    private static string? FindProblem(HttpContext context, JsonElement request) =>
        !context.Request.Headers.ContainsKey("anthropic-version") ? "anthropic-version: header is required"
        : !request.TryGetProperty("max_tokens", out var limit) || limit.ValueKind != JsonValueKind.Number ? "max_tokens: Field required"
        : !request.TryGetProperty("model", out var model) || model.ValueKind != JsonValueKind.String ? "model: Field required"
        : !request.TryGetProperty("messages", out var messages) || messages.ValueKind != JsonValueKind.Array || messages.GetArrayLength() == 0 ? "messages: at least one message is required"
        : messages.EnumerateArray().Any(message => message.GetProperty("role").GetString() is not ("user" or "assistant")) ? "messages: Unexpected role"
        : null;

    private static async Task StreamAsync(Sse events, string model, EmulatedAnswer answer, bool thinks)
    {
        events.Begin();
        var index = thinks ? 1 : 0;
        if (!await events.SendAsync(Event("message_start", ("message", Message(model, answer, 1, []))))
            || (thinks && !await ThinkAsync(events))
            || !await events.SendAsync(Event("content_block_start", ("index", index), ("content_block", answer.Call is null ? Text("") : ToolUse(answer.Call, new JsonObject()))))
            || !await events.SendAsync(Event("ping")))
        {
            return;
        }

        var deltas = answer.Call is { } call
            ? call.Arguments.Chunk(8).Select(piece => new JsonObject { ["type"] = "input_json_delta", ["partial_json"] = new string(piece) })
            : answer.Tokens.Select(token => new JsonObject { ["type"] = "text_delta", ["text"] = token.Text });
        foreach (var delta in deltas)
        {
            if (!await events.SendAsync(Event("content_block_delta", ("index", index), ("delta", delta))))
            {
                return;
            }
        }

        await events.SendAsync(Event("content_block_stop", ("index", index)));
        await events.SendAsync(Event(
            "message_delta",
            ("delta", new JsonObject { ["stop_reason"] = StopReason(answer), ["stop_sequence"] = null }),
            ("usage", new JsonObject { ["output_tokens"] = answer.CompletionTokens })));
        await events.SendAsync(Event("message_stop"));
    }

    private static async Task<bool> ThinkAsync(Sse events)
    {
        var thought = AnthropicRules.Thought();
        return await events.SendAsync(Event("content_block_start", ("index", 0), ("content_block", new JsonObject { ["type"] = "thinking", ["thinking"] = "", ["signature"] = "" })))
            && await events.SendAsync(Event("content_block_delta", ("index", 0), ("delta", new JsonObject { ["type"] = "thinking_delta", ["thinking"] = thought["thinking"]!.DeepClone() })))
            && await events.SendAsync(Event("content_block_delta", ("index", 0), ("delta", new JsonObject { ["type"] = "signature_delta", ["signature"] = thought["signature"]!.DeepClone() })))
            && await events.SendAsync(Event("content_block_stop", ("index", 0)));
    }

    private static JsonObject Event(string type, params (string Name, JsonNode? Value)[] fields)
    {
        var node = new JsonObject { ["type"] = type };
        foreach (var (name, value) in fields)
        {
            node[name] = value;
        }

        return node;
    }

    private static JsonObject Message(string model, EmulatedAnswer answer, int outputTokens, JsonArray content) => new()
    {
        ["id"] = $"msg_emulated_{answer.PromptTokens}_{answer.CompletionTokens}",
        ["type"] = "message",
        ["role"] = "assistant",
        ["model"] = model,
        ["emulated"] = true,
        ["content"] = content,
        ["stop_reason"] = null,
        ["stop_sequence"] = null,
        ["usage"] = new JsonObject { ["input_tokens"] = answer.PromptTokens, ["cache_creation_input_tokens"] = 0, ["cache_read_input_tokens"] = 0, ["output_tokens"] = outputTokens },
    };

    private static JsonObject Text(string text) => new() { ["type"] = "text", ["text"] = text };

    private static JsonObject ToolUse(FunctionCall call, JsonNode input) => new() { ["type"] = "tool_use", ["id"] = $"toolu_emulated_{call.Name}", ["name"] = call.Name, ["input"] = input };

    private static string StopReason(EmulatedAnswer answer) => answer.Call is not null ? "tool_use" : answer.Length ? "max_tokens" : "end_turn";

    private static FunctionCall? Call(JsonElement request, JsonElement last)
    {
        if (!request.TryGetProperty("tools", out var tools) || tools.GetArrayLength() == 0
            || (request.TryGetProperty("tool_choice", out var choice) && choice.GetProperty("type").ValueEquals("none"))
            || (last.GetProperty("content") is { ValueKind: JsonValueKind.Array } blocks && blocks.EnumerateArray().Any(block => block.GetProperty("type").ValueEquals("tool_result"))))
        {
            return null;
        }

        return new(tools[0].GetProperty("name").GetString()!, SchemaSample.Of(tools[0].GetProperty("input_schema")));
    }

    private static JsonElement? Schema(JsonElement request) =>
        request.TryGetProperty("output_config", out var output) && output.TryGetProperty("format", out var format) && format.TryGetProperty("schema", out var schema) ? schema : null;
}
