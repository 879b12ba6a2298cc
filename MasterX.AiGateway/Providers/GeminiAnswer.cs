using System.Text.Json;
using MasterX.AiGateway.Providers.Classification;
using MasterX.AiGateway.Telemetry;
using static MasterX.AiGateway.Providers.ChatFields;

namespace MasterX.AiGateway.Providers;

/// <summary>
/// A Gemini <c>GenerateContentResponse</c> (<see href="https://ai.google.dev/api/generate-content#v1beta.GenerateContentResponse"/>)
/// as an OpenAI chat completion.
/// </summary>
internal static class GeminiAnswer
{
    /// <summary>
    /// Whether a response is an answer: one of its candidates says something, or ended for a reason that a caller is told.
    /// </summary>
    public static bool IsAnswer(JsonElement answer) =>
        answer.ValueKind == JsonValueKind.Object
        && answer.TryGetProperty("candidates", out var candidates) && candidates.ValueKind == JsonValueKind.Array
        && candidates.EnumerateArray().Any(IsSaid);

    /// <summary>Whether a candidate says something, or ended for a reason that a caller is told.</summary>
    internal static bool IsSaid(JsonElement candidate) =>
        candidate.ValueKind == JsonValueKind.Object
        && Text(candidate, "finishReason") is var reason
        && !GeminiRows.IsGivenUp(reason)
        && (reason is not (null or "STOP") || candidate.TryGetProperty("content", out var content) && HasSomething(content));

    /// <summary>A part that is more than an empty text or a thought.</summary>
    private static bool HasSomething(JsonElement content) =>
        content.ValueKind == JsonValueKind.Object && content.TryGetProperty("parts", out var parts) && parts.ValueKind == JsonValueKind.Array
        && parts.EnumerateArray().Any(part => part.ValueKind == JsonValueKind.Object && !IsThought(part)
            && (!part.TryGetProperty("text", out var text) || text.ValueKind == JsonValueKind.String && text.GetString()!.Length > 0));

    /// <summary>Tokens as Gemini counts them: thinking is apart from the candidates' tokens, and billed as output.</summary>
    public static TokenUsage? ReadUsage(JsonElement answer) =>
        answer.TryGetProperty("usageMetadata", out var usage) && usage.ValueKind == JsonValueKind.Object
            ? new TokenUsage(
                Count(usage, "promptTokenCount") + Count(usage, "toolUsePromptTokenCount"),
                Count(usage, "candidatesTokenCount") + Count(usage, "thoughtsTokenCount"),
                Count(usage, "cachedContentTokenCount"),
                Reasoning: Count(usage, "thoughtsTokenCount"))
            : null;

    /// <param name="answer">A response for which <see cref="IsAnswer"/> holds.</param>
    /// <param name="model">The model that was asked.</param>
    /// <param name="created">Seconds since 1970.</param>
    /// <param name="json">Receives the chat completion.</param>
    public static void Write(JsonElement answer, string model, long created, Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("id", "chatcmpl-" + (Text(answer, "responseId") ?? Guid.NewGuid().ToString("N")));
        json.WriteString("object", "chat.completion");
        json.WriteNumber("created", created);
        json.WriteString("model", Text(answer, "modelVersion") ?? model);
        json.WriteStartArray("choices");
        var index = 0;
        if (answer.TryGetProperty("candidates", out var candidates))
        {
            foreach (var candidate in candidates.EnumerateArray())
            {
                WriteChoice(candidate, index++, json);
            }
        }

        json.WriteEndArray();
        WriteUsage(answer, json);
        json.WriteEndObject();
    }

    private static void WriteChoice(JsonElement candidate, int index, Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteNumber("index", candidate.TryGetProperty("index", out var given) && given.TryGetInt32(out var number) ? number : index);
        json.WriteStartObject("message");
        json.WriteString("role", "assistant");
        var calls = WriteMessage(candidate, json);
        json.WriteEndObject();
        json.WriteString("finish_reason", FinishReason(Text(candidate, "finishReason"), calls));
        json.WriteNull("logprobs");

        // OpenAI has no field for the mean alone; clients leave alone what they do not know.
        if (candidate.TryGetProperty("avgLogprobs", out var mean) && mean.ValueKind == JsonValueKind.Number)
        {
            json.WritePropertyName("avg_logprobs");
            mean.WriteTo(json);
        }

        json.WriteEndObject();
    }

    /// <returns>Whether the model called functions.</returns>
    private static bool WriteMessage(JsonElement candidate, Utf8JsonWriter json)
    {
        JsonElement[] parts = candidate.TryGetProperty("content", out var content) && content.ValueKind == JsonValueKind.Object
            && content.TryGetProperty("parts", out var array) && array.ValueKind == JsonValueKind.Array
                ? [.. array.EnumerateArray().Where(part => part.ValueKind == JsonValueKind.Object)]
                : [];
        var texts = parts.Where(part => !IsThought(part) && part.TryGetProperty("text", out _)).ToArray();
        JsonElement[] calls = [.. parts.Where(part => part.TryGetProperty("functionCall", out _)).Select(part => part.GetProperty("functionCall"))];
        if (texts.Length == 0 && calls.Length > 0)
        {
            json.WriteNull("content");
        }
        else
        {
            json.WriteString("content", texts.Length == 1 ? Text(texts[0], "text") : string.Concat(texts.Select(text => Text(text, "text"))));
        }

        if (calls.Length == 0)
        {
            return false;
        }

        json.WriteStartArray("tool_calls");
        foreach (var call in calls)
        {
            json.WriteStartObject();
            WriteToolCall(call, json);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        return true;
    }

    /// <summary>A <c>functionCall</c> as the fields of an OpenAI tool call.</summary>
    internal static void WriteToolCall(JsonElement call, Utf8JsonWriter json)
    {
        json.WriteString("id", Text(call, "id") ?? "call_" + Guid.NewGuid().ToString("N")[..24]);
        json.WriteString("type", "function");
        json.WriteStartObject("function");
        json.WriteString("name", Text(call, "name"));
        json.WriteString("arguments", call.TryGetProperty("args", out var arguments) ? arguments.GetRawText() : "{}");
        json.WriteEndObject();
    }

    private static void WriteUsage(JsonElement answer, Utf8JsonWriter json)
    {
        if (ReadUsage(answer) is not { } tokens)
        {
            return;
        }

        json.WriteStartObject("usage");
        json.WriteNumber("prompt_tokens", tokens.Input);
        json.WriteNumber("completion_tokens", tokens.Output);
        json.WriteNumber("total_tokens", tokens.Input + tokens.Output);
        json.WriteStartObject("prompt_tokens_details");
        json.WriteNumber("cached_tokens", tokens.CachedInput);
        json.WriteEndObject();
        json.WriteStartObject("completion_tokens_details");
        json.WriteNumber("reasoning_tokens", Count(answer.GetProperty("usageMetadata"), "thoughtsTokenCount"));
        json.WriteEndObject();
        json.WriteEndObject();
    }

    internal static string FinishReason(string? reason, bool calls) => reason switch
    {
        "MAX_TOKENS" => "length",
        "SAFETY" or "RECITATION" or "BLOCKLIST" or "PROHIBITED_CONTENT" or "SPII" or "IMAGE_SAFETY" => "content_filter",
        _ => calls ? "tool_calls" : "stop",
    };

    internal static string? BlockReason(JsonElement answer) =>
        answer.TryGetProperty("promptFeedback", out var feedback) ? Text(feedback, "blockReason") : null;

    internal static bool IsThought(JsonElement part) => part.TryGetProperty("thought", out var thought) && thought.ValueKind == JsonValueKind.True;
}
