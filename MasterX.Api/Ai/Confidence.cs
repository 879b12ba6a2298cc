using System.Text.Json;

namespace MasterX.Api.Ai;

/// <summary>
/// How sure a model was of its words: the geometric mean of its tokens' probabilities, exp(mean of their log-probabilities).
/// It is the reciprocal of the answer's perplexity. It says nothing about truth.
/// </summary>
internal static class Confidence
{
    /// <param name="choice">A choice of a chat completion, with <c>logprobs.content[].logprob</c> or, from Gemini, <c>avg_logprobs</c>.</param>
    /// <returns>0 to 1; <see langword="null"/> when the provider gave no log-probabilities: it is never made up.</returns>
    public static double? Of(JsonElement choice)
    {
        if (choice.TryGetProperty("avg_logprobs", out var given) && given.ValueKind == JsonValueKind.Number)
        {
            return OfMean(given.GetDouble());
        }

        var logprobs = LogProbabilities(choice).ToArray();
        return OfMean(logprobs.Length > 0 ? logprobs.Average() : null);
    }

    /// <param name="mean">Of the log-probabilities.</param>
    public static double? OfMean(double? mean) => mean is { } value && double.IsFinite(value) ? Math.Round(Math.Clamp(Math.Exp(value), 0, 1), 4) : null;

    /// <summary>Of the tokens of a choice, whole or a chunk's.</summary>
    public static IEnumerable<double> LogProbabilities(JsonElement choice) =>
        choice.TryGetProperty("logprobs", out var logprobs) && logprobs.ValueKind == JsonValueKind.Object && logprobs.TryGetProperty("content", out var tokens) && tokens.ValueKind == JsonValueKind.Array
            ? tokens.EnumerateArray().Where(token => token.TryGetProperty("logprob", out var logprob) && logprob.ValueKind == JsonValueKind.Number).Select(token => token.GetProperty("logprob").GetDouble())
            : [];
}
