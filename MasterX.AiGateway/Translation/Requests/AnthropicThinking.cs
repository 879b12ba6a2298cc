using System.Text.Json;
using MasterX.AiGateway.Translation.Vocabulary;
using static MasterX.AiGateway.Translation.JsonFields;

namespace MasterX.AiGateway.Translation.Requests;

/// <summary>
/// Anthropic's <c>thinking</c> (<see href="https://docs.anthropic.com/en/docs/build-with-claude/extended-thinking"/>): read in its own words,
/// and written as each generation of models takes it.
/// </summary>
internal static class AnthropicThinking
{
    private const int SmallestBudget = 1024;

    /// <param name="thinking"><c>{"type":"enabled","budget_tokens":n}</c>, <c>adaptive</c> or <c>disabled</c>.</param>
    /// <param name="effort">What was said of it elsewhere.</param>
    public static Thinking? Read(JsonElement thinking, string? effort) => RequiredText(thinking, "type", "thinking") switch
    {
        "disabled" => new Thinking("none"),
        "enabled" => new Thinking(effort, thinking.Field("budget_tokens") is { } budget ? SmallOf(budget, "thinking") : null, IsShown: thinking.Text("display") != "omitted"),
        "adaptive" => new Thinking(effort ?? "high", IsShown: thinking.Text("display") != "omitted"),
        var other => throw new Providers.UntranslatableRequestException($"'thinking' cannot be of type '{other}'.", "thinking"),
    };

    /// <summary>How a model is told to think.</summary>
    public enum Way
    {
        /// <summary>It cannot.</summary>
        None,

        /// <summary>By a number of tokens.</summary>
        Budget,

        /// <summary>By an effort; it decides itself how much.</summary>
        Adaptive,
    }

    /// <summary>By the model's name; one that is not known is taken for a new one.</summary>
    public static Way WayOf(string model)
    {
        var (major, minor) = Generation(model);
        return (major, minor) switch
        {
            (3, < 7) => Way.None,
            (3, _) or (4, <= 5) => Way.Budget,
            _ => Way.Adaptive,
        };
    }

    /// <summary>
    /// Whether a model takes <c>temperature</c>, <c>top_p</c> and <c>top_k</c>: from Opus 4.7 on they are refused
    /// (<see href="https://platform.claude.com/docs/en/about-claude/models/migration-guide"/>).
    /// </summary>
    public static bool TakesSampling(string model) => Generation(model) is (< 4, _) or (4, < 7);

    /// <summary>Tokens of an answer at most that a model of Anthropic's gives, or a usual part of them: its API has no default of its own.</summary>
    public static int MaxTokensOf(string model) => Generation(model) switch
    {
        (3, < 5) => 4096,
        (3, 5) => 8192,
        (0, 0) => 8192,
        _ => 32000,
    };

    public static int BudgetOf(Thinking thinking) => Math.Max(SmallestBudget, thinking.Budget ?? thinking.Effort switch
    {
        "minimal" => 1024,
        "low" => 2048,
        "medium" => 8192,
        "xhigh" or "max" => 32000,
        _ => 16384,
    });

    /// <summary><c>output_config.effort</c>.</summary>
    public static string EffortOf(Thinking thinking, string model) => thinking.Effort switch
    {
        "xhigh" when !TakesSampling(model) => "xhigh",
        "minimal" or "low" => "low",
        "medium" => "medium",
        "xhigh" or "max" => "max",
        null when thinking.Budget is { } budget => budget <= 2048 ? "low" : budget <= 8192 ? "medium" : "high",
        _ => "high",
    };

    /// <summary>
    /// <c>claude-3-5-haiku-…</c>, <c>claude-sonnet-4-5-…</c>, <c>claude-opus-4-…</c>: the first number and the one behind it, unless that is a date;
    /// zeros for a name without numbers.
    /// </summary>
    private static (int Major, int Minor) Generation(string model)
    {
        var start = model.IndexOf("claude", StringComparison.OrdinalIgnoreCase);
        if (start < 0)
        {
            return default;
        }

        int? major = null;
        foreach (var word in model[start..].Split('-', '.', '@', ':'))
        {
            if (word.Length is 1 or 2 && int.TryParse(word, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var number))
            {
                if (major is { } found)
                {
                    return (found, number);
                }

                major = number;
            }
            else if (major is not null)
            {
                break;
            }
        }

        return (major ?? 0, 0);
    }
}
