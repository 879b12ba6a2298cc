using System.Text.Json;

namespace MasterX.ProviderEmulator.Answers;

/// <summary>A made-up answer that depends on nothing but the request, in pieces as a model would stream it.</summary>
/// <param name="Tokens">Pieces of text, each with its log-probability; their concatenation is the answer.</param>
/// <param name="Call">A function call instead of text.</param>
/// <param name="PromptTokens">Counted roughly, four characters to a token.</param>
/// <param name="Length">Whether the answer ended at the token limit.</param>
internal sealed record EmulatedAnswer(IReadOnlyList<(string Text, double LogProbability)> Tokens, FunctionCall? Call, int PromptTokens, bool Length)
{
    public string Text => string.Concat(Tokens.Select(token => token.Text));

    public int CompletionTokens => Call is null ? Tokens.Count : Math.Max(1, Call.Arguments.Length / 4);

    public double MeanLogProbability => Tokens.Count == 0 ? 0 : Tokens.Average(token => token.LogProbability);

    /// <param name="provider">Who is emulated.</param>
    /// <param name="model">The model it was asked for.</param>
    /// <param name="prompt">The newest user text.</param>
    /// <param name="promptLength">Characters of the whole conversation.</param>
    /// <param name="limit">Largest number of tokens, when the request sets one.</param>
    /// <param name="schema">The JSON schema the answer has to fit, if the request wants one.</param>
    /// <param name="call">The function to call, if the request wants one called.</param>
    public static EmulatedAnswer To(string provider, string model, string prompt, int promptLength, int? limit, JsonElement? schema, FunctionCall? call)
    {
        var text = schema is { } shape
            ? SchemaSample.Of(shape)
            : $"[emulated {provider}/{model}] No model was asked: this text stands in for one. The prompt was: {Shorten(prompt)}";
        var pieces = Split(text);
        var ended = limit is { } most && pieces.Count > most;
        return new(
            [.. pieces.Take(ended ? limit!.Value : pieces.Count).Select((piece, index) => (piece, LogProbability(piece, index)))],
            call, Math.Max(1, promptLength / 4), ended);
    }

    private static string Shorten(string prompt) => prompt.Length <= 400 ? prompt : prompt[..400] + "…";

    /// <summary>Words with the space before them, as tokenizers cut.</summary>
    private static List<string> Split(string text)
    {
        List<string> pieces = [];
        var start = 0;
        for (var i = 1; i < text.Length; i++)
        {
            if (text[i] == ' ')
            {
                pieces.Add(text[start..i]);
                start = i;
            }
        }

        pieces.Add(text[start..]);
        return pieces;
    }

    /// <summary>Between -0.30 and -0.02, so that the answer's confidence lies between 0.74 and 0.98; the same for the same piece and place.</summary>
    private static double LogProbability(string piece, int index) => -0.02 - 0.28 * ((piece.Length * 7 + index * 13) % 29 / 28.0);
}

/// <summary>A call the model asks for.</summary>
/// <param name="Name">The function.</param>
/// <param name="Arguments">A JSON object.</param>
internal sealed record FunctionCall(string Name, string Arguments);
