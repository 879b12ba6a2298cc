using System.Text.Json;
using MasterX.AiGateway.Telemetry;
using MasterX.AiGateway.Translation.Vocabulary;

namespace MasterX.AiGateway.Translation.Answers;

/// <summary>What whole and streamed chat completions have in common.</summary>
internal static class ChatFormat
{
    /// <param name="reason">Why the answer ended.</param>
    /// <param name="isRefused">Whether the model said itself that it will not answer: the text is in <c>refusal</c> then.</param>
    /// <param name="isLegacy">Whether the caller speaks of functions rather than of tools.</param>
    public static string FinishReason(StopReason reason, bool isRefused, bool isLegacy) => reason switch
    {
        StopReason.MaxTokens or StopReason.ContextFull => "length",
        StopReason.ToolCalls => isLegacy ? "function_call" : "tool_calls",
        StopReason.ContentFilter => "content_filter",
        StopReason.Refusal when !isRefused => "content_filter",
        _ => "stop",
    };

    /// <summary><c>usage</c>, with what was read from and written to the provider's cache, and what was thought.</summary>
    public static void WriteUsage(TokenUsage usage, Utf8JsonWriter json)
    {
        json.WriteStartObject("usage");
        json.WriteNumber("prompt_tokens", usage.Input);
        json.WriteNumber("completion_tokens", usage.Output);
        json.WriteNumber("total_tokens", usage.Input + usage.Output);
        json.WriteStartObject("prompt_tokens_details");
        json.WriteNumber("cached_tokens", usage.CachedInput);
        if (usage.CacheWrite > 0)
        {
            json.WriteNumber("cache_write_tokens", usage.CacheWrite);
        }

        if (usage.AudioInput > 0)
        {
            json.WriteNumber("audio_tokens", usage.AudioInput);
        }

        json.WriteEndObject();
        json.WriteStartObject("completion_tokens_details");
        json.WriteNumber("reasoning_tokens", usage.Reasoning);
        if (usage.AudioOutput > 0)
        {
            json.WriteNumber("audio_tokens", usage.AudioOutput);
        }

        json.WriteEndObject();
        json.WriteEndObject();
    }

    /// <summary>
    /// An element of <c>reasoning_details</c>, as OpenRouter has them: whole, so that a client which keeps the elements as they come has
    /// what the provider wants back.
    /// </summary>
    /// <param name="text">The thought; <see langword="null"/> for one that is not shown.</param>
    /// <param name="signature">The provider's; <see langword="null"/> for none.</param>
    /// <param name="index">Of the thought, in the answer.</param>
    /// <param name="json">Receives it.</param>
    public static void WriteThought(string? text, Signature? signature, int index, Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("type", text is null ? "reasoning.encrypted" : "reasoning.text");
        if (text is null)
        {
            json.WriteString("data", signature?.Value);
        }
        else
        {
            json.WriteString("text", text);
            if (signature is not null)
            {
                json.WriteString("signature", signature.Value);
            }
        }

        var (format, id) = signature?.Detail ?? ("unknown", null);
        json.WriteString("format", format);
        if (id is not null)
        {
            json.WriteString("id", id);
        }

        json.WriteNumber("index", index);
        json.WriteEndObject();
    }

    /// <summary>Gemini's signature on a text or call, where Google's own OpenAI-compatible API has it.</summary>
    public static void WriteGoogleSignature(Signature signature, Utf8JsonWriter json)
    {
        json.WriteStartObject("extra_content");
        json.WriteStartObject("google");
        json.WriteString("thought_signature", signature.Value);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    /// <summary>The members of an element of <c>tool_calls</c>.</summary>
    /// <param name="call">The call.</param>
    /// <param name="arguments">Its arguments, or its input, as far as they have come.</param>
    /// <param name="json">Stands in an object.</param>
    public static void WriteCall(AnswerCall call, string arguments, Utf8JsonWriter json)
    {
        var isFreeform = call.Tool.Shape == ToolShape.Freeform;
        json.WriteString("id", call.Id);
        json.WriteString("type", isFreeform ? "custom" : "function");
        json.WriteStartObject(isFreeform ? "custom" : "function");
        json.WriteString("name", call.Tool.Name);
        json.WriteString(isFreeform ? "input" : "arguments", arguments);
        json.WriteEndObject();
        if (call.Signature is { } signature)
        {
            WriteGoogleSignature(signature, json);
        }
    }

    /// <summary>The call of a caller who speaks of functions; or a piece of its arguments, without a name.</summary>
    public static void WriteLegacyCall(string? name, string arguments, Utf8JsonWriter json)
    {
        json.WriteStartObject("function_call");
        if (name is not null)
        {
            json.WriteString("name", name);
        }

        json.WriteString("arguments", arguments);
        json.WriteEndObject();
    }

    public static void WriteCitation(string url, string? title, Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("type", "url_citation");
        json.WriteStartObject("url_citation");
        json.WriteString("url", url);
        json.WriteString("title", title ?? url);
        json.WriteNumber("start_index", 0);
        json.WriteNumber("end_index", 0);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    /// <summary>An image the model made, as an element of <c>images</c>.</summary>
    public static void WriteImage(Media image, int index, Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("type", "image_url");
        json.WriteStartObject("image_url");
        json.WriteString("url", UrlOf(image));
        json.WriteEndObject();
        json.WriteNumber("index", index);
        json.WriteEndObject();
    }

    /// <summary>Where the bytes are, or a data URL of them.</summary>
    public static string UrlOf(Media media) => media.Url ?? $"data:{media.MediaType ?? "application/octet-stream"};base64,{media.Base64}";

    public static bool IsSound(Media media) => media.MediaType?.StartsWith("audio/", StringComparison.OrdinalIgnoreCase) == true && !media.Base64.IsEmpty;

    /// <summary><c>audio</c>, which has the bytes alone.</summary>
    public static void WriteSound(Media sound, string id, Utf8JsonWriter json)
    {
        json.WriteStartObject("audio");
        json.WriteString("id", id);
        json.WriteString("data", sound.Base64.Span);
        json.WriteNumber("expires_at", 0);
        json.WriteString("transcript", "");
        json.WriteEndObject();
    }

    /// <summary>The provider's name for the answer, in OpenAI's form.</summary>
    public static string IdOf(string? id) =>
        id is not { Length: > 0 } ? AnswerStreamWriter.NewId("chatcmpl-") : id.StartsWith("chatcmpl-", StringComparison.Ordinal) ? id : "chatcmpl-" + id;
}
