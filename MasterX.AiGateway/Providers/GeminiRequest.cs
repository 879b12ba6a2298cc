using System.Text.Json;
using static MasterX.AiGateway.Providers.ChatFields;

namespace MasterX.AiGateway.Providers;

/// <summary>
/// An OpenAI chat completion request as Gemini's <c>generateContent</c> takes it
/// (<see href="https://ai.google.dev/api/generate-content"/>): system messages become <c>systemInstruction</c>, assistant turns the role <c>model</c>,
/// tool calls <c>functionCall</c>, tool results <c>functionResponse</c>, data URLs <c>inlineData</c>, sampling parameters <c>generationConfig</c>.
/// </summary>
internal static class GeminiRequest
{
    public static void Write(JsonElement request, Utf8JsonWriter json)
    {
        json.WriteStartObject();
        var messages = request.GetProperty("messages");
        WriteSystemInstruction(messages, json);
        WriteContents(messages, json);
        WriteTools(request, json);
        WriteGenerationConfig(request, json);
        json.WriteEndObject();
    }

    private static void WriteSystemInstruction(JsonElement messages, Utf8JsonWriter json)
    {
        var begun = false;
        foreach (var message in messages.EnumerateArray())
        {
            if (Text(message, "role") is not ("system" or "developer"))
            {
                continue;
            }

            if (!begun)
            {
                json.WriteStartObject("systemInstruction");
                json.WriteStartArray("parts");
                begun = true;
            }

            WriteParts(message, json);
        }

        if (begun)
        {
            json.WriteEndArray();
            json.WriteEndObject();
        }
    }

