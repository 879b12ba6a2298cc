using MasterX.AiGateway.Providers.Classification;
using MasterX.AiGateway.Requests;

namespace MasterX.AiGateway.Providers;

/// <summary>
/// Azure OpenAI: OpenAI's format at addresses of its own, either of a deployment, with a version
/// (<see href="https://learn.microsoft.com/azure/ai-services/openai/reference"/>), or as OpenAI's own with the deployment as the model, the
/// version <c>v1</c> (<see href="https://learn.microsoft.com/azure/foundry/openai/api-version-lifecycle"/>).
/// </summary>
internal sealed class AzureWireFormat : OpenAiWireFormat
{
    public static new readonly AzureWireFormat Instance = new();

    /// <summary>The latest dated version that is no preview.</summary>
    public const string DefaultVersion = "2024-10-21";

    /// <summary>The surface without dated versions.</summary>
    public const string V1 = "v1";

    /// <summary>The preview from which on chats take <c>stream_options</c> and <c>max_completion_tokens</c>.</summary>
    private const string FirstRecent = "2024-09-01-preview";

    public override ErrorTable Errors => ErrorTable.Azure;

    public override Uri? UriOf(Uri baseUrl, string model, Operation operation, bool stream, ProviderOptions options)
    {
        if (operation == Operation.CountTokens)
        {
            return null;
        }

        var path = (Speaks(operation, options) ? operation : Operation.Chat).Path;
        return VersionOf(options) == V1
            ? new(baseUrl, $"openai/v1/{path}")
            : new(baseUrl, $"openai/deployments/{Uri.EscapeDataString(model)}/{path}{Query(options)}");
    }

    public override Uri? ModelsUri(Uri baseUrl, ProviderOptions options) =>
        VersionOf(options) == V1 ? new(baseUrl, "openai/v1/models") : new(baseUrl, $"openai/models{Query(options)}");

    /// <summary>Where responses are kept and cancelled, as they are made: <c>v1</c> has them, a dated version has not.</summary>
    public override Uri ResponsesUri(Uri baseUrl, string path) => new(baseUrl, $"openai/v1/{path}");

    public override bool Speaks(Operation operation, ProviderOptions options) =>
        base.Speaks(operation, options) && (operation != Operation.Responses || VersionOf(options) == V1);

    public override (string Name, string Value)? Authentication(string key) => ("api-key", key);

    /// <summary>Whether its version takes what came to the format after the latest dated one that is no preview.</summary>
    public static bool IsRecent(ProviderOptions options) =>
        VersionOf(options) is var version && (version == V1 || (version != DefaultVersion && string.CompareOrdinal(version, FirstRecent) >= 0));

    private static string VersionOf(ProviderOptions options) => options.ApiVersion ?? DefaultVersion;

    private static string Query(ProviderOptions options) => $"?api-version={Uri.EscapeDataString(VersionOf(options))}";
}
