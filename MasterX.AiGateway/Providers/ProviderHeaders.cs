using System.Globalization;
using System.Net.Http.Headers;
using System.Text.RegularExpressions;

namespace MasterX.AiGateway.Providers;

/// <summary>
/// What a provider says in the headers of its answer. These, and no others, are read; and of these, <see cref="Passed"/> alone reach the caller:
/// a provider's header could otherwise set a cookie, name our organisation, or contradict the gateway's own.
/// </summary>
/// <param name="RequestId">Its <c>x-request-id</c> or <c>request-id</c>, which its support asks for.</param>
/// <param name="ProcessingMs">Its <c>openai-processing-ms</c>.</param>
/// <param name="RetryAfter">How long it asks to be left alone after a failure.</param>
/// <param name="Pause">After which an allowance that this answer has used up is filled again.</param>
internal readonly partial record struct ProviderHeaders(string? RequestId, string? ProcessingMs, TimeSpan? RetryAfter, TimeSpan? Pause)
{
    /// <summary>The headers that are passed on, under these names.</summary>
    public const string Passed = "x-request-id, openai-processing-ms";

    private const int Longest = 128;

    /// <summary>
    /// One pass over the headers. Rate limits are told as OpenAI and those compatible with it do (<c>x-ratelimit-remaining-requests</c>, <c>-reset-requests</c>
    /// as <c>6m0s</c> or <c>120ms</c>, and the same of tokens: <see href="https://platform.openai.com/docs/guides/rate-limits"/>), or as Anthropic does
    /// (<c>anthropic-ratelimit-requests-remaining</c>, <c>-reset</c> as RFC 3339: <see href="https://docs.anthropic.com/en/api/rate-limits"/>).
    /// </summary>
    public static ProviderHeaders Read(HttpResponseHeaders headers, DateTimeOffset now)
    {
        string? id = null, processing = null;
        TimeSpan? retryAfter = null;
        var limited = false;
        foreach (var (name, values) in headers.NonValidated)
        {
            switch (name.Length)
            {
                case 12 when Is(name, "x-request-id"):
                case 10 when Is(name, "request-id"):
                    id = Passable(values);
                    break;
                case 20 when Is(name, "openai-processing-ms"):
                    processing = Passable(values);
                    break;
                case 11 when Is(name, "retry-after"):
                    retryAfter ??= headers.RetryAfter?.Delta ?? headers.RetryAfter?.Date - now;
                    break;
                case 14 when Is(name, "retry-after-ms"):
                    // More exact than the standard header, and beside it.
                    retryAfter = double.TryParse(values.ToString(), NumberStyles.Float, CultureInfo.InvariantCulture, out var ms) && ms is >= 0 and < 86_400_000
                        ? TimeSpan.FromMilliseconds(ms)
                        : retryAfter;
                    break;
                default:
                    limited |= name.Contains("ratelimit", StringComparison.OrdinalIgnoreCase) && name.Contains("remaining", StringComparison.OrdinalIgnoreCase) && values.ToString() == "0";
                    break;
            }
        }

        return new(id, processing, retryAfter > TimeSpan.Zero ? retryAfter : null, limited ? ReadResets(headers, now) : null);
    }

    /// <summary>The longest reset among the allowances of which nothing remains.</summary>
    private static TimeSpan? ReadResets(HttpResponseHeaders headers, DateTimeOffset now)
    {
        TimeSpan? longest = null;
        foreach (var (name, values) in headers.NonValidated)
        {
            if (!name.Contains("ratelimit", StringComparison.OrdinalIgnoreCase) || !name.Contains("remaining", StringComparison.OrdinalIgnoreCase) || values.ToString() != "0")
            {
                continue;
            }

            if (headers.NonValidated.TryGetValues(name.Replace("remaining", "reset", StringComparison.OrdinalIgnoreCase), out var reset)
                && ParseReset(reset.ToString(), now) is { } wait && !(longest >= wait))
            {
                longest = wait;
            }
        }

        return longest;
    }

    /// <summary><c>6m0s</c>, <c>7.66s</c>, <c>120ms</c>, <c>1h2m</c>; a number of seconds; a point in time. <see langword="null"/> for anything else, and for the past.</summary>
    internal static TimeSpan? ParseReset(string text, DateTimeOffset now)
    {
        if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var seconds))
        {
            return seconds is > 0 and < 86_400 ? TimeSpan.FromSeconds(seconds) : null;
        }

        if (text.Contains('T') && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at))
        {
            return at > now ? at - now : null;
        }

        var match = Duration().Match(text);
        if (!match.Success || text.Length == 0)
        {
            return null;
        }

        var total = Part("h") * 3600 + Part("m") * 60 + Part("s") + Part("ms") / 1000;
        return total is > 0 and < 86_400 ? TimeSpan.FromSeconds(total) : null;

        double Part(string unit) => double.TryParse(match.Groups[unit].Value, NumberStyles.Float, CultureInfo.InvariantCulture, out var amount) ? amount : 0;
    }

    [GeneratedRegex(@"^(?:(?<h>[\d.]{1,10})h)?(?:(?<m>[\d.]{1,10})m(?!s))?(?:(?<s>[\d.]{1,10})s)?(?:(?<ms>[\d.]{1,10})ms)?$")]
    private static partial Regex Duration();

    private static bool Is(string name, string wanted) => name.Equals(wanted, StringComparison.OrdinalIgnoreCase);

    /// <summary>One value of visible ASCII characters, and not a long one.</summary>
    private static string? Passable(HeaderStringValues values) =>
        values.Count == 1 && values.ToString() is { Length: > 0 and <= Longest } value && !value.AsSpan().ContainsAnyExceptInRange('!', '~') ? value : null;
}
