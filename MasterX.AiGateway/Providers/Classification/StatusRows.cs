using static MasterX.AiGateway.Providers.Classification.Verdicts;

namespace MasterX.AiGateway.Providers.Classification;

/// <summary>
/// The end of every table: errors that nothing above knows, by their status (<see
/// href="https://www.rfc-editor.org/rfc/rfc9110#section-15"/>, and what is used beside it). What is not known moves on.
/// </summary>
internal static class StatusRows
{
    /// <param name="notTaken">What a 4xx comes to of which nothing is known.</param>
    public static IReadOnlyList<ErrorRow> Of(Verdict notTaken) =>
    [
        // An error inside a good answer, and a good answer that is none.
        new(200, Failed) { When = body => body.HasError },
        new(new(0, 399), Broken),

        new(401, KeyRefused),
        new(402, OutOfCredit),
        new(429, Limited),
        new(413, TooLarge),

        // A firewall's or proxy's page, or its plain text: it speaks for itself, not for the provider.
        new(Statuses.ClientErrors, Declined) { When = body => body.IsPage },

        new(403, NotPermitted),
        new(404, NothingThere),
        new(405, NothingThere),
        new(407, Declined),
        new(408, Failed),
        new(409, Declined),
        new(410, NothingThere),
        new(new(411, 411), Declined),
        new(414, TooLarge),
        new(421, Declined),

        // Of the provider's own dependencies, or a tool server that the caller named.
        new(424, Declined),
        new(425, Declined),
        new(431, TooLarge),
        new(451, ContentRefused),

        // Groq's flex tier, which a caller asks for (https://console.groq.com/docs/flex-processing); Cohere blocks text with the same
        // number.
        new(498, TierFull),

        // A call that was given up on the provider's side (nginx's number; Cohere's and Groq's too).
        new(499, Declined),
        new(Statuses.ClientErrors, notTaken),

        // An operation the server does not have.
        new(501, NothingThere),

        // 5xx, Cloudflare's 520 to 530 among them, and Anthropic's 529.
        new(new(500, 999), Failed),
    ];
}
