namespace MasterX.AiGateway.Providers.Credentials;

/// <summary>What a request to AWS is signed with.</summary>
/// <param name="Id">The access key's id, which stands in the request.</param>
/// <param name="Secret">The secret access key, which does not.</param>
/// <param name="SessionToken">Of keys that are good for a while; <see langword="null"/> for others.</param>
internal sealed record AwsKeys(string Id, string Secret, string? SessionToken)
{
    /// <summary>
    /// Reads a provider's key of the form <c>ID:SECRET</c> or <c>ID:SECRET:SESSION_TOKEN</c>. None of the three has a colon in it, and an API
    /// key of Bedrock's has none either.
    /// </summary>
    /// <returns><see langword="null"/> where it is none: an API key of Bedrock's, which is sent as it is.</returns>
    public static AwsKeys? Of(string? key) => key?.Split(':') switch
    {
        [{ Length: > 0 } id, { Length: > 0 } secret] => new(id, secret, null),
        [{ Length: > 0 } id, { Length: > 0 } secret, { Length: > 0 } token] => new(id, secret, token),
        _ => null,
    };

    /// <summary>Nothing secret: keys must not get into a log by way of a message.</summary>
    public override string ToString() => nameof(AwsKeys);
}
