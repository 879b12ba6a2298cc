using System.Net.Http.Headers;

namespace MasterX.AiGateway.Providers.Credentials;

/// <summary>What a provider lets a call in by, where that is no key that stays the same.</summary>
internal abstract class ProviderCredential : IDisposable
{
    /// <summary>The values of <see cref="ProviderOptions.Credential"/>.</summary>
    public static readonly IReadOnlyList<string> Kinds = [Key, Entra];

    public const string Key = "key";
    public const string Entra = "entra";

    /// <summary>Whether this build of the gateway can get Entra's tokens: the native one has no library for them.</summary>
#if ENTRA
    public static bool HasEntra => true;
#else
    public static bool HasEntra => false;
#endif

    /// <returns><see langword="null"/> where the provider is called with a key, or without one.</returns>
    public static ProviderCredential? Of(ProviderOptions options, TimeProvider time) => options.Credential switch
    {
#if ENTRA
        Entra => new BearerToken(new EntraTokens().GetAsync, time),
#endif
        _ => null,
    };

    /// <summary>Adds it to a call.</summary>
    /// <exception cref="CredentialException">There is none to be had.</exception>
    public abstract ValueTask WriteAsync(HttpRequestHeaders headers, CancellationToken cancellationToken);

    /// <summary>The provider refused it: the next call is made with a new one.</summary>
    public abstract void Forget();

    public virtual void Dispose()
    {
    }
}

/// <summary>There is nothing to be let in by.</summary>
/// <param name="message">Why, without anything secret.</param>
/// <param name="cause">What failed.</param>
internal sealed class CredentialException(string message, Exception cause) : Exception(message, cause);
