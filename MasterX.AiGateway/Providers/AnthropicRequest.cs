using System.Text.Json;
using static MasterX.AiGateway.Providers.ChatFields;

namespace MasterX.AiGateway.Providers;

/// <summary>
/// An OpenAI chat completion request as Anthropic's Messages API takes it (<see href="https://docs.anthropic.com/en/api/messages"/>): system messages become
/// <c>system</c>, tool calls <c>tool_use</c> blocks, tool results <c>tool_result</c> blocks of a user turn, data URLs <c>image</c> blocks.
/// Left out, as the API has nothing like them and answers stay valid without: <c>seed</c>, <c>logprobs</c>, <c>logit_bias</c>, penalties.
/// </summary>
internal static class AnthropicRequest
{
    /// <summary>The API wants a limit; OpenAI's does not. High enough for any usual answer, and taken by every current model.</summary>
    private const int DefaultMaxTokens = 4096;

    public static void Write(JsonElement request, string model, bool stream, Utf8JsonWriter json)
    {
        if (request.TryGetProperty("n", out var n) && n.ValueKind == JsonValueKind.Number && n.GetDouble() > 1)
        {
            throw new UntranslatableRequestException("Anthropic gives one answer at a time; 'n' must be 1.", "n");
        }

        var messages = request.GetProperty("messages");
        json.WriteStartObject();
        json.WriteString("model", model);
        WriteLimit(request, json);
        WriteSystem(messages, json);
        WriteMessages(messages, json);
        WriteTools(request, json);
        WriteSampling(request, json);
        if (stream)
        {
            json.WriteBoolean("stream", true);
        }

        json.WriteEndObject();
    }

    private static void WriteLimit(JsonElement request, Utf8JsonWriter json)
    {
        foreach (var name in new[] { "max_completion_tokens", "max_tokens" })
        {
            if (request.TryGetProperty(name, out var limit) && limit.ValueKind == JsonValueKind.Number)
            {
                json.WritePropertyName("max_tokens");
                limit.WriteTo(json);
                return;
            }
        }

        json.WriteNumber("max_tokens", DefaultMaxTokens);
    }

    private static void WriteSystem(JsonElement messages, Utf8JsonWriter json)
    {
        var system = string.Join("\n\n", messages.EnumerateArray().Where(message => Text(message, "role") is "system" or "developer").Select(Flatten));
        if (system.Length > 0)
        {
            json.WriteString("system", system);
        }
    }

    private static void WriteMessages(JsonElement messages, Utf8JsonWriter json)
    {
        json.WriteStartArray("messages");
        string? open = null;
        foreach (var message in messages.EnumerateArray())
        {
            var role = Text(message, "role") switch
            {
                "system" or "developer" => null,
                "assistant" => "assistant",
                "user" or "tool" or "function" => "user",
                var other => throw new UntranslatableRequestException($"The role '{other}' of a message is not known.", "messages"),
            };
            if (role is null)
            {
                continue;
            }

            // Results of several tools belong into one user turn, which must follow the turn that called them.
            if (role != open)
            {
                EndTurn(open, json);
                json.WriteStartObject();
                json.WriteString("role", role);
                json.WriteStartArray("content");
                open = role;
            }

            WriteBlocks(message, json);
        }

        EndTurn(open, json);
        json.WriteEndArray();
    }

    private static void EndTurn(string? open, Utf8JsonWriter json)
    {
        if (open is not null)
        {
            json.WriteEndArray();
            json.WriteEndObject();
        }
    }

    private static void WriteBlocks(JsonElement message, Utf8JsonWriter json)
    {
        if (message.TryGetProperty("tool_call_id", out var callId))
        {
            json.WriteStartObject();
            json.WriteString("type", "tool_result");
            json.WriteString("tool_use_id", callId.GetString());
            json.WriteString("content", Flatten(message));
            json.WriteEndObject();
            return;
        }

        if (message.TryGetProperty("content", out var content) && content.ValueKind != JsonValueKind.Null)
        {
            WriteContent(content, json);
        }

        if (!message.TryGetProperty("tool_calls", out var calls) || calls.ValueKind != JsonValueKind.Array)
        {
            return;
        }

        foreach (var call in calls.EnumerateArray())
        {
            if (!call.TryGetProperty("function", out var function))
            {
                throw new UntranslatableRequestException("Only tool calls of type 'function' can be sent to Anthropic.", "messages");
            }

            json.WriteStartObject();
            json.WriteString("type", "tool_use");
            json.WriteString("id", Text(call, "id"));
            json.WriteString("name", Text(function, "name"));
            json.WritePropertyName("input");
            WriteObjectOr(Text(function, "arguments") ?? "{}", "arguments", json);
            json.WriteEndObject();
        }
    }

