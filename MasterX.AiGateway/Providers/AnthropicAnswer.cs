using System.Text.Json;
using MasterX.AiGateway.Telemetry;
using static MasterX.AiGateway.Providers.ChatFields;

namespace MasterX.AiGateway.Providers;

/// <summary>A message of Anthropic's API (<see href="https://docs.anthropic.com/en/api/messages"/>) as an OpenAI chat completion.</summary>
internal static class AnthropicAnswer
{
    public static bool IsAnswer(JsonElement answer) =>
        answer.ValueKind == JsonValueKind.Object && Text(answer, "type") == "message" && answer.TryGetProperty("content", out var content) && content.ValueKind == JsonValueKind.Array;

    /// <summary>Anthropic counts what was written to and read from its cache apart from the input; OpenAI's count has all of it.</summary>
    public static TokenUsage? ReadUsage(JsonElement message)
    {
        if (!message.TryGetProperty("usage", out var usage) || usage.ValueKind != JsonValueKind.Object)
        {
            return null;
        }

        var (read, written) = (Count(usage, "cache_read_input_tokens"), Count(usage, "cache_creation_input_tokens"));
        return new TokenUsage(Count(usage, "input_tokens") + written + read, Count(usage, "output_tokens"), read, written);
    }

    /// <param name="answer">A message for which <see cref="IsAnswer"/> holds.</param>
    /// <param name="model">The model that was asked.</param>
    /// <param name="created">Seconds since 1970.</param>
    /// <param name="json">Receives the chat completion.</param>
    public static void Write(JsonElement answer, string model, long created, Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("id", "chatcmpl-" + (Text(answer, "id") ?? Guid.NewGuid().ToString("N")));
        json.WriteString("object", "chat.completion");
        json.WriteNumber("created", created);
        json.WriteString("model", Text(answer, "model") ?? model);
        json.WriteStartArray("choices");
        json.WriteStartObject();
        json.WriteNumber("index", 0);
        WriteMessage(answer.GetProperty("content"), json);
        json.WriteString("finish_reason", FinishReason(Text(answer, "stop_reason")));
        json.WriteNull("logprobs");
        json.WriteEndObject();
        json.WriteEndArray();
        if (ReadUsage(answer) is { } usage)
        {
            json.WriteStartObject("usage");
            json.WriteNumber("prompt_tokens", usage.Input);
            json.WriteNumber("completion_tokens", usage.Output);
            json.WriteNumber("total_tokens", usage.Input + usage.Output);
            json.WriteStartObject("prompt_tokens_details");
            json.WriteNumber("cached_tokens", usage.CachedInput);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    /// <summary><c>end_turn</c>, <c>stop_sequence</c>, <c>max_tokens</c>, <c>tool_use</c>, <c>refusal</c>, <c>pause_turn</c>, <c>model_context_window_exceeded</c>.</summary>
    public static string FinishReason(string? reason) => reason switch
    {
        "max_tokens" or "model_context_window_exceeded" => "length",
        "tool_use" => "tool_calls",
        "refusal" => "content_filter",
        _ => "stop",
    };

    /// <summary>Text blocks are the content, in order; thinking is left out, as OpenAI's format has no place for it.</summary>
    private static void WriteMessage(JsonElement blocks, Utf8JsonWriter json)
    {
        JsonElement[] texts = [.. blocks.EnumerateArray().Where(block => Text(block, "type") == "text")];
        JsonElement[] calls = [.. blocks.EnumerateArray().Where(block => Text(block, "type") == "tool_use")];
        json.WriteStartObject("message");
        json.WriteString("role", "assistant");
        json.WriteString("content", texts.Length == 0 && calls.Length > 0 ? null : string.Concat(texts.Select(text => Text(text, "text"))));
        if (calls.Length > 0)
        {
            json.WriteStartArray("tool_calls");
            foreach (var call in calls)
            {
                json.WriteStartObject();
                json.WriteString("id", Text(call, "id"));
                json.WriteString("type", "function");
                json.WriteStartObject("function");
                json.WriteString("name", Text(call, "name"));
                json.WriteString("arguments", call.TryGetProperty("input", out var input) ? input.GetRawText() : "{}");
                json.WriteEndObject();
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        json.WriteEndObject();
    }
}
