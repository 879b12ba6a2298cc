using System.Text.Json;
using static MasterX.AiGateway.Telemetry.GenAiJson;

namespace MasterX.AiGateway.Telemetry;

/// <summary>A message's content in the conventions' schema: a text, or parts as chat completions or as responses name them.</summary>
internal static class GenAiParts
{
    public static void Write(GenAiContentWriter writer, JsonElement content)
    {
        if (content.ValueKind != JsonValueKind.Array)
        {
            writer.Text(TextOf(content));
            return;
        }

        foreach (var part in content.EnumerateArray().TakeWhile(_ => !writer.IsFull))
        {
            WritePart(writer, part);
        }
    }

    private static void WritePart(GenAiContentWriter writer, JsonElement part)
    {
        switch (Text(part, "type"u8))
        {
            case "text" or "input_text" or "output_text" when Field(part, "text"u8) is { } text:
                writer.Text(TextOf(text));
                break;
            case "refusal" when Field(part, "refusal"u8) is { } refusal:
                writer.Refusal(TextOf(refusal));
                break;
            case "image_url" when Field(part, "image_url"u8) is { } image:
                GenAiMedia.WriteUrl(writer, "image", Text(image, "url"u8) ?? TextOf(image));
                break;
            case "input_image" when Text(part, "image_url"u8) is { } url:
                GenAiMedia.WriteUrl(writer, "image", url);
                break;
            case "input_image":
                GenAiMedia.WriteFile(writer, "image", part);
                break;
            case "input_audio" when Field(part, "input_audio"u8) is { } audio:
                GenAiMedia.WriteAudio(writer, audio);
                break;
            case "file" when Field(part, "file"u8) is { } file:
                GenAiMedia.WriteFile(writer, "document", file);
                break;
            case "input_file":
                GenAiMedia.WriteFile(writer, "document", part);
                break;
            case { } kind and not ("text" or "refusal" or "file"):
                writer.Other(kind, part);
                break;
            default:
                writer.Text(TextOf(part));
                break;
        }
    }
}
