using static MasterX.AiGateway.Providers.Classification.Verdicts;

namespace MasterX.AiGateway.Providers.Classification;

/// <summary>
/// Anthropic's errors (<see href="https://docs.anthropic.com/en/api/errors"/>), by their type. The requests are translations of the
/// caller's, so a 400 ends nothing.
/// </summary>
internal static class AnthropicRows
{
    public static readonly IReadOnlyList<ErrorRow> All =
    [
        new(Statuses.ClientErrors, CreditWords.All, OutOfCredit),                 // 400 invalid_request_error
        new(Statuses.Any, ["billing_error"], OutOfCredit),                        // 402
        new(Statuses.Any, ["authentication_error"], KeyRefused),                  // 401

        // 403: the key may not use something. It does not say what; another model may be allowed.
        new(Statuses.ClientErrors, ["permission_error"], NotPermitted) { When = IsOfTheKey },
        new(Statuses.ClientErrors, ["permission_error"], NotPermittedHere),
        new(403, ["forbidden"], RegionRefused),                                   // "Request not allowed", by region

        // 404: "model: …"; or a file the caller named.
        new(Statuses.Any, ["not_found_error"], ModelNotOffered) { When = body => body.Message is { } message && IsOfTheModel(message) },
        new(Statuses.Any, ["not_found_error"], NothingThere),

        new(Statuses.Any, ["request_too_large"], TooLarge),
        new(400, [new Words("Output blocked by content filtering policy")], ContentRefused),
        new(Statuses.Any, ["rate_limit_error"], Limited),                         // 429
        new(Statuses.Any, ["overloaded_error", "api_error", "timeout_error"], Failed), // 529, 500, 504; and inside a stream
        new(200, ["invalid_request_error"], TranslationRefused),
    ];

    private static bool IsOfTheKey(ErrorBody body) => body.Message is { } message
        && (message.StartsWith("Your API key has been", StringComparison.OrdinalIgnoreCase)
            || message.StartsWith("OAuth", StringComparison.OrdinalIgnoreCase));

    private static bool IsOfTheModel(string message) => message.StartsWith("model:", StringComparison.Ordinal);
}