    private static void WriteContent(JsonElement content, Utf8JsonWriter json)
    {
        if (content.ValueKind == JsonValueKind.String)
        {
            WriteText(content.GetString()!, json);
            return;
        }

        if (content.ValueKind != JsonValueKind.Array)
        {
            throw new UntranslatableRequestException("The content of a message must be a string or an array of parts.", "messages");
        }

        foreach (var part in content.EnumerateArray())
        {
            switch (Text(part, "type"))
            {
                case "text":
                    WriteText(Text(part, "text") ?? "", json);
                    break;
                case "image_url" when part.TryGetProperty("image_url", out var image):
                    WriteImage(Text(image, "url") ?? "", json);
                    break;
                case var other:
                    throw new UntranslatableRequestException($"A content part of type '{other}' cannot be sent to Anthropic.", "messages");
            }
        }
    }

    /// <summary>The API refuses a block without text.</summary>
    private static void WriteText(string text, Utf8JsonWriter json)
    {
        if (text.Length > 0)
        {
            json.WriteStartObject();
            json.WriteString("type", "text");
            json.WriteString("text", text);
            json.WriteEndObject();
        }
    }

    private static void WriteImage(string url, Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("type", "image");
        json.WriteStartObject("source");
        if (DataUrl.TryParse(url, out var image))
        {
            json.WriteString("type", "base64");
            json.WriteString("media_type", image.MediaType);
            json.WriteString("data", image.Base64.Span);
        }
        else
        {
            json.WriteString("type", "url");
            json.WriteString("url", url);
        }

        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteTools(JsonElement request, Utf8JsonWriter json)
    {
        if (!request.TryGetProperty("tools", out var tools) || tools.ValueKind != JsonValueKind.Array || tools.GetArrayLength() == 0)
        {
            return;
        }

        json.WriteStartArray("tools");
        foreach (var tool in tools.EnumerateArray())
        {
            if (!tool.TryGetProperty("function", out var function))
            {
                throw new UntranslatableRequestException("Only tools of type 'function' can be sent to Anthropic.", "tools");
            }

            json.WriteStartObject();
            Copy(function, "name", "name", json);
            Copy(function, "description", "description", json);
            if (function.TryGetProperty("parameters", out var parameters) && parameters.ValueKind == JsonValueKind.Object)
            {
                Copy(function, "parameters", "input_schema", json);
            }
            else
            {
                // A function without parameters; the API wants a schema all the same.
                json.WriteStartObject("input_schema");
                json.WriteString("type", "object");
                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
        WriteToolChoice(request, json);
    }

    private static void WriteToolChoice(JsonElement request, Utf8JsonWriter json)
    {
        var chosen = request.TryGetProperty("tool_choice", out var choice);
        var named = chosen && choice.ValueKind == JsonValueKind.Object && choice.TryGetProperty("function", out var function) ? Text(function, "name") : null;
        var mode = chosen && choice.ValueKind == JsonValueKind.String ? choice.GetString() : null;
        var oneByOne = request.TryGetProperty("parallel_tool_calls", out var parallel) && parallel.ValueKind == JsonValueKind.False;
        if (!chosen && !oneByOne)
        {
            return;
        }

        json.WriteStartObject("tool_choice");
        json.WriteString("type", (mode, named) switch { (_, not null) => "tool", ("required", _) => "any", ("none", _) => "none", _ => "auto" });
        if (named is not null)
        {
            json.WriteString("name", named);
        }

        if (oneByOne && mode != "none")
        {
            json.WriteBoolean("disable_parallel_tool_use", true);
        }

        json.WriteEndObject();
    }

    private static void WriteSampling(JsonElement request, Utf8JsonWriter json)
    {
        // OpenAI's temperatures go to 2, Anthropic's to 1.
        if (request.TryGetProperty("temperature", out var temperature) && temperature.ValueKind == JsonValueKind.Number)
        {
            json.WriteNumber("temperature", Math.Min(1, temperature.GetDouble()));
        }

        Copy(request, "top_p", "top_p", json);
        if (request.TryGetProperty("stop", out var stop))
        {
            WriteStop(stop, "stop_sequences", json);
        }

        if (Text(request, "user") is { } user)
        {
            json.WriteStartObject("metadata");
            json.WriteString("user_id", user);
            json.WriteEndObject();
        }

        if (request.TryGetProperty("response_format", out var format) && Text(format, "type") == "json_schema"
            && format.TryGetProperty("json_schema", out var schema) && schema.ValueKind == JsonValueKind.Object)
        {
            // Structured outputs: https://docs.anthropic.com/en/docs/build-with-claude/structured-outputs
            json.WriteStartObject("output_config");
            json.WriteStartObject("format");
            json.WriteString("type", "json_schema");
            Copy(schema, "schema", "schema", json);
            json.WriteEndObject();
            json.WriteEndObject();
        }
    }
}
