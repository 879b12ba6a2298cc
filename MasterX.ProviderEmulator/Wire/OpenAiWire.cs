using System.Text.Json;
using System.Text.Json.Nodes;
using MasterX.ProviderEmulator.Answers;
using MasterX.ProviderEmulator.Faults;

namespace MasterX.ProviderEmulator.Wire;

/// <summary>OpenAI's chat completions, plain and streamed, embeddings and responses, for <c>groq</c> and <c>openai</c> (<see href="https://platform.openai.com/docs/api-reference/chat"/>).</summary>
internal static class OpenAiWire
{
    /// <summary>2026-01-01, so that answers do not depend on the clock.</summary>
    public const long Created = 1_767_225_600;

    public static void MapOpenAiWire(this WebApplication app)
    {
        foreach (var provider in new[] { "groq", "openai" })
        {
            app.MapPost($"/{provider}/chat/completions", (HttpContext context, FaultTable faults) => CompleteAsync(context, provider, faults.Of(provider)));
            app.MapPost($"/{provider}/responses", (HttpContext context, FaultTable faults, KeptResponses kept) => ResponsesWire.RespondAsync(context, provider, faults.Of(provider), kept));
            app.MapGet($"/{provider}/responses/{{id}}", (HttpContext context, string id, KeptResponses kept) => kept.WriteAsync(context, provider, id));
            app.MapDelete($"/{provider}/responses/{{id}}", (HttpContext context, string id, KeptResponses kept) => kept.DeleteAsync(context, provider, id));
            app.MapPost($"/{provider}/embeddings", (HttpContext context) => EmbedAsync(context, provider));
            app.MapGet($"/{provider}/models", () => TypedResults.Ok(new { @object = "list", data = new[] { new { id = $"{provider}-emulated", @object = "model", created = Created, owned_by = provider } } }));
        }
    }

    private static async Task CompleteAsync(HttpContext context, string provider, Fault? fault)
    {
        if (await ReadAsync(context, provider) is not { } request)
        {
            return;
        }

        if (!request.TryGetProperty("messages", out var messages) || messages.ValueKind != JsonValueKind.Array || messages.GetArrayLength() == 0
            || !request.TryGetProperty("model", out var model) || model.ValueKind != JsonValueKind.String)
        {
            await ErrorBodies.WriteAsync(context, provider, 400, "'model' and 'messages' are required.");
            return;
        }

        var last = messages[messages.GetArrayLength() - 1];
        var answer = EmulatedAnswer.To(
            provider, model.GetString()!, Content(last), messages.EnumerateArray().Sum(message => Content(message).Length),
            Number(request, "max_completion_tokens") ?? Number(request, "max_tokens"), Schema(request), Call(request, last));
        if (request.TryGetProperty("stream", out var stream) && stream.ValueKind == JsonValueKind.True)
        {
            await StreamAsync(new Sse(context, fault), request, model.GetString()!, answer);
        }
        else
        {
            await PlainAnswer.WriteAsync(context, fault, Completion(request, model.GetString()!, answer));
        }
    }

    private static JsonObject Completion(JsonElement request, string model, EmulatedAnswer answer)
    {
        var message = new JsonObject { ["role"] = "assistant", ["content"] = answer.Call is null ? answer.Text : null, ["refusal"] = null };
        if (answer.Call is { } call)
        {
            message["tool_calls"] = new JsonArray(ToolCall(call, index: null));
        }

        var count = Math.Clamp(Number(request, "n") ?? 1, 1, 8);
        return new JsonObject
        {
            ["id"] = Id(model, answer),
            ["object"] = "chat.completion",
            ["created"] = Created,
            ["model"] = model,
            ["emulated"] = true,
            ["choices"] = new JsonArray([.. Enumerable.Range(0, count).Select(index => (JsonNode)new JsonObject
            {
                ["index"] = index,
                ["message"] = message.DeepClone(),
                ["logprobs"] = Wants(request, "logprobs") ? LogProbabilities(answer.Tokens) : null,
                ["finish_reason"] = FinishReason(answer),
            })]),
            ["usage"] = Usage(answer, count),
        };
    }

