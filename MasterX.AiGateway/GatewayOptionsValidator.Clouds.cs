using System.Text.RegularExpressions;
using MasterX.AiGateway.Providers;
using MasterX.AiGateway.Providers.Credentials;

namespace MasterX.AiGateway;

public sealed partial class GatewayOptionsValidator
{
    /// <summary>What is said of a cloud: to a provider of its kind alone, and whole.</summary>
    private static IEnumerable<string> CheckClouds(string variable, ProviderOptions provider, Uri? url) =>
        [.. CheckAzure(variable, provider, url), .. CheckVertex(variable, provider, url), .. CheckBedrock(variable, provider, url), .. CheckCredential(variable, provider)];

    private static IEnumerable<string> CheckAzure(string variable, ProviderOptions provider, Uri? url)
    {
        var isAzure = provider.Kind == "azure";
        if (isAzure && url?.AbsolutePath.Contains("/openai", StringComparison.OrdinalIgnoreCase) == true)
        {
            yield return $"{variable}BaseUrl must be the resource's endpoint, without /openai: {variable}ApiVersion says which API is asked. Example: {variable}BaseUrl=https://NAME.openai.azure.com";
        }

        if (provider.ApiVersion is { } version && (!isAzure || !AzureVersion().IsMatch(version)))
        {
            yield return $"{variable}ApiVersion must be v1 or a version such as {AzureWireFormat.DefaultVersion}, of a provider of Kind azure only.";
        }
    }

    private static IEnumerable<string> CheckVertex(string variable, ProviderOptions provider, Uri? url)
    {
        var isVertex = provider.Kind == "vertex";
        if (!string.IsNullOrEmpty(provider.Project) && (!isVertex || !ProjectName().IsMatch(provider.Project)))
        {
            yield return $"{variable}Project must be a project's id or number, of a provider of Kind vertex only. Example: {variable}Project=my-project-123456";
        }

        if (!string.IsNullOrEmpty(provider.Location) && (!isVertex || !PlaceName().IsMatch(provider.Location)))
        {
            yield return $"{variable}Location must be global, us, eu or a region, of a provider of Kind vertex only. Example: {variable}Location=europe-west1";
        }

        if (!isVertex)
        {
            yield break;
        }

        if (url is not null && url.AbsolutePath.Contains("/v1", StringComparison.OrdinalIgnoreCase))
        {
            yield return $"{variable}BaseUrl must end before /v1: {variable}Project and {variable}Location say what follows. It may be left out.";
        }

        var hasKey = HasKey(provider);
        if (!hasKey && provider.Credential == ProviderCredential.Key)
        {
            yield return $"{variable}ApiKey is missing. Set it, or {variable}Credential=google for a token by the machine's application default credentials.";
        }
        else if (!hasKey && !VertexWireFormat.HasProject(provider))
        {
            yield return $"{variable}Project is missing. Example: {variable}Project=my-project-123456";
        }
    }

    private static IEnumerable<string> CheckBedrock(string variable, ProviderOptions provider, Uri? url)
    {
        var isBedrock = provider.Kind == "bedrock";
        if (string.IsNullOrEmpty(provider.Region) ? isBedrock : !isBedrock || !PlaceName().IsMatch(provider.Region))
        {
            yield return $"{variable}Region must be a region of AWS, of a provider of Kind bedrock and of no other. Example: {variable}Region=eu-central-1";
        }

        if (!isBedrock)
        {
            yield break;
        }

        if (url is { AbsolutePath: not "/" })
        {
            yield return $"{variable}BaseUrl must have no path: the model's follows. It may be left out.";
        }

        if (!HasKey(provider) && provider.Credential == ProviderCredential.Key)
        {
            yield return $"{variable}ApiKey is missing. Set it to an API key of Bedrock's or to ACCESS_KEY_ID:SECRET_ACCESS_KEY, or set {variable}Credential=aws for the keys that AWS's own tools would find.";
        }

        if ((provider.ApiKeys.Select(key => key.Key).Append(provider.ApiKey)).Any(key => key?.Contains(':', StringComparison.Ordinal) == true && AwsKeys.Of(key) is null))
        {
            yield return $"{variable}ApiKey has a colon and is not ACCESS_KEY_ID:SECRET_ACCESS_KEY or ACCESS_KEY_ID:SECRET_ACCESS_KEY:SESSION_TOKEN.";
        }
    }

    private static bool HasKey(ProviderOptions provider) => !string.IsNullOrEmpty(provider.ApiKey) || provider.ApiKeys.Count > 0;

    /// <summary>The clouds' own identities.</summary>
    private static IEnumerable<string> CheckCredential(string variable, ProviderOptions provider)
    {
        var credential = provider.Credential;
        if (!ProviderCredential.Kinds.Contains(credential))
        {
            yield return $"{variable}Credential is '{credential}'; it must be one of {string.Join(", ", ProviderCredential.Kinds)}.";
        }

        if (!string.IsNullOrEmpty(provider.CredentialFile) && credential != ProviderCredential.Google)
        {
            yield return $"{variable}CredentialFile is read with {variable}Credential=google only.";
        }

        if (ProviderCredential.OwnerOf(credential) is not { } owner)
        {
            yield break;
        }

        if (provider.Kind != owner)
        {
            yield return $"{variable}Credential={credential} is for providers of Kind {owner} only.";
        }
        else if (!ProviderCredential.HasIdentities)
        {
            yield return $"{variable}Credential={credential} needs the ordinary build of the gateway; this native one has no library for it. Set {variable}ApiKey, or run the ordinary build.";
        }

        if (HasKey(provider))
        {
            yield return $"{variable}Credential={credential} and a key are both set; leave one of them out.";
        }
    }

    [GeneratedRegex(@"^(v1|\d{4}-\d{2}-\d{2}(-preview)?)\z")]
    private static partial Regex AzureVersion();

    /// <summary>An id, with a domain before it perhaps, or a number.</summary>
    [GeneratedRegex(@"^[a-z0-9][a-z0-9.:-]{0,98}\z")]
    private static partial Regex ProjectName();

    /// <summary>A cloud's region: it becomes part of a host's name.</summary>
    [GeneratedRegex(@"^[a-z0-9][a-z0-9-]{0,38}\z")]
    private static partial Regex PlaceName();
}
