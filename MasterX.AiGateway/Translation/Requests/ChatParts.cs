using System.Text.Json;
using MasterX.AiGateway.Providers;
using MasterX.AiGateway.Translation.Vocabulary;

namespace MasterX.AiGateway.Translation.Requests;

/// <summary>Parts of a user's message, as OpenAI's chat format has them.</summary>
internal static class ChatParts
{
    /// <exception cref="UntranslatableRequestException">The format has no such part.</exception>
    public static void Write(Part part, Utf8JsonWriter json)
    {
        switch (part)
        {
            case TextPart { Text.Length: 0 }:
                return;
            case TextPart text:
                json.WriteStartObject();
                json.WriteString("type", "text");
                json.WriteString("text", text.Text);
                break;
            case ImagePart { Media.FileId: null } image:
                json.WriteStartObject();
                json.WriteString("type", "image_url");
                json.WriteStartObject("image_url");
                json.WriteString("url", UrlOf(image.Media));
                if (image.Detail is { } detail)
                {
                    json.WriteString("detail", detail);
                }

                json.WriteEndObject();
                break;
            case AudioPart { Media: { Base64.IsEmpty: false } media }:
                json.WriteStartObject();
                json.WriteString("type", "input_audio");
                json.WriteStartObject("input_audio");
                json.WriteString("data", media.Base64.Span);
                json.WriteString("format", (media.MediaType ?? "audio/wav").Replace("audio/", "", StringComparison.Ordinal));
                json.WriteEndObject();
                break;
            case FilePart { Media: { Url: null } media } file:
                json.WriteStartObject();
                json.WriteString("type", "file");
                json.WriteStartObject("file");
                if (media.FileId is { } id)
                {
                    json.WriteString("file_id", id);
                }
                else
                {
                    json.WriteString("filename", file.Name ?? "document.pdf");
                    json.WriteString("file_data", UrlOf(media));
                }

                json.WriteEndObject();
                break;
            default:
                throw new UntranslatableRequestException($"A content part of type '{PartNames.Of(part)}' cannot be said in the chat completions format as it is.", "messages");
        }

        json.WriteEndObject();
    }

    private static string UrlOf(Media media) => media.Url ?? $"data:{media.MediaType ?? "application/octet-stream"};base64,{media.Base64}";
}