    private static async Task StreamAsync(Sse events, JsonElement request, string model, EmulatedAnswer answer)
    {
        events.Begin();
        var usage = request.TryGetProperty("stream_options", out var options) && Wants(options, "include_usage");
        if (!await events.SendAsync(Chunk(model, answer, new JsonObject { ["role"] = "assistant", ["content"] = "" }, null, usage)))
        {
            return;
        }

        if (answer.Call is { } call)
        {
            var begin = ToolCall(call with { Arguments = "" }, index: 0);
            if (!await events.SendAsync(Chunk(model, answer, new JsonObject { ["tool_calls"] = new JsonArray(begin) }, null, usage)))
            {
                return;
            }

            foreach (var piece in call.Arguments.Chunk(8).Select(characters => new string(characters)))
            {
                var delta = new JsonObject { ["tool_calls"] = new JsonArray(new JsonObject { ["index"] = 0, ["function"] = new JsonObject { ["arguments"] = piece } }) };
                if (!await events.SendAsync(Chunk(model, answer, delta, null, usage)))
                {
                    return;
                }
            }
        }
        else
        {
            foreach (var token in answer.Tokens)
            {
                var chunk = Chunk(model, answer, new JsonObject { ["content"] = token.Text }, null, usage);
                if (Wants(request, "logprobs"))
                {
                    chunk["choices"]![0]!["logprobs"] = LogProbabilities([token]);
                }

                if (!await events.SendAsync(chunk))
                {
                    return;
                }
            }
        }

        if (!await events.SendAsync(Chunk(model, answer, [], FinishReason(answer), usage)))
        {
            return;
        }

        if (usage)
        {
            var last = Chunk(model, answer, [], null, usage: false);
            last["choices"] = new JsonArray();
            last["usage"] = Usage(answer, 1);
            await events.SendAsync(last);
        }

        await events.WriteAsync("[DONE]");
    }

    private static JsonObject Chunk(string model, EmulatedAnswer answer, JsonObject delta, string? finish, bool usage)
    {
        var chunk = new JsonObject
        {
            ["id"] = Id(model, answer),
            ["object"] = "chat.completion.chunk",
            ["created"] = Created,
            ["model"] = model,
            ["emulated"] = true,
            ["choices"] = new JsonArray(new JsonObject { ["index"] = 0, ["delta"] = delta, ["logprobs"] = null, ["finish_reason"] = finish }),
        };
        if (usage)
        {
            chunk["usage"] = null;
        }

        return chunk;
    }

    private static async Task EmbedAsync(HttpContext context, string provider)
    {
        if (await ReadAsync(context, provider) is not { } request)
        {
            return;
        }

        string[] inputs = request.TryGetProperty("input", out var input) ? input.ValueKind switch
        {
            JsonValueKind.String => [input.GetString()!],
            JsonValueKind.Array => [.. input.EnumerateArray().Select(item => item.ToString())],
            _ => [],
        } : [];
        if (inputs.Length == 0)
        {
            await ErrorBodies.WriteAsync(context, provider, 400, "'input' is required.");
            return;
        }

        var dimensions = Math.Clamp(Number(request, "dimensions") ?? 8, 1, 4096);
        var base64 = request.TryGetProperty("encoding_format", out var format) && format.ValueEquals("base64");
        var tokens = inputs.Sum(text => Math.Max(1, text.Length / 4));
        await PlainAnswer.WriteAsync(context, null, new JsonObject
        {
            ["object"] = "list",
            ["model"] = request.TryGetProperty("model", out var model) ? model.GetString() : null,
            ["emulated"] = true,
            ["data"] = new JsonArray([.. inputs.Select((text, index) => (JsonNode)new JsonObject
            {
                ["object"] = "embedding",
                ["index"] = index,
                ["embedding"] = Embedding(text, dimensions, base64),
            })]),
            ["usage"] = new JsonObject { ["prompt_tokens"] = tokens, ["total_tokens"] = tokens },
        });
    }

    private static JsonNode Embedding(string text, int dimensions, bool base64)
    {
        var vector = new float[dimensions];
        for (var i = 0; i < vector.Length; i++)
        {
            vector[i] = MathF.Sin((text.Length + 1) * (i + 1) + (text.Length > 0 ? text[i % text.Length] : 0));
        }

        return base64
            ? JsonValue.Create(Convert.ToBase64String(System.Runtime.InteropServices.MemoryMarshal.AsBytes<float>(vector)))
            : new JsonArray([.. vector.Select(value => (JsonNode)value)]);
    }

