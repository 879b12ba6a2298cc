using Amazon.Runtime;
using Amazon.Runtime.Credentials;

namespace MasterX.AiGateway.Providers.Credentials.Identities;

/// <summary>
/// The machine's keys to AWS, by whatever it has to ask with: variables, a profile, a role of a container, a pod or the machine
/// (<see href="https://docs.aws.amazon.com/sdk-for-net/v4/developer-guide/creds-assign.html"/>). The library keeps them, and renews them
/// before they expire.
/// </summary>
internal sealed class AwsIdentity : IDisposable
{
    private readonly DefaultAWSCredentialsIdentityResolver _resolver = new();

    public void Dispose() => _resolver.Dispose();

    public async ValueTask<AwsKeys?> GetAsync(CancellationToken cancellationToken)
    {
        try
        {
            var identity = await _resolver.ResolveIdentityAsync(clientConfig: null, cancellationToken);
            var keys = await identity.GetCredentialsAsync().WaitAsync(cancellationToken);
            return new AwsKeys(keys.AccessKey, keys.SecretKey, keys.UseToken ? keys.Token : null);
        }
        catch (Exception failure) when (failure is AmazonClientException or AmazonServiceException or IOException or HttpRequestException or InvalidOperationException or ArgumentException)
        {
            throw new CredentialException($"AWS gave no keys. {failure.Message}", failure);
        }
    }
}