    private static void WriteContents(JsonElement messages, Utf8JsonWriter json)
    {
        json.WriteStartArray("contents");
        string? open = null;
        foreach (var message in messages.EnumerateArray())
        {
            var role = Text(message, "role") switch
            {
                "system" or "developer" => null,
                "assistant" => "model",
                "user" or "tool" or "function" => "user",
                var other => throw new UntranslatableRequestException($"The role '{other}' of a message is not known.", "messages"),
            };
            if (role is null)
            {
                continue;
            }

            // Turns alternate in Gemini's format: neighbours of one role, such as several tool results, are one turn.
            if (role != open)
            {
                EndTurn(open, json);
                json.WriteStartObject();
                json.WriteString("role", role);
                json.WriteStartArray("parts");
                open = role;
            }

            if (message.TryGetProperty("tool_call_id", out var callId))
            {
                WriteFunctionResponse(messages, message, callId, json);
            }
            else
            {
                WriteParts(message, json);
                WriteFunctionCalls(message, json);
            }
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

    private static void WriteParts(JsonElement message, Utf8JsonWriter json)
    {
        if (!message.TryGetProperty("content", out var content) || content.ValueKind == JsonValueKind.Null)
        {
            return;
        }

        if (content.ValueKind == JsonValueKind.String)
        {
            WriteTextPart(content, json);
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
                case "text" when part.TryGetProperty("text", out var text):
                    WriteTextPart(text, json);
                    break;
                case "image_url" when part.TryGetProperty("image_url", out var image):
                    WriteImage(Text(image, "url") ?? "", json);
                    break;
                case var other:
                    throw new UntranslatableRequestException($"A content part of type '{other}' cannot be sent to Gemini.", "messages");
            }
        }
    }

    private static void WriteTextPart(JsonElement text, Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WritePropertyName("text");
        text.WriteTo(json);
        json.WriteEndObject();
    }

    /// <summary>A data URL (RFC 2397) carries the image; any other URL is for Gemini to fetch.</summary>
    private static void WriteImage(string url, Utf8JsonWriter json)
    {
        json.WriteStartObject();
        if (DataUrl.TryParse(url, out var image))
        {
            json.WriteStartObject("inlineData");
            json.WriteString("mimeType", image.MediaType);
            json.WriteString("data", image.Base64.Span);
            json.WriteEndObject();
        }
        else
        {
            json.WriteStartObject("fileData");
            json.WriteString("fileUri", url);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private static void WriteFunctionCalls(JsonElement message, Utf8JsonWriter json)
    {
        if (!message.TryGetProperty("tool_calls", out var calls) || calls.ValueKind != JsonValueKind.Array)
        {
            return;
        }

        foreach (var call in calls.EnumerateArray())
        {
            if (!call.TryGetProperty("function", out var function))
            {
                throw new UntranslatableRequestException("Only tool calls of type 'function' can be sent to Gemini.", "messages");
            }

            json.WriteStartObject();
            json.WriteStartObject("functionCall");
            json.WriteString("name", Text(function, "name"));
            json.WritePropertyName("args");
            WriteObjectOr(Text(function, "arguments") ?? "{}", "arguments", json);
            json.WriteEndObject();
            json.WriteEndObject();
        }
    }

    private static void WriteFunctionResponse(JsonElement messages, JsonElement message, JsonElement callId, Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteStartObject("functionResponse");
        json.WriteString("name", FindFunctionName(messages, callId));
        json.WritePropertyName("response");
        WriteObjectOr(Flatten(message), "result", json);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    /// <summary>OpenAI's tool result names the call only; Gemini wants the function's name.</summary>
    private static string FindFunctionName(JsonElement messages, JsonElement callId)
    {
        foreach (var message in messages.EnumerateArray())
        {
            if (!message.TryGetProperty("tool_calls", out var calls) || calls.ValueKind != JsonValueKind.Array)
            {
                continue;
            }

            foreach (var call in calls.EnumerateArray())
            {
                if (call.TryGetProperty("id", out var id) && JsonElement.DeepEquals(id, callId) && call.TryGetProperty("function", out var function))
                {
                    return Text(function, "name") ?? "";
                }
            }
        }

        throw new UntranslatableRequestException($"No tool call before it has the id '{callId}' of a tool message.", "messages");
    }

    private static void WriteTools(JsonElement request, Utf8JsonWriter json)
    {
        if (request.TryGetProperty("tools", out var tools) && tools.ValueKind == JsonValueKind.Array && tools.GetArrayLength() > 0)
        {
            json.WriteStartArray("tools");
            json.WriteStartObject();
            json.WriteStartArray("functionDeclarations");
            foreach (var tool in tools.EnumerateArray())
            {
                if (!tool.TryGetProperty("function", out var function))
                {
                    throw new UntranslatableRequestException("Only tools of type 'function' can be sent to Gemini.", "tools");
                }

                json.WriteStartObject();
                Copy(function, "name", "name", json);
                Copy(function, "description", "description", json);
                Copy(function, "parameters", "parametersJsonSchema", json);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
            json.WriteEndArray();
        }

        if (request.TryGetProperty("tool_choice", out var choice))
        {
            WriteToolChoice(choice, json);
        }
    }

    private static void WriteToolChoice(JsonElement choice, Utf8JsonWriter json)
    {
        var named = choice.ValueKind == JsonValueKind.Object && choice.TryGetProperty("function", out var function) ? Text(function, "name") : null;
        var mode = choice.ValueKind == JsonValueKind.String ? choice.GetString() : null;
        json.WriteStartObject("toolConfig");
        json.WriteStartObject("functionCallingConfig");
        json.WriteString("mode", (mode, named) switch
        {
            (_, not null) or ("required", _) => "ANY",
            ("none", _) => "NONE",
            _ => "AUTO",
        });
        if (named is not null)
        {
            json.WriteStartArray("allowedFunctionNames");
            json.WriteStringValue(named);
            json.WriteEndArray();
        }

        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteGenerationConfig(JsonElement request, Utf8JsonWriter json)
    {
        json.WriteStartObject("generationConfig");
        Copy(request, "temperature", "temperature", json);
        Copy(request, "top_p", "topP", json);
        Copy(request, "n", "candidateCount", json);
        Copy(request, "seed", "seed", json);
        Copy(request, "presence_penalty", "presencePenalty", json);
        Copy(request, "frequency_penalty", "frequencyPenalty", json);
        Copy(request, request.TryGetProperty("max_completion_tokens", out _) ? "max_completion_tokens" : "max_tokens", "maxOutputTokens", json);
        if (request.TryGetProperty("stop", out var stop))
        {
            WriteStop(stop, "stopSequences", json);
        }

        if (request.TryGetProperty("response_format", out var format) && format.ValueKind == JsonValueKind.Object)
        {
            WriteResponseFormat(format, json);
        }

        if (Text(request, "reasoning_effort") is { } effort)
        {
            WriteThinking(effort, json);
        }

        json.WriteEndObject();
    }

    private static void WriteResponseFormat(JsonElement format, Utf8JsonWriter json)
    {
        switch (Text(format, "type"))
        {
            case "json_object":
                json.WriteString("responseMimeType", "application/json");
                break;
            case "json_schema" when format.TryGetProperty("json_schema", out var schema):
                json.WriteString("responseMimeType", "application/json");
                Copy(schema, "schema", "responseJsonSchema", json);
                break;
        }
    }

    /// <summary>The budgets are those of Google's own OpenAI-compatible endpoint (<see href="https://ai.google.dev/gemini-api/docs/openai#thinking"/>).</summary>
    private static void WriteThinking(string effort, Utf8JsonWriter json)
    {
        int? budget = effort switch
        {
            "none" => 0,
            "minimal" or "low" => 1024,
            "medium" => 8192,
            "high" => 24576,
            _ => null,
        };
        if (budget is { } tokens)
        {
            json.WriteStartObject("thinkingConfig");
            json.WriteNumber("thinkingBudget", tokens);
            json.WriteEndObject();
        }
    }
}