    /// <returns>The request's object; <see langword="null"/> when it is none, with the error already written.</returns>
    public static async Task<JsonElement?> ReadAsync(HttpContext context, string provider)
    {
        if (!context.Request.Headers.ContainsKey("Authorization") && !context.Request.Headers.ContainsKey("x-goog-api-key") && !context.Request.Headers.ContainsKey("x-api-key"))
        {
            await ErrorBodies.WriteAsync(context, provider, 401, "A key is required.", provider == "gemini" ? null : "invalid_api_key");
            return null;
        }

        try
        {
            var request = await JsonSerializer.DeserializeAsync<JsonElement>(context.Request.Body, cancellationToken: context.RequestAborted);
            if (request.ValueKind == JsonValueKind.Object)
            {
                return request;
            }
        }
        catch (JsonException)
        {
            // Answered below, as an array or a number is.
        }

        await ErrorBodies.WriteAsync(context, provider, 400, "The body is not a JSON object.");
        return null;
    }

    private static JsonObject ToolCall(FunctionCall call, int? index)
    {
        var node = new JsonObject
        {
            ["id"] = $"call_emulated_{call.Name}",
            ["type"] = "function",
            ["function"] = new JsonObject { ["name"] = call.Name, ["arguments"] = call.Arguments },
        };
        if (index is { } place)
        {
            node.Insert(0, "index", place);
        }

        return node;
    }

    private static JsonObject LogProbabilities(IEnumerable<(string Text, double LogProbability)> tokens) => new()
    {
        ["content"] = new JsonArray([.. tokens.Select(token => (JsonNode)new JsonObject { ["token"] = token.Text, ["logprob"] = token.LogProbability, ["bytes"] = null, ["top_logprobs"] = new JsonArray() })]),
        ["refusal"] = null,
    };

    private static JsonObject Usage(EmulatedAnswer answer, int count) => new()
    {
        ["prompt_tokens"] = answer.PromptTokens,
        ["completion_tokens"] = answer.CompletionTokens * count,
        ["total_tokens"] = answer.PromptTokens + answer.CompletionTokens * count,
    };

    private static string FinishReason(EmulatedAnswer answer) => answer.Call is not null ? "tool_calls" : answer.Length ? "length" : "stop";

    private static string Id(string model, EmulatedAnswer answer) => $"chatcmpl-emulated-{model}-{answer.PromptTokens}-{answer.CompletionTokens}";

    private static FunctionCall? Call(JsonElement request, JsonElement last)
    {
        // A tool's result is answered in words; anything else, with tools at hand, by calling the first of them.
        if (!request.TryGetProperty("tools", out var tools) || tools.ValueKind != JsonValueKind.Array || tools.GetArrayLength() == 0
            || last.TryGetProperty("tool_call_id", out _)
            || (request.TryGetProperty("tool_choice", out var choice) && choice.ValueEquals("none")))
        {
            return null;
        }

        var function = tools[0].GetProperty("function");
        return new(function.GetProperty("name").GetString()!, function.TryGetProperty("parameters", out var parameters) ? SchemaSample.Of(parameters) : "{}");
    }

    private static JsonElement? Schema(JsonElement request) =>
        request.TryGetProperty("response_format", out var format) && format.ValueKind == JsonValueKind.Object && format.TryGetProperty("type", out var type)
            ? type.GetString() switch
            {
                "json_schema" when format.TryGetProperty("json_schema", out var wrapper) && wrapper.TryGetProperty("schema", out var schema) => schema,
                "json_object" => JsonElement.Parse("""{"type":"object","properties":{"emulated":{"type":"boolean"}}}"""),
                _ => null,
            }
            : null;

    public static string Content(JsonElement message) => !message.TryGetProperty("content", out var content) ? "" : content.ValueKind switch
    {
        JsonValueKind.String => content.GetString()!,
        JsonValueKind.Array => string.Concat(content.EnumerateArray().Select(part => part.TryGetProperty("text", out var text) ? text.GetString() : "")),
        _ => "",
    };

    private static bool Wants(JsonElement request, string name) =>
        request.ValueKind == JsonValueKind.Object && request.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.True;

    private static int? Number(JsonElement request, string name) =>
        request.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) ? number : null;
}
