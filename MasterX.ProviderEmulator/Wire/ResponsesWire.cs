using System.Text.Json;
using System.Text.Json.Nodes;
using MasterX.ProviderEmulator.Answers;
using MasterX.ProviderEmulator.Faults;

namespace MasterX.ProviderEmulator.Wire;

/// <summary>OpenAI's responses, of text or a call, plain and streamed (<see href="https://platform.openai.com/docs/api-reference/responses"/>).</summary>
internal static class ResponsesWire
{
    private const string CallItem = "fc_emulated";

    public static async Task RespondAsync(HttpContext context, string provider, Fault? fault, KeptResponses kept)
    {
        if (await OpenAiWire.ReadAsync(context, provider) is not { } request)
        {
            return;
        }

        if (!request.TryGetProperty("input", out var input) || !request.TryGetProperty("model", out var model) || model.ValueKind != JsonValueKind.String)
        {
            await ErrorBodies.WriteAsync(context, provider, 400, "'model' and 'input' are required.");
            return;
        }

        var prompt = input.ValueKind == JsonValueKind.String ? input.GetString()! : string.Concat(input.EnumerateArray().Select(OpenAiWire.Content));
        int? limit = request.TryGetProperty("max_output_tokens", out var most) && most.TryGetInt32(out var number) ? number : null;
        var answer = EmulatedAnswer.To(provider, model.GetString()!, prompt, prompt.Length, limit, Schema(request), Call(request, input));
        if (request.TryGetProperty("stream", out var stream) && stream.ValueKind == JsonValueKind.True)
        {
            await StreamAsync(new Sse(context, fault, named: true), model.GetString()!, answer);
        }
        else
        {
            var response = Response(model.GetString()!, answer, answer.Length ? "incomplete" : "completed");
            kept.Keep(provider, response);
            await PlainAnswer.WriteAsync(context, fault, response);
        }
    }

    private static async Task StreamAsync(Sse events, string model, EmulatedAnswer answer)
    {
        events.Begin();
        var sequence = 0;
        if (!await SendAsync("response.created", ("response", Response(model, answer, "in_progress")))
            || !await SendAsync("response.in_progress", ("response", Response(model, answer, "in_progress")))
            || !await SendAsync("response.output_item.added", ("output_index", 0), ("item", answer.Call is { } begun ? Item(begun, "", "in_progress") : Message("", "in_progress"))))
        {
            return;
        }

        if (answer.Call is { } call)
        {
            await SendAsync("response.function_call_arguments.delta", ("item_id", CallItem), ("output_index", 0), ("delta", call.Arguments));
            await SendAsync("response.function_call_arguments.done", ("item_id", CallItem), ("output_index", 0), ("arguments", call.Arguments));
            await SendAsync("response.output_item.done", ("output_index", 0), ("item", Item(call, call.Arguments, "completed")));
            await SendAsync("response.completed", ("response", Response(model, answer, "completed")));
            return;
        }

        await SendAsync("response.content_part.added", ("item_id", "msg_emulated"), ("output_index", 0), ("content_index", 0), ("part", Part("")));

        foreach (var token in answer.Tokens)
        {
            if (!await SendAsync("response.output_text.delta", ("item_id", "msg_emulated"), ("output_index", 0), ("content_index", 0), ("delta", token.Text)))
            {
                return;
            }
        }

        await SendAsync("response.output_text.done", ("item_id", "msg_emulated"), ("output_index", 0), ("content_index", 0), ("text", answer.Text));
        await SendAsync("response.content_part.done", ("item_id", "msg_emulated"), ("output_index", 0), ("content_index", 0), ("part", Part(answer.Text)));
        await SendAsync("response.output_item.done", ("output_index", 0), ("item", Message(answer.Text, "completed")));
        await SendAsync(answer.Length ? "response.incomplete" : "response.completed", ("response", Response(model, answer, answer.Length ? "incomplete" : "completed")));

        Task<bool> SendAsync(string type, params (string Name, JsonNode? Value)[] fields)
        {
            var node = new JsonObject { ["type"] = type, ["sequence_number"] = sequence++ };
            foreach (var (name, value) in fields)
            {
                node[name] = value;
            }

            return events.SendAsync(node);
        }
    }

    private static JsonObject Response(string model, EmulatedAnswer answer, string status)
    {
        var begun = status == "in_progress";
        return new JsonObject
        {
            ["id"] = $"resp_emulated_{answer.PromptTokens}_{answer.CompletionTokens}",
            ["object"] = "response",
            ["created_at"] = OpenAiWire.Created,
            ["status"] = status,
            ["error"] = null,
            ["incomplete_details"] = status == "incomplete" ? new JsonObject { ["reason"] = "max_output_tokens" } : null,
            ["model"] = model,
            ["emulated"] = true,
            ["output"] = begun ? [] : new JsonArray(answer.Call is { } call ? Item(call, call.Arguments, status) : Message(answer.Text, status)),
            ["usage"] = begun ? null : new JsonObject
            {
                ["input_tokens"] = answer.PromptTokens,
                ["input_tokens_details"] = new JsonObject { ["cached_tokens"] = 0 },
                ["output_tokens"] = answer.CompletionTokens,
                ["output_tokens_details"] = new JsonObject { ["reasoning_tokens"] = 0 },
                ["total_tokens"] = answer.PromptTokens + answer.CompletionTokens,
            },
            ["parallel_tool_calls"] = true,
            ["tool_choice"] = "auto",
            ["tools"] = new JsonArray(),
        };
    }

    private static JsonObject Message(string text, string status) => new()
    {
        ["type"] = "message",
        ["id"] = "msg_emulated",
        ["status"] = status,
        ["role"] = "assistant",
        ["content"] = status == "in_progress" ? new JsonArray() : new JsonArray(Part(text)),
    };

    private static JsonObject Part(string text) => new() { ["type"] = "output_text", ["text"] = text, ["annotations"] = new JsonArray(), ["logprobs"] = new JsonArray() };

    private static JsonObject Item(FunctionCall call, string arguments, string status) => new()
    {
        ["type"] = "function_call",
        ["id"] = CallItem,
        ["status"] = status,
        ["call_id"] = $"call_emulated_{call.Name}",
        ["name"] = call.Name,
        ["arguments"] = arguments,
    };

    /// <summary>The first tool, unless the last thing that was said is what a tool gave.</summary>
    private static FunctionCall? Call(JsonElement request, JsonElement input)
    {
        var last = input.ValueKind == JsonValueKind.Array ? input[input.GetArrayLength() - 1] : default;
        return request.TryGetProperty("tools", out var tools) && tools.ValueKind == JsonValueKind.Array && tools.GetArrayLength() > 0
            && !(last.ValueKind == JsonValueKind.Object && last.TryGetProperty("type", out var type) && type.ValueEquals("function_call_output"))
            && tools[0].TryGetProperty("name", out var name)
            ? new(name.GetString()!, tools[0].TryGetProperty("parameters", out var schema) ? SchemaSample.Of(schema) : "{}")
            : null;
    }

    private static JsonElement? Schema(JsonElement request) =>
        request.TryGetProperty("text", out var text) && text.ValueKind == JsonValueKind.Object && text.TryGetProperty("format", out var format) && format.TryGetProperty("schema", out var schema) ? schema : null;
}
