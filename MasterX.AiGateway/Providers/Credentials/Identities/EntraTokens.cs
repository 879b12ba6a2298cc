using Azure.Core;
using Azure.Identity;

namespace MasterX.AiGateway.Providers.Credentials.Identities;

/// <summary>
/// Microsoft Entra ID's tokens for Azure OpenAI, by whatever the machine has to ask with: a managed or workload identity, variables, a
/// developer's login (<see href="https://learn.microsoft.com/dotnet/azure/sdk/authentication/credential-chains#defaultazurecredential-overview"/>).
/// </summary>
internal sealed class EntraTokens
{
    private static readonly string[] Scopes = ["https://cognitiveservices.azure.com/.default"];

    private readonly DefaultAzureCredential _credential = new();

    public async ValueTask<Token> GetAsync(CancellationToken cancellationToken)
    {
        try
        {
            var token = await _credential.GetTokenAsync(new TokenRequestContext(Scopes), cancellationToken);
            return new Token(token.Token, token.ExpiresOn);
        }
        catch (AuthenticationFailedException failure)
        {
            throw new CredentialException($"Entra gave no token. {failure.Message}", failure);
        }
    }
}
