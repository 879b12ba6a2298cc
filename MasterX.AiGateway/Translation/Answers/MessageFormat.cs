using System.Text.Json;
using MasterX.AiGateway.Telemetry;
using MasterX.AiGateway.Translation.Vocabulary;

namespace MasterX.AiGateway.Translation.Answers;

/// <summary>What whole and streamed messages of Anthropic's API have in common.</summary>
internal static class MessageFormat
{
    /// <summary><c>stop_reason</c> (<see href="https://docs.anthropic.com/en/api/handling-stop-reasons"/>).</summary>
    public static string ReasonOf(StopReason reason) => reason switch
    {
        StopReason.MaxTokens => "max_tokens",
        StopReason.ContextFull => "model_context_window_exceeded",
        StopReason.ToolCalls => "tool_use",
        StopReason.ContentFilter or StopReason.Refusal => "refusal",
        StopReason.StopSequence => "stop_sequence",
        StopReason.Paused => "pause_turn",
        _ => "end_turn",
    };

    /// <summary><c>usage</c>: here what was read from and written to the cache is apart from the input.</summary>
    public static void WriteUsage(TokenUsage usage, Utf8JsonWriter json)
    {
        json.WriteStartObject("usage");
        json.WriteNumber("input_tokens", Math.Max(0, usage.Input - usage.CachedInput - usage.CacheWrite));
        json.WriteNumber("cache_creation_input_tokens", usage.CacheWrite);
        json.WriteNumber("cache_read_input_tokens", usage.CachedInput);
        if (usage.CacheWriteHour > 0)
        {
            json.WriteStartObject("cache_creation");
            json.WriteNumber("ephemeral_5m_input_tokens", usage.CacheWrite - usage.CacheWriteHour);
            json.WriteNumber("ephemeral_1h_input_tokens", usage.CacheWriteHour);
            json.WriteEndObject();
        }

        json.WriteNumber("output_tokens", usage.Output);
        json.WriteEndObject();
    }

    /// <summary>The provider's name for the answer, in Anthropic's form.</summary>
    public static string IdOf(string? id) =>
        id is not { Length: > 0 } ? AnswerStreamWriter.NewId("msg_") : id.StartsWith("msg_", StringComparison.Ordinal) ? id : "msg_" + id;

    /// <summary>The format has no images of the model's: one is given as Markdown gives it, by its address or its bytes.</summary>
    public static string TextOf(Media media) => $"![{media.MediaType ?? "image"}]({ChatFormat.UrlOf(media)})";

    public static void WriteCitation(string url, string? title, Utf8JsonWriter json)
    {
        json.WriteString("type", "web_search_result_location");
        json.WriteString("url", url);
        json.WriteString("title", title);
        json.WriteString("cited_text", "");
        json.WriteString("encrypted_index", "");
    }
}
