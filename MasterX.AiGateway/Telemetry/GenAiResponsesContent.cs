using System.Text.Json;
using static MasterX.AiGateway.Telemetry.GenAiJson;

namespace MasterX.AiGateway.Telemetry;

/// <summary>
/// Items of responses (<see href="https://platform.openai.com/docs/api-reference/responses/create"/>) in the conventions' schema. An item
/// of a request is a message of
/// its own; those of an answer are the parts of one message, as they are one generation. <c>instructions</c> stand apart from the history,
/// and so they do in the
/// conventions: <c>gen_ai.system_instructions</c>.
/// </summary>
internal static class GenAiResponsesContent
{
    /// <summary>One item of a request's <c>input</c>.</summary>
    public static void WriteItem(GenAiContentWriter writer, JsonElement item)
    {
        writer.BeginMessage(Role(item));
        WriteParts(writer, item);
        writer.EndMessage();
    }

    /// <summary>A response's <c>output</c>, as one message.</summary>
    public static void WriteOutput(GenAiContentWriter writer, JsonElement response, string finishReason)
    {
        writer.BeginMessage("assistant");
        foreach (var item in Elements(response, "output"u8))
        {
            if (writer.IsFull)
            {
                break;
            }

            WriteParts(writer, item);
        }

        writer.EndMessage(finishReason);
    }

    /// <summary>A text, or items with content.</summary>
    public static void WriteInstructions(GenAiContentWriter writer, JsonElement instructions)
    {
        if (instructions.ValueKind != JsonValueKind.Array)
        {
            writer.Text(TextOf(instructions));
            return;
        }

        foreach (var item in instructions.EnumerateArray())
        {
            if (writer.IsFull)
            {
                return;
            }

            GenAiParts.Write(writer, Field(item, "content"u8) ?? item);
        }
    }

    /// <summary>
    /// In the words of chat completions: <c>stop</c>, <c>length</c>, <c>content_filter</c>, <c>tool_calls</c>; <c>error</c> for a response
    /// that failed or came to no end.
    /// </summary>
    public static string FinishReason(JsonElement response)
    {
        switch (Text(response, "status"u8))
        {
            case "completed":
                foreach (var item in Elements(response, "output"u8))
                {
                    if (Text(item, "type"u8) is "function_call" or "custom_tool_call")
                    {
                        return "tool_calls";
                    }
                }

                return "stop";
            case "incomplete":
                return Text(Field(response, "incomplete_details"u8), "reason"u8) == "content_filter" ? "content_filter" : "length";
            default:
                return "error";
        }
    }

    private static string Role(JsonElement item) => Text(item, "type"u8) switch
    {
        "function_call_output" or "custom_tool_call_output" => "tool",
        null or "message" => Text(item, "role"u8) switch
        {
            "developer" => "system",
            null => "user",
            var role => BoundedJsonArray.Cut(role, 64),
        },
        _ => "assistant",
    };

    private static void WriteParts(GenAiContentWriter writer, JsonElement item)
    {
        switch (Text(item, "type"u8))
        {
            case null or "message":
                GenAiParts.Write(writer, Field(item, "content"u8) ?? item);
                break;
            case "reasoning":
                WriteReasoning(writer, item);
                break;
            case "function_call" or "custom_tool_call":
                var arguments = Field(item, "arguments"u8) ?? Field(item, "input"u8);
                var id = Text(item, "call_id"u8) ?? Text(item, "id"u8);
                writer.ToolCall(id, Text(item, "name"u8), arguments is { } given ? TextOf(given) : null);
                break;
            case "function_call_output" or "custom_tool_call_output":
                writer.ToolCallResponse(Text(item, "call_id"u8), Field(item, "output"u8) is { } output ? TextOf(output) : "");
                break;
            case { } kind when kind.EndsWith("_call", StringComparison.Ordinal):
                writer.ServerToolCall(kind, item);
                break;
            case { } kind:
                writer.Other(kind, item);
                break;
        }
    }

    private static void WriteReasoning(GenAiContentWriter writer, JsonElement item)
    {
        WriteTexts("summary"u8);
        WriteTexts("content"u8);

        void WriteTexts(ReadOnlySpan<byte> name)
        {
            foreach (var part in Elements(item, name))
            {
                if (!writer.IsFull && Text(part, "text"u8) is { } text)
                {
                    writer.Reasoning(text);
                }
            }
        }
    }
}
