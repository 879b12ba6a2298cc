namespace MasterX.AiGateway.Providers.Classification;

/// <summary>
/// A request that is longer than the model's context, in everybody's words. It costs nobody anything but this request's turn, so the words
/// count within the message too: relays put their own before them.
/// </summary>
internal static class ContextOverflowRows
{
    private static readonly IReadOnlyList<Words> Sayings =
    [
        Within("maximum context length"),                                   // OpenAI, vLLM, DeepSeek, OpenRouter, Mistral
        Within("context length is only"),                                   // vLLM since 0.9
        Within("longer than the maximum model length"),                     // vLLM, of the prompt alone
        Within("longer than the model's context length"),                   // SGLang
        Within("exceeds the model's maximum context"),                      // SGLang, with what is to be generated
        Within("exceeds the context window"),                               // OpenAI's Responses
        Within("exceeds context window"),
        Within("context window exceeds"),                                   // MiniMax
        Within("context length exceeded"),                                  // relays
        Within("exceeds the available context size"),                       // llama.cpp
        Within("exceeds context length"),                                   // Ollama, of embeddings: "input length …"
        Within("greater than the context length"),                          // LM Studio
        Within("when context the overflows"),                               // LM Studio: "Trying to keep the first n tokens …"
        Within("prompt is too long"),                                       // Anthropic, Fireworks
        Within("input length and `max_tokens` exceed context limit"),       // Anthropic
        Within("input is too long"),                                        // Bedrock: "Input is too long for requested model."
        Within("input token count", "exceeds the maximum number of tokens"), // Gemini
        Within("input token count", "must be less than context length"),    // Together, which gives 403 for it
        Within("`inputs` tokens + `max_new_tokens` must be <="),            // TGI, Together
        Within("`inputs` must have less than"),                             // TGI
        Within("too large for model with"),                                 // Mistral: "Prompt contains n tokens …"
        Within("too many tokens", "prompt cannot exceed"),                  // Cohere
        Within("maximum prompt length is"),                                 // xAI
        Within("exceeded model token limit"),                               // Moonshot
        Within("range of input length should be"),                          // DashScope
        Within("prompt exceeds max length"),                                // Zhipu
        Within("reduce the length of the messages"),                        // Groq, Cerebras
    ];

    public static readonly IReadOnlyList<ErrorRow> All =
    [
        // By a code, where there is one.
        new(
            Statuses.Any,
            [
                "context_length_exceeded",     // OpenAI, Azure, Groq, Cerebras: https://platform.openai.com/docs/guides/error-codes
                "context_window_exceeded",     // relays that name it anew
                "exceed_context_size_error",   // llama.cpp's server
                "tokens_limit_reached",        // GitHub Models
                "model_context_window_exceeded",
                // OpenRouter: https://openrouter.ai/docs/api-reference/errors
                "max_tokens_exceeded", "token_limit_exceeded",
            ],
            Verdicts.ContextOverflow),

        // Of one text: OpenAI; OpenRouter and FastAPI. Other fields than the input have a longest length too.
        new(new(400, 422), ["string_above_max_length", "string_too_long"], Verdicts.ContextOverflow) { When = IsOfTheInput },

        // By words, of those who give no code; some servers and relays give 500 for it, or say so inside a stream.
        new(new(400, 422), Sayings, Verdicts.ContextOverflow),
        new(Statuses.ServerErrors, Sayings, Verdicts.ContextOverflow),
        new(200, Sayings, Verdicts.ContextOverflow),

        // More tokens in one request than a minute allows: no wait helps. Groq says 413, OpenAI 429.
        new(413, ["rate_limit_exceeded", "tokens"], Verdicts.TooLarge),
        new(429, [new Words("Request too large for")], Verdicts.TooLarge),
    ];

    private static bool IsOfTheInput(ErrorBody body) =>
        body.Parameter is not { } parameter
        || parameter.StartsWith("messages", StringComparison.Ordinal) || parameter.StartsWith("input", StringComparison.Ordinal);

    private static Words Within(string begin, string then = "") => new(begin, then) { Within = true };
}
