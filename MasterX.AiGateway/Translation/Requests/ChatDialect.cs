using System.Text.RegularExpressions;
using MasterX.AiGateway.Providers;
using MasterX.AiGateway.Routing;
using MasterX.AiGateway.Translation.Vocabulary;

namespace MasterX.AiGateway.Translation.Requests;

/// <summary>How one of the many providers of OpenAI's format takes it.</summary>
/// <param name="Model">As it calls it.</param>
/// <param name="IsOpenAi">Whether it is OpenAI itself, or OpenAI's models at Azure, which takes fields that others refuse.</param>
/// <param name="TakesMaxCompletionTokens">Whether the limit goes by its newer name: OpenAI's own models refuse the older one.</param>
/// <param name="TellsUsageOfStreams">Whether it may be asked for the tokens of a stream.</param>
internal sealed partial record ChatDialect(string Model, bool IsOpenAi, bool TakesMaxCompletionTokens, bool TellsUsageOfStreams)
{
    /// <summary>Where it wants back what its model thought.</summary>
    public ThoughtField Thoughts { get; private init; }

    /// <summary>Whether Gemini's signatures go back with calls: Google's own compatible API has them there; others refuse what they do not know.</summary>
    public bool TakesGoogleSignatures { get; private init; }

    /// <summary>Whether it is OpenRouter, which is told how much to think by one object for all models.</summary>
    public bool IsOpenRouter { get; private init; }

    /// <summary>Whether it is Mistral's own API, which calls some fields otherwise and refuses those it does not know.</summary>
    public bool IsMistral { get; private init; }

    /// <summary>The names of calls it takes.</summary>
    public CallIds CallIds { get; private init; } = CallIds.Any;

    public static ChatDialect Of(Candidate candidate)
    {
        var (provider, host) = (candidate.Provider, candidate.Provider.BaseUrl.Host);
        var isOpenAi = host.EndsWith(".openai.com", StringComparison.OrdinalIgnoreCase) || (provider.Kind == "azure" && AzureWireFormat.IsRecent(provider.Options));
        var isOpenRouter = host.EndsWith("openrouter.ai", StringComparison.OrdinalIgnoreCase);
        return new(candidate.Model, isOpenAi, isOpenAi, provider.Options.AsksStreamUsage)
        {
            IsOpenRouter = isOpenRouter, IsMistral = host.EndsWith(".mistral.ai", StringComparison.OrdinalIgnoreCase), CallIds = CallIdsOf(candidate),
            Thoughts = provider.Options.ThoughtField switch
            {
                "none" => ThoughtField.None,
                "reasoning_content" => ThoughtField.ReasoningContent,
                "reasoning" => ThoughtField.Reasoning,
                "reasoning_details" => ThoughtField.ReasoningDetails,
                _ when isOpenAi => ThoughtField.None,
                _ when isOpenRouter => ThoughtField.ReasoningDetails,
                _ when candidate.Thoughts.Field != ThoughtField.None => candidate.Thoughts.Field,
                _ => ModelsThatWantThoughts().IsMatch(candidate.Model) ? ThoughtField.ReasoningContent : ThoughtField.None,
            },
            TakesGoogleSignatures = candidate.Thoughts.HasGoogleSignatures || host.EndsWith(".googleapis.com", StringComparison.OrdinalIgnoreCase)
                || (!isOpenRouter && candidate.Model.Contains("gemini", StringComparison.OrdinalIgnoreCase)),
        };
    }

    /// <summary>The names of calls a provider's chats take.</summary>
    public static CallIds CallIdsOf(Candidate candidate) =>
        CallIds.IsMistral(candidate.Provider.BaseUrl, candidate.Model) ? CallIds.Mistral
        : candidate.Provider.Kind == "azure" || candidate.Provider.BaseUrl.Host.EndsWith(".openai.com", StringComparison.OrdinalIgnoreCase) ? CallIds.OpenAiChats
        : CallIds.Any;

    /// <summary>Models behind compatible APIs that want their thoughts back while they call tools, before they have answered for the first time.</summary>
    [GeneratedRegex("deepseek|kimi|glm|minimax|mimo", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase)]
    private static partial Regex ModelsThatWantThoughts();
}
