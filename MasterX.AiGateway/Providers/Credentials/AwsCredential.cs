namespace MasterX.AiGateway.Providers.Credentials;

/// <summary>Signs every call to Amazon Bedrock.</summary>
/// <param name="region">Where it is called.</param>
/// <param name="keysOf">
/// The keys for a call, by the provider's key that it is made with; <see langword="null"/> for one that is sent as it is. Throws a
/// <see cref="CredentialException"/> when there are none.
/// </param>
/// <param name="source">Where the keys come from, if it has to be disposed.</param>
/// <param name="time">Clock.</param>
internal sealed class AwsCredential(string region, Func<string?, CancellationToken, ValueTask<AwsKeys?>> keysOf, IDisposable? source, TimeProvider time)
    : ProviderCredential
{
    private const string Service = "bedrock";

    /// <summary>By the provider's own keys.</summary>
    public AwsCredential(string region, TimeProvider time) : this(region, (secret, _) => ValueTask.FromResult(AwsKeys.Of(secret)), source: null, time)
    {
    }

    public override async ValueTask WriteAsync(HttpRequestMessage message, string? secret, CancellationToken cancellationToken)
    {
        if (await keysOf(secret, cancellationToken) is { } keys)
        {
            AwsSignature.Write(message, message.Content is SentBody body ? body.Bytes : [], keys, region, Service, time.GetUtcNow());
        }
    }

    public override void Forget()
    {
        // Keys that expire are got anew by whoever got them; those of the configuration stay what they are.
    }

    public override void Dispose()
    {
        source?.Dispose();
        base.Dispose();
    }
}
