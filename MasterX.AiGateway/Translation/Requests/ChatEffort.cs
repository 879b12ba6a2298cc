using System.Text.Json;
using System.Text.RegularExpressions;
using MasterX.AiGateway.Translation.Vocabulary;

namespace MasterX.AiGateway.Translation.Requests;

/// <summary>How much a model is to think, as providers of OpenAI's chat format are told.</summary>
internal static partial class ChatEffort
{
    /// <summary>Models that do not think refuse the field, so it is for those alone that are known to.</summary>
    /// <param name="thinking">What the caller wants.</param>
    /// <param name="dialect">Who is told.</param>
    /// <param name="json">Stands in the request.</param>
    /// <returns>Whether it was told, or there was nothing to tell.</returns>
    public static bool Write(Thinking thinking, ChatDialect dialect, Utf8JsonWriter json)
    {
        var isOff = thinking.Effort == "none" || thinking.Budget == 0;
        if (dialect.IsOpenRouter)
        {
            WriteReasoning(thinking, isOff, json);
            return true;
        }

        if (!ThinkingModels().IsMatch(dialect.Model))
        {
            return isOff;
        }

        json.WriteString("reasoning_effort", isOff ? LeastOf(dialect.Model) : thinking.Effort switch
        {
            "max" or "xhigh" => "high",
            "minimal" => LeastOf(dialect.Model),
            { } effort => effort,
            null when thinking.Budget is { } budget => budget <= 2048 ? "low" : budget <= 8192 ? "medium" : "high",
            _ => "medium",
        });
        return true;
    }

    /// <summary>OpenRouter tells each model in the model's own way (<see href="https://openrouter.ai/docs/use-cases/reasoning-tokens"/>).</summary>
    private static void WriteReasoning(Thinking thinking, bool isOff, Utf8JsonWriter json)
    {
        json.WriteStartObject("reasoning");
        if (isOff)
        {
            json.WriteBoolean("enabled", false);
        }
        else if (thinking.Effort is { } effort)
        {
            json.WriteString("effort", effort == "max" ? "xhigh" : effort);
        }
        else if (thinking.Budget is { } budget)
        {
            json.WriteNumber("max_tokens", budget);
        }
        else
        {
            json.WriteBoolean("enabled", true);
        }

        json.WriteEndObject();
    }

    /// <summary>The nearest to no thinking at all that a model takes.</summary>
    private static string LeastOf(string model) =>
        NewerGpt().IsMatch(model) ? "none" : model.Contains("gpt-5", StringComparison.OrdinalIgnoreCase) ? "minimal" : "low";

    [GeneratedRegex(@"(^|/)(o[1-9]|gpt-([5-9]|oss)|codex|qwen3|magistral|deepseek-r|grok-[3-9].*mini)", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase)]
    private static partial Regex ThinkingModels();

    [GeneratedRegex(@"gpt-(5\.[1-9]|[6-9])", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase)]
    private static partial Regex NewerGpt();
}
