using System.Diagnostics;
using System.Text.Json;
using static MasterX.AiGateway.Telemetry.GenAiJson;

namespace MasterX.AiGateway.Telemetry;

/// <summary>
/// Messages of Anthropic's API (<see href="https://docs.anthropic.com/en/api/messages"/>) in the conventions' schema: those of a request,
/// and an answer.
/// </summary>
internal static class GenAiMessagesContent
{
    public static void WriteMessage(GenAiContentWriter writer, JsonElement message)
    {
        writer.BeginMessage(Text(message, "role"u8) is { } role ? BoundedJsonArray.Cut(role, 64) : "user");
        WriteBlocks(writer, Field(message, "content"u8) ?? default);
        writer.EndMessage();
    }

    /// <summary>The request's <c>system</c>: a text, or blocks.</summary>
    public static void WriteSystem(GenAiContentWriter writer, JsonElement system) => WriteBlocks(writer, system);

    /// <summary>Tools have their names here at the top, and the schema under another name.</summary>
    public static void WriteTools(GenAiContentWriter writer, JsonElement request)
    {
        foreach (var tool in Elements(request, "tools"u8).TakeWhile(_ => !writer.IsFull))
        {
            var kind = Text(tool, "type"u8) is { } type and not "custom" ? type : "function";
            writer.Tool(kind, Text(tool, "name"u8) ?? kind, Text(tool, "description"u8), Field(tool, "input_schema"u8));
        }
    }

    public static void DescribeAnswer(Activity activity, JsonElement answer, bool captures)
    {
        var reason = Text(answer, "stop_reason"u8);
        activity.SetTag("gen_ai.response.finish_reasons", new[] { reason is null ? "error" : BoundedJsonArray.Cut(reason, 64) });
        if (captures)
        {
            using var output = new GenAiContentWriter();
            output.BeginMessage("assistant");
            WriteBlocks(output, Field(answer, "content"u8) ?? default);
            output.EndMessage(FinishReason(reason));
            activity.SetTag("gen_ai.output.messages", output.ToString());
        }
    }

    /// <summary>In the schema's own words, where it has one.</summary>
    public static string FinishReason(string? reason) => reason switch
    {
        "end_turn" or "stop_sequence" => "stop",
        "max_tokens" or "model_context_window_exceeded" => "length",
        "tool_use" => "tool_call",
        "refusal" => "content_filter",
        null => "error",
        _ => BoundedJsonArray.Cut(reason, 64),
    };

    private static void WriteBlocks(GenAiContentWriter writer, JsonElement content)
    {
        if (content.ValueKind == JsonValueKind.String)
        {
            writer.Text(TextOf(content));
        }
        else if (content.ValueKind == JsonValueKind.Array)
        {
            foreach (var block in content.EnumerateArray().TakeWhile(_ => !writer.IsFull))
            {
                WriteBlock(writer, block);
            }
        }
    }

    private static void WriteBlock(GenAiContentWriter writer, JsonElement block)
    {
        switch (Text(block, "type"u8))
        {
            case "text":
                writer.Text(Text(block, "text"u8) ?? "");
                break;
            case "thinking":
                writer.Reasoning(Text(block, "thinking"u8) ?? "");
                break;
            case "tool_use":
                writer.ToolCall(Text(block, "id"u8), Text(block, "name"u8), Field(block, "input"u8)?.GetRawText());
                break;
            case "tool_result":
                writer.ToolCallResponse(Text(block, "tool_use_id"u8), ResultText(Field(block, "content"u8) ?? default));
                break;
            case "image" when Field(block, "source"u8) is { } source:
                WriteSource(writer, "image", source);
                break;
            case "document" when Field(block, "source"u8) is { } source:
                WriteSource(writer, "document", source);
                break;
            case { } kind:
                writer.Other(kind, block);
                break;
            default:
                writer.Text(TextOf(block));
                break;
        }
    }

    private static void WriteSource(GenAiContentWriter writer, string modality, JsonElement source)
    {
        switch (Text(source, "type"u8))
        {
            case "base64":
                writer.Blob(modality, Text(source, "media_type"u8) is { } type ? BoundedJsonArray.Cut(type, 100) : null, Text(source, "data"u8) ?? "");
                break;
            case "url":
                writer.Uri(modality, null, Text(source, "url"u8) ?? "");
                break;
            case "file":
                writer.File(modality, Text(source, "file_id"u8) ?? "");
                break;
            default:
                writer.Other(modality, source);
                break;
        }
    }

    private static string ResultText(JsonElement content)
    {
        if (content.ValueKind != JsonValueKind.Array)
        {
            return content.ValueKind == JsonValueKind.Undefined ? "" : TextOf(content);
        }

        var text = new System.Text.StringBuilder();
        foreach (var part in content.EnumerateArray())
        {
            text.Append(Text(part, "text"u8));
        }

        return text.ToString();
    }
}
