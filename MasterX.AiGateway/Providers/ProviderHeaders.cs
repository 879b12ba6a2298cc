using System.Net.Http.Headers;
using MasterX.AiGateway.Providers.Classification;

namespace MasterX.AiGateway.Providers;

/// <summary>
/// What a provider says in the headers of its answer. These, and no others, are read; and of these, <see cref="Passed"/> alone reach the
/// caller: a provider's header could otherwise set a cookie, name our organisation, or contradict the gateway's own.
/// </summary>
/// <param name="RequestId">Its <c>x-request-id</c>, <c>request-id</c> or <c>x-amzn-requestid</c>, which its support asks for.</param>
/// <param name="ProcessingMs">Its <c>openai-processing-ms</c>.</param>
/// <param name="RetryAfter">How long it asks to be left alone after a failure.</param>
/// <param name="Pause">After which an allowance that this answer has used up is filled again.</param>
internal readonly record struct ProviderHeaders(string? RequestId, string? ProcessingMs, TimeSpan? RetryAfter, TimeSpan? Pause)
{
    /// <summary>Not the provider's: fields of the request that could not be said to it and were left out; <see langword="null"/> for none.</summary>
    public IReadOnlyList<string>? Ignored { get; init; }

    /// <summary>AWS's name of the error, from <c>x-amzn-ErrorType</c>; the body does not have it then.</summary>
    public string? ErrorType { get; init; }

    /// <summary>The headers that are passed on, under these names.</summary>
    public const string Passed = "x-request-id, openai-processing-ms";

    private const int Longest = 128;

    /// <summary>
    /// One pass over the headers. Rate limits are told as OpenAI and those compatible with it do (<c>x-ratelimit-remaining-requests</c>,
    /// <c>-reset-requests</c> as <c>6m0s</c> or <c>120ms</c>, and the same of tokens:
    /// <see href="https://platform.openai.com/docs/guides/rate-limits"/>), as Anthropic does
    /// (<c>anthropic-ratelimit-requests-remaining</c>, <c>-reset</c> as RFC 3339: <see
    /// href="https://docs.anthropic.com/en/api/rate-limits"/>), or as OpenRouter does (<c>X-RateLimit-Reset</c> in milliseconds since
    /// 1970); <see cref="WaitText"/> reads any of them.
    /// </summary>
    public static ProviderHeaders Read(HttpResponseHeaders headers, DateTimeOffset now)
    {
        string? id = null, processing = null, errorType = null;
        TimeSpan? retryAfter = null;
        var limited = false;
        foreach (var (name, values) in headers.NonValidated)
        {
            switch (name.Length)
            {
                case 12 when Is(name, "x-request-id"):
                case 10 when Is(name, "request-id"):
                case 16 when Is(name, "x-amzn-requestid"):
                    id = Passable(values);
                    break;
                case 20 when Is(name, "openai-processing-ms"):
                    processing = Passable(values);
                    break;
                case 16 when Is(name, "x-amzn-errortype"):
                    errorType = ErrorBody.ExceptionOf(Passable(values));
                    break;
                case 11 when Is(name, "retry-after"):
                    retryAfter ??= WaitText.Parse(values.ToString(), now);
                    break;
                case 14 when Is(name, "retry-after-ms"):
                    // More exact than the standard header, and beside it.
                    retryAfter = WaitText.Milliseconds(values.ToString()) ?? retryAfter;
                    break;
                default:
                    limited |= IsUsedUp(name, values);
                    break;
            }
        }

        return new(id, processing, retryAfter, limited ? ReadResets(headers, now) : null) { ErrorType = errorType };
    }

    /// <summary>The longest reset among the allowances of which nothing remains.</summary>
    private static TimeSpan? ReadResets(HttpResponseHeaders headers, DateTimeOffset now)
    {
        TimeSpan? longest = null;
        foreach (var (name, values) in headers.NonValidated)
        {
            if (IsUsedUp(name, values)
                && headers.NonValidated.TryGetValues(name.Replace("remaining", "reset", StringComparison.OrdinalIgnoreCase), out var reset)
                && WaitText.Parse(reset.ToString(), now) is { } wait && !(longest >= wait))
            {
                longest = wait;
            }
        }

        return longest;
    }

    /// <summary>For a 429 that names no wait and no allowance that is used up: the first reset to come, whichever it was about.</summary>
    public static TimeSpan? FirstReset(HttpResponseHeaders headers, DateTimeOffset now)
    {
        TimeSpan? first = null;
        foreach (var (name, values) in headers.NonValidated)
        {
            if (name.Contains("ratelimit", StringComparison.OrdinalIgnoreCase) && name.Contains("reset", StringComparison.OrdinalIgnoreCase)
                && WaitText.Parse(values.ToString(), now) is { } wait && !(first <= wait))
            {
                first = wait;
            }
        }

        return first;
    }

    private static bool IsUsedUp(string name, HeaderStringValues values) =>
        name.Contains("ratelimit", StringComparison.OrdinalIgnoreCase) && name.Contains("remaining", StringComparison.OrdinalIgnoreCase)
        && values.ToString() == "0";

    private static bool Is(string name, string wanted) => name.Equals(wanted, StringComparison.OrdinalIgnoreCase);

    /// <summary>One value of visible ASCII characters, and not a long one.</summary>
    private static string? Passable(HeaderStringValues values) =>
        values.Count == 1 && values.ToString() is { Length: > 0 and <= Longest } value && !value.AsSpan().ContainsAnyExceptInRange('!', '~') ? value : null;
}
