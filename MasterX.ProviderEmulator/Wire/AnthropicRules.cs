using System.Text.Json;
using System.Text.Json.Nodes;

namespace MasterX.ProviderEmulator.Wire;

/// <summary>
/// Rules of Anthropic's API that translations stumble over, with its words for their breach: of thinking
/// (<see href="https://docs.anthropic.com/en/docs/build-with-claude/extended-thinking"/>), of sampling, of turns with tools.
/// </summary>
internal static class AnthropicRules
{
    private const string Signature = "ZW11bGF0ZWQgc2lnbmF0dXJl";

    /// <summary>Whether the model is to think.</summary>
    public static bool Thinks(JsonElement request) =>
        request.TryGetProperty("thinking", out var thinking) && thinking.GetProperty("type").GetString() is "enabled" or "adaptive";

    /// <summary>A thinking block with its signature.</summary>
    public static JsonObject Thought() => new() { ["type"] = "thinking", ["thinking"] = "An emulated thought.", ["signature"] = Signature };

    /// <summary>The first rule that a request breaks.</summary>
    public static string? FindProblem(JsonElement request)
    {
        if (request.TryGetProperty("temperature", out var temperature) && request.TryGetProperty("top_p", out _))
        {
            return "`temperature` and `top_p` cannot both be specified for this model. Please use only one.";
        }

        if (Thinks(request))
        {
            var thinking = request.GetProperty("thinking");
            if (thinking.TryGetProperty("budget_tokens", out var budget) && budget.GetInt32() is var tokens && (tokens < 1024 || tokens >= request.GetProperty("max_tokens").GetInt32()))
            {
                return tokens < 1024 ? "thinking.enabled.budget_tokens: Input should be greater than or equal to 1024" : "`max_tokens` must be greater than `thinking.budget_tokens`.";
            }

            if (temperature.ValueKind == JsonValueKind.Number && temperature.GetDouble() != 1)
            {
                return "`temperature` may only be set to 1 when thinking is enabled.";
            }
        }

        JsonElement[] turns = [.. request.GetProperty("messages").EnumerateArray()];
        for (var at = 0; at < turns.Length; at++)
        {
            if (FindProblem(request, turns, at) is { } problem)
            {
                return problem;
            }
        }

        return null;
    }

    private static string? FindProblem(JsonElement request, JsonElement[] turns, int at)
    {
        JsonElement[] blocks = [.. Blocks(turns[at])];
        if (Array.Exists(blocks, block => Type(block) == "text" && string.IsNullOrWhiteSpace(block.GetProperty("text").GetString())))
        {
            return "messages: text content blocks must contain non-whitespace text";
        }

        if (Array.Exists(blocks, block => Type(block) == "thinking" && block.GetProperty("signature").GetString() != Signature))
        {
            return $"messages.{at}.content.0: Invalid `signature` in `thinking` block";
        }

        var calls = Array.FindAll(blocks, block => Type(block) == "tool_use");
        if (calls.Length > 0 && !request.TryGetProperty("tools", out _))
        {
            return "Requests which include `tool_use` or `tool_result` blocks must define tools";
        }

        var results = at + 1 < turns.Length ? Blocks(turns[at + 1]).Where(block => Type(block) == "tool_result").Select(block => block.GetProperty("tool_use_id").GetString()).ToHashSet() : [];
        if (Array.Find(calls, call => !results.Contains(call.GetProperty("id").GetString())) is { ValueKind: JsonValueKind.Object } unanswered)
        {
            return $"messages.{at}: `tool_use` ids were found without `tool_result` blocks immediately after: {unanswered.GetProperty("id").GetString()}. Each `tool_use` block must have a corresponding `tool_result` block in the next message.";
        }

        // Of the loop of calls that is under way.
        var isLast = at == turns.Length - 2 && calls.Length > 0;
        return isLast && Thinks(request) && request.GetProperty("thinking").GetProperty("type").GetString() == "enabled" && Type(blocks[0]) is not ("thinking" or "redacted_thinking")
            ? $"messages.{at}.content.0.type: Expected `thinking` or `redacted_thinking`, but found `{Type(blocks[0])}`. When `thinking` is enabled, a final `assistant` message must start with a thinking block."
            : null;
    }

    private static JsonElement.ArrayEnumerator Blocks(JsonElement turn) =>
        turn.TryGetProperty("content", out var content) && content.ValueKind == JsonValueKind.Array ? content.EnumerateArray() : default;

    private static string? Type(JsonElement block) => block.TryGetProperty("type", out var type) ? type.GetString() : null;
}
