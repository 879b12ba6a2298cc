using static MasterX.AiGateway.Providers.Classification.Verdicts;

namespace MasterX.AiGateway.Providers.Classification;

/// <summary>
/// OpenAI's errors (<see href="https://platform.openai.com/docs/guides/error-codes"/>), and those of whoever speaks its format: Azure,
/// Groq, Mistral, Cohere, DeepSeek, OpenRouter, Together, Fireworks, vLLM, Ollama, TGI.
/// </summary>
internal static class OpenAiRows
{
    private static readonly IReadOnlyList<string> LimitCodes =
    [
        "rate_limit_exceeded", "rate_limit_error", "rate_limit_reached_error", "rate_limited", "RateLimitReached", "too_many_requests",
        "service_tier_capacity_exceeded", // Mistral
        "slow_down",                      // OpenAI: 503 for a load that rises too fast
    ];

    public static readonly IReadOnlyList<ErrorRow> All =
    [
        // ---- the account's credit. OpenAI gives 429 or 400 for it, Groq 400, others 402.
        new(
            Statuses.Any,
            [
                "insufficient_quota", "billing_hard_limit_reached", "billing_not_active", // OpenAI
                "quota_exceeded_monthly",
                "account_deactivated", "access_terminated",                               // OpenAI
                "organization_restricted", "blocked_api_access",                          // Groq: a spending limit
                "insufficient_balance", "insufficient_credits", "payment_required",
                "exceeded_current_quota_error",                                           // Moonshot
                "Arrearage",                                                              // DashScope
            ],
            OutOfCredit),

        // OpenRouter: the account can pay for less than the caller asks for (max_tokens), and for others perhaps.
        new(402, [new Words("This request requires more credits", "fewer max_tokens")], Declined),
        new(402, OutOfCredit),                                                            // DeepSeek, OpenRouter, Together, Cohere, HF
        new(Statuses.ClientErrors, CreditWords.All, OutOfCredit),

        // ---- the model's failing: it called a tool wrongly or wrote broken JSON. https://console.groq.com/docs/tool-use
        new(Statuses.Any, ["tool_use_failed", "json_validate_failed", "output_parse_failed"], ModelFailed),

        // ---- what was said. Azure: https://learn.microsoft.com/azure/ai-services/openai/concepts/content-filter
        new(
            Statuses.Any,
            [
                "content_filter", "content_policy_violation", "ResponsibleAIPolicyViolation", "moderation_blocked",
                "image_content_policy_violation",
                "data_inspection_failed", "DataInspectionFailed",                         // DashScope
                "content_filtered", "sensitive_words_detected",
            ],
            ContentRefused),
        new(Statuses.ClientErrors, ContentRefused) { When = body => body.IsModeration },  // OpenRouter's 403
        new(498, [new Words("blocked")], ContentRefused),                                 // Cohere

        // ---- the region's
        new(Statuses.Any, ["unsupported_country_region_territory"], RegionRefused),
        new(403, [new Words("Access denied. Please check your network settings")], RegionRefused), // Groq

        // ---- the model's: not here, no more, or not for us
        new(
            Statuses.ClientErrors,
            ["model_not_found", "model_not_available", "DeploymentNotFound"],
            ModelNotOffered) { When = body => body.Parameter is null or "model" },
        new(
            Statuses.ClientErrors,
            [
                "model_decommissioned", "model_terms_required", "model_permission_blocked_org", "model_permission_blocked_project", // Groq
                "invalid_model",                                                          // Mistral
                "unknown_model", "unavailable_model",                                     // GitHub Models
            ],
            ModelNotOffered) { When = body => body.Parameter is null or "model" },
        new(
            403,
            [
                new Words("does not have access to model") { Within = true },             // OpenAI, where a relay has dropped the code
                new Words("not authorized to access model") { Within = true },
                new Words("you do not have access to the model") { Within = true },
                new Words("you don't have access to") { Within = true },
                new Words("access to model denied") { Within = true },                    // DashScope
            ],
            NothingThere),

        // ---- our key's. OpenAI gives 401 or 403 for a key without the scope; Together and Gemini's OpenAI door 400 for one that is none.
        new(Statuses.ClientErrors, ["invalid_api_key", "API_KEY_INVALID"], KeyRefused) { When = body => body.Parameter is null },
        new(401, [new Words("You have insufficient permissions for this operation")], NotPermitted),
        new(403, ["insufficient_permissions", "missing_scope", "ip_not_authorized"], NotPermitted),

        // ---- the caller's own, and the same everywhere: bodies pass to this format as they are
        new(400, ["invalid_type", "missing_required_parameter"], Malformed) { When = IsWrongEverywhere },

        // ---- the provider's
        new(498, TierFull),                                                               // Groq: https://console.groq.com/docs/errors
        new(Statuses.ClientErrors, ["capacity_exceeded"], TierFull),
        new(429, LimitCodes, Limited),
        new(503, LimitCodes, Limited),
        new(200, LimitCodes, Limited),                                                    // inside a stream
        new(429, ["overloaded", "engine_overloaded", "engine_overloaded_error"], Limited),  // TGI, OpenAI, Moonshot
        new(424, ["generation", "incomplete_generation"], Failed),                        // TGI
    ];

    /// <summary>Fields that mean the same to everyone; of others the next provider may know another type.</summary>
    private static bool IsWrongEverywhere(ErrorBody body)
    {
        var parameter = body.Parameter.AsSpan();
        var end = parameter.IndexOfAny('[', '.');
        return body.Relayed is null
            && (end < 0 ? parameter : parameter[..end])
                is "messages" or "input" or "temperature" or "top_p" or "max_tokens" or "n" or "stream" or "stop";
    }
}
