namespace MasterX.AiGateway.Providers;

/// <summary>How a model goes on with an answer that another one began.</summary>
internal enum Continuation
{
    /// <summary>A user's turn behind the answer so far asks it to: any model can do that, and some repeat a little.</summary>
    Ask,

    /// <summary>The conversation ends with the answer so far, and the model takes that for its own beginning.</summary>
    Prefill,

    /// <summary>The same, where the last turn is marked with <c>"prefix": true</c> (Mistral, DeepSeek's beta).</summary>
    Prefix,

    /// <summary>
    /// The same, where the request says so with <c>continue_final_message</c>, and wants no new turn with <c>add_generation_prompt</c>
    /// (vLLM, SGLang).
    /// </summary>
    ContinueFinalMessage,

    /// <summary>It cannot: another candidate is asked.</summary>
    None,
}

/// <summary>The words for them in <see cref="ProviderOptions.Continuation"/>.</summary>
internal static class Continuations
{
    public static readonly IReadOnlyList<string> Names = ["ask", "prefill", "prefix", "continue_final_message", "none"];

    public static bool TryParse(string? name, out Continuation continuation)
    {
        (continuation, var known) = name?.ToLowerInvariant() switch
        {
            "ask" => (Continuation.Ask, true),
            "prefill" => (Continuation.Prefill, true),
            "prefix" => (Continuation.Prefix, true),
            "continue_final_message" => (Continuation.ContinueFinalMessage, true),
            "none" => (Continuation.None, true),
            _ => (Continuation.Ask, false),
        };
        return known;
    }

    /// <summary>What is set for a model, else for its provider, else what is known of it.</summary>
    public static Continuation Of(Provider provider, WireFormat format, string model) =>
        provider.Options.Continuations.TryGetValue(model, out var own) && TryParse(own, out var ofModel) ? ofModel
        : TryParse(provider.Options.Continuation, out var ofProvider) ? ofProvider
        : format.ContinuationOf(model, provider.BaseUrl);
}
