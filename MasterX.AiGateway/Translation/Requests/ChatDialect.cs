using MasterX.AiGateway.Providers;
using MasterX.AiGateway.Routing;

namespace MasterX.AiGateway.Translation.Requests;

/// <summary>How one of the many providers of OpenAI's format takes it.</summary>
/// <param name="Model">As it calls it.</param>
/// <param name="IsOpenAi">Whether it is OpenAI itself, or OpenAI's models at Azure, which takes fields that others refuse.</param>
/// <param name="TakesMaxCompletionTokens">Whether the limit goes by its newer name: OpenAI's own models refuse the older one.</param>
/// <param name="TellsUsageOfStreams">Whether it may be asked for the tokens of a stream.</param>
internal sealed record ChatDialect(string Model, bool IsOpenAi, bool TakesMaxCompletionTokens, bool TellsUsageOfStreams)
{
    public static ChatDialect Of(Candidate candidate)
    {
        var isOpenAi = candidate.Provider.BaseUrl.Host.EndsWith(".openai.com", StringComparison.OrdinalIgnoreCase)
            || (candidate.Provider.Kind == "azure" && AzureWireFormat.IsRecent(candidate.Provider.Options));
        return new(candidate.Model, isOpenAi, isOpenAi, candidate.Provider.Options.AsksStreamUsage);
    }
}
