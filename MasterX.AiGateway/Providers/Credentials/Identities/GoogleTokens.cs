using System.Text.Json;
using Google.Apis.Auth.OAuth2;

namespace MasterX.AiGateway.Providers.Credentials.Identities;

/// <summary>
/// Google's tokens for Vertex AI: by the file of a service account or of workload identity federation, or else by whatever the machine has to
/// ask with (<see href="https://cloud.google.com/docs/authentication/application-default-credentials"/>). Each token is got anew: it is kept by
/// whoever asks for it.
/// </summary>
/// <param name="file">The file; <see langword="null"/> for the machine's own.</param>
/// <param name="time">Clock.</param>
internal sealed class GoogleTokens(string? file, TimeProvider time)
{
    private const string Scope = "https://www.googleapis.com/auth/cloud-platform";

    /// <summary>Where the library does not tell: it gives no token that is good for less than five minutes.</summary>
    private static readonly TimeSpan LeastLifetime = TimeSpan.FromMinutes(6);

    public async ValueTask<Token> GetAsync(CancellationToken cancellationToken)
    {
        try
        {
            var credential = (file is null ? await GoogleCredential.GetApplicationDefaultAsync(cancellationToken) : await OfFileAsync(file, cancellationToken))
                .CreateScoped(Scope);
            var text = await ((ITokenAccess)credential).GetAccessTokenForRequestAsync(cancellationToken: cancellationToken);
            return new Token(text, ExpiryOf(credential));
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            // The library, and the readers of JSON and of keys within it, have exceptions of many kinds; each says that there is no token.
            throw new CredentialException($"Google gave no token. {failure.Message}", failure);
        }
    }

    private static async Task<GoogleCredential> OfFileAsync(string file, CancellationToken cancellationToken)
    {
        var text = await File.ReadAllTextAsync(file, cancellationToken);
        using var json = JsonDocument.Parse(text);
        return CredentialFactory.FromJson(text, json.RootElement.GetProperty("type").GetString());
    }

    private DateTimeOffset ExpiryOf(GoogleCredential credential) =>
        credential.UnderlyingCredential is ServiceCredential { Token: { ExpiresInSeconds: { } seconds } token }
            ? new DateTimeOffset(token.IssuedUtc, TimeSpan.Zero).AddSeconds(seconds)
            : time.GetUtcNow() + LeastLifetime;
}
