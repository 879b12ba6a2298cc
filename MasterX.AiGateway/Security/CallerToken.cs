using System.Security.Cryptography;
using System.Text;

namespace MasterX.AiGateway.Security;

/// <summary>Checks the bearer token of a caller, in a time that does not depend on where it differs.</summary>
internal sealed class CallerToken(GatewayConfiguration configuration)
{
    private const string Scheme = "Bearer ";
    private const int Longest = 1024;

    public bool IsPresentedBy(HttpRequest request)
    {
        // Two Authorization headers are a sign of a proxy that was fooled: neither counts.
        var header = request.Headers.Authorization;
        if (header.Count != 1 || header[0] is not { Length: > 7 and < Longest } value || !value.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
        {
            return false;
        }

        Span<byte> presented = stackalloc byte[Encoding.UTF8.GetMaxByteCount(Longest)];
        Span<byte> expected = stackalloc byte[Encoding.UTF8.GetMaxByteCount(Longest)];
        var presentedLength = Encoding.UTF8.GetBytes(value.AsSpan(Scheme.Length), presented);
        return Encoding.UTF8.TryGetBytes(configuration.Options.Token, expected, out var expectedLength)
            && expectedLength > 0
            && CryptographicOperations.FixedTimeEquals(presented[..presentedLength], expected[..expectedLength]);
    }
}
