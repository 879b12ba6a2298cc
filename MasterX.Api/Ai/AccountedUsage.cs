using System.Globalization;

namespace MasterX.Api.Ai;

/// <summary>Tokens and cost of an answer, as the gateway says them in headers, in trailers, or in a comment of a stream.</summary>
/// <param name="InputTokens">Of the prompt.</param>
/// <param name="OutputTokens">Of the answer.</param>
/// <param name="CostUsd">US dollars; <see langword="null"/> when the model has no price.</param>
internal readonly record struct AccountedUsage(int InputTokens, int OutputTokens, decimal? CostUsd)
{
    /// <summary>What the comment begins with.</summary>
    public const string CommentStart = ": " + InputHeader;

    private const string InputHeader = "x-masterx-tokens-in", OutputHeader = "x-masterx-tokens-out", CostHeader = "x-masterx-cost-usd";
    private const decimal Million = 1_000_000m;

    public Usage ToUsage() => new(InputTokens, OutputTokens, InputTokens + OutputTokens);

    /// <param name="value">Value of a header by its name; <see langword="null"/> when there is none.</param>
    public static AccountedUsage? Of(Func<string, string?> value) => Number(value(InputHeader)) is { } input && Number(value(OutputHeader)) is { } output
        ? new(input, output, Dollars(value(CostHeader)))
        : null;

    public static AccountedUsage? Of(System.Net.Http.Headers.HttpHeaders headers) => Of(name => headers.TryGetValues(name, out var values) ? values.First() : null);

    /// <param name="comment">A line <c>: name=value; name=value</c>.</param>
    public static AccountedUsage? OfComment(string comment)
    {
        // What stands in a stream is not to be trusted: a name may come twice, and then none of it is the gateway's.
        Dictionary<string, string> values = new(StringComparer.Ordinal);
        foreach (var pair in comment.TrimStart(':').Split(';', StringSplitOptions.TrimEntries).Select(pair => pair.Split('=', 2)).Where(pair => pair.Length == 2))
        {
            if (!values.TryAdd(pair[0], pair[1]))
            {
                return null;
            }
        }

        return Of(values.GetValueOrDefault);
    }

    /// <summary>What came of a stream that was not heard to its end: an estimate, at the prices the gateway told when it began.</summary>
    public static AccountedUsage Estimate(int inputTokens, int outputTokens, Func<string, string?> header)
    {
        var (input, output) = (Dollars(header("x-masterx-price-in")), Dollars(header("x-masterx-price-out")));
        return new(inputTokens, outputTokens, input is null && output is null ? null : (inputTokens * (input ?? 0) + outputTokens * (output ?? 0)) / Million);
    }

    private static int? Number(string? text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    /// <summary>Nobody is paid for asking: a cost is never less than nothing.</summary>
    private static decimal? Dollars(string? text) =>
        decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var dollars) ? dollars : null;
}
