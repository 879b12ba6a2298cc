using System.Text;
using System.Text.Json;
using MasterX.AiGateway.Providers;
using MasterX.AiGateway.Translation.Vocabulary;

namespace MasterX.AiGateway.Translation.Requests;

/// <summary>
/// Writes the parts of a request's turns as Converse's content blocks
/// (<see href="https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ContentBlock.html"/>). Bytes stand in them, or the
/// address of something in S3; nothing is fetched from anywhere else.
/// </summary>
/// <param name="takesMarks">Whether the model takes marks for its cache.</param>
/// <param name="loss">Told of what is left out.</param>
/// <param name="json">Receives them.</param>
internal sealed class ConverseBlocks(bool takesMarks, Loss loss, Utf8JsonWriter json)
{
    /// <summary>Formats by media type; what is not here is refused.</summary>
    private static readonly Dictionary<string, (string Kind, string Format)> Formats = new(StringComparer.OrdinalIgnoreCase)
    {
        ["image/png"] = ("image", "png"), ["image/jpeg"] = ("image", "jpeg"), ["image/gif"] = ("image", "gif"), ["image/webp"] = ("image", "webp"),
        ["application/pdf"] = ("document", "pdf"), ["text/csv"] = ("document", "csv"), ["text/html"] = ("document", "html"),
        ["text/plain"] = ("document", "txt"), ["text/markdown"] = ("document", "md"), ["application/json"] = ("document", "txt"), ["text/xml"] = ("document", "txt"),
        ["application/msword"] = ("document", "doc"), ["application/vnd.ms-excel"] = ("document", "xls"),
        ["application/vnd.openxmlformats-officedocument.wordprocessingml.document"] = ("document", "docx"),
        ["application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"] = ("document", "xlsx"),
        ["video/mp4"] = ("video", "mp4"), ["video/quicktime"] = ("video", "mov"), ["video/webm"] = ("video", "webm"), ["video/mpeg"] = ("video", "mpeg"),
        ["video/x-matroska"] = ("video", "mkv"), ["video/x-flv"] = ("video", "flv"), ["video/x-ms-wmv"] = ("video", "wmv"), ["video/3gpp"] = ("video", "three_gp"),
        ["audio/mp3"] = ("audio", "mp3"), ["audio/mpeg"] = ("audio", "mp3"), ["audio/wav"] = ("audio", "wav"), ["audio/flac"] = ("audio", "flac"),
        ["audio/ogg"] = ("audio", "ogg"), ["audio/aac"] = ("audio", "aac"), ["audio/m4a"] = ("audio", "m4a"), ["audio/opus"] = ("audio", "opus"),
        ["audio/pcm"] = ("audio", "pcm"), ["audio/webm"] = ("audio", "webm"),
    };

    private const string S3 = "s3://";

