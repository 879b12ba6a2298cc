namespace MasterX.AiGateway.Providers;

/// <summary>
/// The three providers of the default chain, and Anthropic, known without configuration but for their keys. Public references:
/// <see href="https://ai.google.dev/api/generate-content"/>, <see href="https://console.groq.com/docs/openai"/>,
/// <see href="https://platform.openai.com/docs/api-reference/chat"/>, <see href="https://docs.anthropic.com/en/api/messages"/>.
/// </summary>
public static class BuiltInProviders
{
    /// <summary>In the order in which the route <c>auto</c> tries them.</summary>
    public static readonly IReadOnlyList<string> DefaultChain = ["gemini", "groq", "openai"];

    /// <summary>Adds the three where they are missing, and fills in what is not set; the address of a cloud too, which follows from its region.</summary>
    internal static void Apply(IDictionary<string, ProviderOptions> providers)
    {
        Fill("gemini", "gemini", "https://generativelanguage.googleapis.com/v1beta", "gemini-2.5-flash");

        // Groq answers 400 to these (https://console.groq.com/docs/openai, "currently unsupported").
        Fill("groq", "openai", "https://api.groq.com/openai/v1", "llama-3.3-70b-versatile", "logprobs", "top_logprobs", "logit_bias");
        Fill("openai", "openai", "https://api.openai.com/v1", "gpt-4.1-mini");
        providers["openai"].EmbeddingModel ??= "text-embedding-3-small";

        // Known too, but not in the chain: it is there when someone names it.
        if (providers.ContainsKey("anthropic"))
        {
            Fill("anthropic", "anthropic", "https://api.anthropic.com/v1", "claude-sonnet-4-5");
        }

        foreach (var provider in providers.Values.Where(provider => provider is { Kind: "vertex", BaseUrl: null }))
        {
            provider.BaseUrl = VertexWireFormat.BaseUrlOf(provider.Location);
        }

        foreach (var provider in providers.Values.Where(provider => provider is { Kind: "bedrock", BaseUrl: null }))
        {
            provider.BaseUrl = BedrockWireFormat.BaseUrlOf(provider.Region);
        }

        void Fill(string name, string kind, string baseUrl, string model, params string[] dropFields)
        {
            if (!providers.TryGetValue(name, out var provider))
            {
                providers[name] = provider = new ProviderOptions();
            }

            provider.Kind ??= kind;
            provider.DefaultModel ??= model;
            if (provider.BaseUrl is null)
            {
                (provider.BaseUrl, provider.IsPublicService) = (baseUrl, true);

                // Only the public service refuses them; whatever else is put in its place may not.
                foreach (var field in dropFields.Except(provider.DropFields))
                {
                    provider.DropFields.Add(field);
                }
            }
        }
    }

    /// <summary>Whether the provider could be called: one at its public address needs a key.</summary>
    internal static bool IsUsable(ProviderOptions options) => !string.IsNullOrEmpty(options.ApiKey) || options.ApiKeys.Count > 0 || !options.IsPublicService;
}
