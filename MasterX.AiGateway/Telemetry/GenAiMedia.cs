using System.Text.Json;
using static MasterX.AiGateway.Telemetry.GenAiJson;

namespace MasterX.AiGateway.Telemetry;

/// <summary>Images, audio and files of a message, which chat completions and responses write in much the same way.</summary>
internal static class GenAiMedia
{
    /// <summary>Data within a URL is a blob, as the conventions want it; anything else is where to find it.</summary>
    public static void WriteUrl(GenAiContentWriter writer, string modality, string url)
    {
        var comma = url.StartsWith("data:", StringComparison.OrdinalIgnoreCase) ? url.IndexOf(',', StringComparison.Ordinal) : -1;
        if (comma < 0)
        {
            writer.Uri(modality, null, url);
            return;
        }

        var type = url[5..comma].Split(';')[0];
        writer.Blob(modality, type.Length == 0 ? null : BoundedJsonArray.Cut(type, 100), url[(comma + 1)..]);
    }

    /// <summary><c>{"data":"…","format":"wav"}</c>.</summary>
    public static void WriteAudio(GenAiContentWriter writer, JsonElement audio)
    {
        if (Text(audio, "data"u8) is { } data)
        {
            var type = Text(audio, "format"u8) is { } format ? $"audio/{BoundedJsonArray.Cut(format, 30)}" : null;
            writer.Blob("audio", type, data, Text(audio, "transcript"u8));
        }
        else
        {
            writer.File("audio", Text(audio, "id"u8) ?? "");
        }
    }

    /// <summary><c>{"file_id"}</c>, <c>{"file_url"}</c> or <c>{"file_data":"data:application/pdf;base64,…"}</c>.</summary>
    public static void WriteFile(GenAiContentWriter writer, string modality, JsonElement file)
    {
        if (Text(file, "file_id"u8) is { } id)
        {
            writer.File(modality, id);
        }
        else
        {
            WriteUrl(writer, modality, Text(file, "file_data"u8) ?? Text(file, "file_url"u8) ?? "");
        }
    }
}
