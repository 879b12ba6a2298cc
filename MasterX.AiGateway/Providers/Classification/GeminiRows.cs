using static MasterX.AiGateway.Providers.Classification.Verdicts;

namespace MasterX.AiGateway.Providers.Classification;

/// <summary>
/// Gemini's errors: Google's status names (<see href="https://google.aip.dev/193"/>,
/// <see href="https://ai.google.dev/gemini-api/docs/troubleshooting"/>) with the reasons of <c>google.rpc.ErrorInfo</c>, and the reasons
/// for which a candidate or a prompt ends without an answer (<see href="https://ai.google.dev/api/generate-content#FinishReason"/>).
/// </summary>
internal static class GeminiRows
{
    private const string MissingSignature = "MISSING_THOUGHT_SIGNATURE";

    private static readonly IReadOnlyList<string> GivenUp =
    [
        "MALFORMED_FUNCTION_CALL", "MALFORMED_RESPONSE", "UNEXPECTED_TOOL_CALL", "TOO_MANY_TOOL_CALLS", "LANGUAGE", "OTHER", "NO_IMAGE",
        "IMAGE_OTHER", "FINISH_REASON_UNSPECIFIED",
    ];

    public static readonly IReadOnlyList<ErrorRow> All =
    [
        // ---- our key's. Gemini gives 400 for a key that is none.
        new(
            Statuses.ClientErrors,
            [
                "API_KEY_INVALID", "API_KEY_SERVICE_BLOCKED", "API_KEY_HTTP_REFERRER_BLOCKED", "API_KEY_IP_ADDRESS_BLOCKED",
                "ACCESS_TOKEN_EXPIRED", "CONSUMER_INVALID", "CONSUMER_SUSPENDED", "SERVICE_DISABLED", "UNAUTHENTICATED",
            ],
            KeyRefused),
        new(400, [new Words("API key not valid"), new Words("API key expired")], KeyRefused),
        new(403, [new Words("Your API key was reported as leaked")], KeyRefused),
        new(Statuses.ClientErrors, ["BILLING_DISABLED"], OutOfCredit),
        new(429, [new Words("Your prepayment credits are depleted")], OutOfCredit),

        // ---- the region's
        new(400, [new Words("User location is not supported")], RegionRefused),
        new(400, [new Words("Gemini API free tier is not available in your country")], RegionRefused),

        // ---- the model's, or that of a file the caller named: both are told as 403, and neither by a reason
        new(403, ["PERMISSION_DENIED"], ModelNotOffered) { When = IsOfAModel },
        new(403, [new Words("You do not have permission to access the File")], NothingThere),
        new(403, [new Words("You do not have permission to access tuned model")], NothingThere),
        new(403, ["PERMISSION_DENIED"], NotPermittedHere),
        new(404, ["NOT_FOUND"], ModelNotOffered) { When = body => body.Message?.StartsWith("models/", StringComparison.Ordinal) == true },
        new(404, [new Words("Publisher Model")], ModelNotOffered),                // Vertex AI
        new(Statuses.Any, ["NOT_FOUND"], NothingThere),

        // ---- limits and failures; RetryInfo says how long
        new(Statuses.Any, ["RESOURCE_EXHAUSTED"], Limited),
        new(new(400, 599), ["UNAVAILABLE", "INTERNAL", "DEADLINE_EXCEEDED", "UNKNOWN"], Failed),
        new(499, ["CANCELLED"], Declined),

        // ---- good answers that are none: what was said
        new(
            200,
            [
                "SAFETY", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "RECITATION", "IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT",
                "IMAGE_RECITATION",
                "BLOCKED_REASON_UNSPECIFIED", "BLOCK_REASON_UNSPECIFIED", "MODEL_ARMOR", "JAILBREAK",
            ],
            ContentRefused),
        new(200, ContentRefused) { When = body => body.IsModeration },

        // ---- our translation's: a signature that was lost on the way
        new(200, [MissingSignature], TranslationRefused),

        // ---- the model's failing; STOP where nothing was said
        new(200, [.. GivenUp, "STOP"], ModelGaveUp),
    ];

    /// <summary>Whether a candidate that ended for this reason was given up, whatever it had said by then.</summary>
    public static bool IsGivenUp(string? finishReason) =>
        finishReason == MissingSignature || finishReason is not null && GivenUp.Contains(finishReason);

    private static bool IsOfAModel(ErrorBody body) => body.Resource?.Contains("/models/", StringComparison.Ordinal) == true;
}
