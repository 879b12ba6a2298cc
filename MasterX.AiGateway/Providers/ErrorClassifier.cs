using MasterX.AiGateway.Requests;

namespace MasterX.AiGateway.Providers;

/// <summary>Tells a 400 that only this provider or model gives from one that every provider would give.</summary>
internal static class ErrorClassifier
{
    /// <summary>Codes of OpenAI and those compatible with it.</summary>
    private static readonly HashSet<string> Codes = new(StringComparer.OrdinalIgnoreCase)
    {
        "context_length_exceeded", "model_not_found", "model_not_available", "model_decommissioned",
        "unsupported_parameter", "unsupported_value", "unsupported_country_region_territory", "unknown_parameter",
    };

    /// <summary>What the messages of providers without such codes say; compared without case.</summary>
    private static readonly string[] Phrases =
    [
        "context length", "context window", "maximum context", "token count exceeds", "exceeds the maximum number of tokens",
        "not supported", "unsupported", "unknown name", "does not support", "is not enabled", "reduce the length",
        "location is not supported", "api key not valid", "api key expired",
    ];

    public static bool OtherMayTake(ProviderError? error) =>
        error is not null
        && (error.Code is { } code && Codes.Contains(code)
            || Array.Exists(Phrases, phrase => error.Message.Contains(phrase, StringComparison.OrdinalIgnoreCase)));
}
