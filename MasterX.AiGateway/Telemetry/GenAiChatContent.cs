using System.Text.Json;
using static MasterX.AiGateway.Telemetry.GenAiJson;

namespace MasterX.AiGateway.Telemetry;

/// <summary>
/// Messages of chat completions (<see href="https://platform.openai.com/docs/api-reference/chat/create"/>) in the conventions' schema:
/// those of a request, and the
/// choices of an answer. A system message is part of the history here, so it stays where it was said, with the role <c>system</c>.
/// </summary>
internal static class GenAiChatContent
{
    /// <summary>One message of a request.</summary>
    public static void WriteMessage(GenAiContentWriter writer, JsonElement message)
    {
        var role = Role(Text(message, "role"u8));
        writer.BeginMessage(role);
        WriteParts(writer, message, role);
        writer.EndMessage();
    }

    /// <summary>One choice of an answer.</summary>
    public static void WriteChoice(GenAiContentWriter writer, JsonElement choice)
    {
        var message = Field(choice, "message"u8) ?? default;
        writer.BeginMessage(Role(Text(message, "role"u8) ?? "assistant"));
        WriteParts(writer, message, "assistant");
        writer.EndMessage(FinishReason(Text(choice, "finish_reason"u8)));
    }

    public static void WriteTools(GenAiContentWriter writer, JsonElement request)
    {
        foreach (var tool in Elements(request, "tools"u8))
        {
            if (writer.IsFull)
            {
                break;
            }

            var kind = Text(tool, "type"u8) ?? "function";
            var described = Field(tool, "function"u8) ?? Field(tool, "custom"u8) ?? tool;
            var name = Text(described, "name"u8) ?? Text(tool, "server_label"u8) ?? kind;
            writer.Tool(kind, name, Text(described, "description"u8), Field(described, "parameters"u8));
        }
    }

    /// <summary>The schema's own words, where it has one: <c>tool_call</c>, and <c>error</c> for an answer that came to no end.</summary>
    public static string FinishReason(string? reason) => reason switch
    {
        "tool_calls" or "function_call" => "tool_call",
        null => "error",
        _ => BoundedJsonArray.Cut(reason, 64),
    };

    private static string Role(string? role) => role switch
    {
        // OpenAI's newer name for it.
        "developer" => "system",
        "function" => "tool",
        null => "user",
        _ => BoundedJsonArray.Cut(role, 64),
    };

    private static void WriteParts(GenAiContentWriter writer, JsonElement message, string role)
    {
        // DeepSeek's and vLLM's name for it, and OpenRouter's and Groq's.
        if ((Text(message, "reasoning_content"u8) ?? Text(message, "reasoning"u8)) is { Length: > 0 } reasoning)
        {
            writer.Reasoning(reasoning);
        }

        if (Field(message, "content"u8) is { } content)
        {
            if (role == "tool")
            {
                writer.ToolCallResponse(Text(message, "tool_call_id"u8) ?? Text(message, "name"u8), ToolResult(content));
            }
            else
            {
                GenAiParts.Write(writer, content);
            }
        }

        if (Text(message, "refusal"u8) is { Length: > 0 } refusal)
        {
            writer.Refusal(refusal);
        }

        if (Field(message, "audio"u8) is { } audio)
        {
            GenAiMedia.WriteAudio(writer, audio);
        }

        foreach (var call in Elements(message, "tool_calls"u8))
        {
            if (writer.IsFull)
            {
                return;
            }

            WriteCall(writer, Text(call, "id"u8), Field(call, "function"u8) ?? Field(call, "custom"u8) ?? call);
        }

        if (Field(message, "function_call"u8) is { } legacy)
        {
            WriteCall(writer, null, legacy);
        }
    }

    private static void WriteCall(GenAiContentWriter writer, string? id, JsonElement call)
    {
        var arguments = Field(call, "arguments"u8) ?? Field(call, "input"u8);
        writer.ToolCall(id, Text(call, "name"u8), arguments is { } given ? TextOf(given) : null);
    }

    /// <summary>A tool's result is a text, or parts that are texts.</summary>
    private static string ToolResult(JsonElement content)
    {
        if (content.ValueKind != JsonValueKind.Array)
        {
            return TextOf(content);
        }

        var text = new System.Text.StringBuilder();
        foreach (var part in content.EnumerateArray())
        {
            text.Append(Text(part, "text"u8));
        }

        return text.ToString();
    }
}