    /// <summary>No two documents of a request may have the same name.</summary>
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);

    /// <exception cref="UntranslatableRequestException">The format has no way to say it.</exception>
    public void Write(Part part)
    {
        switch (part)
        {
            case TextPart text:
                WriteText(text.Text);
                break;
            case RefusalPart refusal:
                WriteText(refusal.Text);
                break;
            case ThinkingPart { Signature: { Family: Signature.Bedrock } signature } thought:
                json.WriteStartObject();
                json.WriteStartObject("reasoningContent");
                json.WriteStartObject("reasoningText");
                json.WriteString("text", thought.Text);
                json.WriteString("signature", signature.Value);
                json.WriteEndObject();
                json.WriteEndObject();
                json.WriteEndObject();
                break;
            case HiddenThinkingPart { Signature: { Family: Signature.Bedrock } data }:
                json.WriteStartObject();
                json.WriteStartObject("reasoningContent");
                json.WriteString("redactedContent", data.Value);
                json.WriteEndObject();
                json.WriteEndObject();
                break;
            case ImagePart image:
                WriteMedia(image, image.Media, null);
                break;
            case FilePart file:
                WriteMedia(file, file.Media, file.Name);
                break;
            case VideoPart video:
                WriteMedia(video, video.Media, null);
                break;
            case AudioPart audio:
                WriteMedia(audio, audio.Media, null);
                break;
            case ToolCallPart call:
                json.WriteStartObject();
                json.WriteStartObject("toolUse");
                json.WriteString("toolUseId", CallIds.Bedrock.Of(call.Id));
                json.WriteString("name", call.Name);
                json.WritePropertyName("input");
                ToolArguments.WriteObject(call.Arguments, "arguments", json);
                json.WriteEndObject();
                json.WriteEndObject();
                break;
            case ToolResultPart result:
                WriteResult(result);
                break;
            default:
                throw new UntranslatableRequestException($"A content part of type '{PartNames.Of(part)}' cannot be said in {ConverseRequestWriter.Format}.", "messages");
        }

        WriteMark(part.CacheMark);
    }

    /// <summary>A mark is a block of its own, behind what it is for.</summary>
    public void WriteMark(CacheMark? mark)
    {
        if (mark is null)
        {
            return;
        }

        if (!takesMarks)
        {
            loss.Ignore("cache_control");
            return;
        }

        json.WriteStartObject();
        json.WriteStartObject("cachePoint");
        json.WriteString("type", "default");
        if (mark.TimeToLive is { } time)
        {
            json.WriteString("ttl", time);
        }

        json.WriteEndObject();
        json.WriteEndObject();
    }

    private void WriteText(string text)
    {
        json.WriteStartObject();
        json.WriteString("text", text);
        json.WriteEndObject();
    }

    private void WriteResult(ToolResultPart result)
    {
        json.WriteStartObject();
        json.WriteStartObject("toolResult");
        json.WriteString("toolUseId", CallIds.Bedrock.Of(result.CallId));
        json.WriteStartArray("content");
        Part[] parts = [.. result.Content.Where(part => part is not TextPart text || !string.IsNullOrWhiteSpace(text.Text))];
        foreach (var part in parts)
        {
            // No mark stands within a result.
            if (part.CacheMark is not null)
            {
                loss.Ignore("cache_control");
            }

            Write(part with { CacheMark = null });
        }

        if (parts.Length == 0)
        {
            // A result must have something in it.
            json.WriteStartObject();
            json.WriteStartObject("json");
            json.WriteEndObject();
            json.WriteEndObject();
        }

        json.WriteEndArray();
        if (result.IsError)
        {
            json.WriteString("status", "error");
        }

        json.WriteEndObject();
        json.WriteEndObject();
    }

    private void WriteMedia(Part part, Media media, string? name)
    {
        if (media.MediaType is null || !Formats.TryGetValue(media.MediaType, out var format))
        {
            throw new UntranslatableRequestException($"A content part of type '{PartNames.Of(part)}' of {media.MediaType ?? "an unknown type"} cannot be said in {ConverseRequestWriter.Format}.", "messages");
        }

        if (media.Base64.IsEmpty && media.Url?.StartsWith(S3, StringComparison.Ordinal) != true)
        {
            throw new UntranslatableRequestException($"A content part of type '{PartNames.Of(part)}' can be said in {ConverseRequestWriter.Format} by its bytes or its address in S3 only.", "messages");
        }

        json.WriteStartObject();
        json.WriteStartObject(format.Kind);
        json.WriteString("format", format.Format);
        if (format.Kind == "document")
        {
            json.WriteString("name", NameOf(name));
        }

        json.WriteStartObject("source");
        if (media.Base64.IsEmpty)
        {
            json.WriteStartObject("s3Location");
            json.WriteString("uri", media.Url);
            json.WriteEndObject();
        }
        else
        {
            json.WriteString("bytes", media.Base64.Span);
        }

        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteEndObject();
    }

    /// <summary>A document's name, of the signs it may have: letters, digits, single spaces, hyphens, parentheses, brackets.</summary>
    private string NameOf(string? name)
    {
        var tidy = new StringBuilder();
        foreach (var sign in name ?? "document")
        {
            var fit = char.IsAsciiLetterOrDigit(sign) || sign is '-' or '(' or ')' or '[' or ']' ? sign : ' ';
            if (fit != ' ' || (tidy.Length > 0 && tidy[^1] != ' '))
            {
                tidy.Append(fit);
            }
        }

        var first = tidy.ToString(0, Math.Min(tidy.Length, 180)).Trim();
        first = first.Length > 0 ? first : "document";
        var unique = first;
        for (var number = 2; !_names.Add(unique); number++)
        {
            unique = $"{first} ({number})";
        }

        return unique;
    }
}
