using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using MasterX.AiGateway.Providers.Keys;

namespace MasterX.AiGateway.Requests;

/// <summary>
/// Names of responses that a provider keeps, as callers know them: <c>resp_</c> and, in base64url, a signature, the provider's name and its
/// own name for the response. So a name says by itself who is to be asked, no replica has to remember it, and it is of no use to a consumer
/// whom it was not given to. The key is derived from the gateway's token (HKDF, RFC 5869): replicas share it, and a new token ends old names.
/// </summary>
internal sealed class ResponseIds
{
    private const string Prefix = "resp_";
    private const int SignatureBytes = 16;

    private readonly byte[] _key;
    private readonly string _consumer;
    private readonly string? _keyLabel;

    /// <param name="token">The gateway's.</param>
    /// <param name="consumer">Whom the names are given to.</param>
    public ResponseIds(string token, string consumer)
    {
        _key = HKDF.DeriveKey(HashAlgorithmName.SHA256, Encoding.UTF8.GetBytes(token), 32, info: "masterx: names of responses"u8.ToArray());
        _consumer = consumer;
    }

    private ResponseIds(ResponseIds of, string keyLabel) => (_key, _consumer, _keyLabel) = (of._key, of._consumer, keyLabel);

    /// <summary>Of responses made with one of several keys: their names say which, as no other key's account may know them.</summary>
    public ResponseIds MadeWith(ProviderKey key) => key.Label is { } label ? new(this, label) : this;

    /// <param name="provider">Who keeps it.</param>
    /// <param name="id">As the provider names it.</param>
    public string Sign(string provider, string id)
    {
        var named = Encoding.UTF8.GetBytes(_keyLabel is null ? $"{provider}\0{id}" : $"{provider}:{_keyLabel}\0{id}");
        return Prefix + Base64Url.EncodeToString([.. Signature(named), .. named]);
    }

    /// <param name="text">What a caller gave for a response's name.</param>
    /// <param name="response">Who keeps it, its name there, and the label of the key it was made with, where there was a choice.</param>
    /// <returns>Whether it is such a name, and was given to this consumer.</returns>
    public bool TryRead(string text, out (string Provider, string Id, string? KeyLabel) response)
    {
        response = default;
        if (!text.StartsWith(Prefix, StringComparison.Ordinal) || !Base64Url.IsValid(text.AsSpan(Prefix.Length), out var length) || length <= SignatureBytes)
        {
            return false;
        }

        var bytes = Base64Url.DecodeFromChars(text.AsSpan(Prefix.Length));
        var named = bytes.AsSpan(SignatureBytes);
        if (!CryptographicOperations.FixedTimeEquals(bytes.AsSpan(0, SignatureBytes), Signature(named)))
        {
            return false;
        }

        var zero = named.IndexOf((byte)0);
        var keeper = Encoding.UTF8.GetString(named[..zero]);
        var colon = keeper.IndexOf(':', StringComparison.Ordinal);
        response = (colon < 0 ? keeper : keeper[..colon], Encoding.UTF8.GetString(named[(zero + 1)..]), colon < 0 ? null : keeper[(colon + 1)..]);
        return true;
    }

    private ReadOnlySpan<byte> Signature(ReadOnlySpan<byte> named) =>
        HMACSHA256.HashData(_key, (byte[])[.. Encoding.UTF8.GetBytes(_consumer), 0, .. named]).AsSpan(0, SignatureBytes);
}
