#if CLOUD_IDENTITIES
using MasterX.AiGateway.Providers.Credentials.Identities;
#endif

namespace MasterX.AiGateway.Providers.Credentials;

/// <summary>What a provider lets a call in by, where that is no key that stays the same.</summary>
internal abstract class ProviderCredential : IDisposable
{
    /// <summary>The values of <see cref="ProviderOptions.Credential"/>.</summary>
    public static readonly IReadOnlyList<string> Kinds = [Key, Entra, Google, Aws];

    public const string Key = "key";
    public const string Entra = "entra";
    public const string Google = "google";
    public const string Aws = "aws";

    /// <summary>The kind of providers a credential is for; <see langword="null"/> for a key.</summary>
    public static string? OwnerOf(string credential) => credential switch { Entra => "azure", Google => "vertex", Aws => "bedrock", _ => null };

    /// <summary>Whether this build of the gateway can ask the clouds for tokens: the native one has none of their libraries.</summary>
#if CLOUD_IDENTITIES
    public static bool HasIdentities => true;
#else
    public static bool HasIdentities => false;
#endif

    /// <returns><see langword="null"/> where the provider is called with a key, or without one.</returns>
    public static ProviderCredential? Of(ProviderOptions options, TimeProvider time) => options.Credential switch
    {
#if CLOUD_IDENTITIES
        Entra => new BearerToken(new EntraTokens().GetAsync, time),
        Google => new BearerToken(new GoogleTokens(options.CredentialFile, time).GetAsync, time),
        Aws => OfAws(options.Region!, time),
#endif
        _ => options.Kind == "bedrock" ? new AwsCredential(options.Region!, time) : null,
    };

    /// <summary>Adds it to a call.</summary>
    /// <param name="message">The call: its address and body are what they will be, for a credential that vouches for them.</param>
    /// <param name="secret">The provider's key that the call is made with; <see langword="null"/> for none.</param>
    /// <param name="cancellationToken">Ends the wait for a credential.</param>
    /// <exception cref="CredentialException">There is none to be had.</exception>
    public abstract ValueTask WriteAsync(HttpRequestMessage message, string? secret, CancellationToken cancellationToken);

    /// <summary>The provider refused it: the next call is made with a new one.</summary>
    public abstract void Forget();

    public virtual void Dispose()
    {
    }

#if CLOUD_IDENTITIES
    /// <summary>As AWS's own tools: an API key of Bedrock's in the variable for it comes before anything else.</summary>
    private static ProviderCredential OfAws(string region, TimeProvider time)
    {
        if (Environment.GetEnvironmentVariable("AWS_BEARER_TOKEN_BEDROCK") is { Length: > 0 } key)
        {
            return new BearerToken(_ => ValueTask.FromResult(new Token(key, DateTimeOffset.MaxValue)), time);
        }

        var identity = new AwsIdentity();
        return new AwsCredential(region, (_, cancellationToken) => identity.GetAsync(cancellationToken), identity, time);
    }
#endif
}

/// <summary>There is nothing to be let in by.</summary>
/// <param name="message">Why, without anything secret.</param>
/// <param name="cause">What failed.</param>
internal sealed class CredentialException(string message, Exception cause) : Exception(message, cause);
