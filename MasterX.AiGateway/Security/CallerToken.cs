using System.Security.Cryptography;
using System.Text;

namespace MasterX.AiGateway.Security;

/// <summary>
/// Checks the token of a caller, in a time that does not depend on where it differs. It comes as <c>Authorization: Bearer</c>; without that
/// header as <c>api-key</c>, as Azure's clients send it, or as <c>x-api-key</c>, as Anthropic's do.
/// </summary>
internal sealed class CallerToken(GatewayConfiguration configuration)
{
    private const string Scheme = "Bearer ";
    private const int Longest = 1024;

    public bool IsPresentedBy(HttpRequest request)
    {
        var token = Presented(request.Headers);
        if (token.Length is 0 or >= Longest)
        {
            return false;
        }

        Span<byte> presented = stackalloc byte[Encoding.UTF8.GetMaxByteCount(Longest)];
        Span<byte> expected = stackalloc byte[Encoding.UTF8.GetMaxByteCount(Longest)];
        var presentedLength = Encoding.UTF8.GetBytes(token, presented);
        return Encoding.UTF8.TryGetBytes(configuration.Options.Token, expected, out var expectedLength)
            && expectedLength > 0
            && CryptographicOperations.FixedTimeEquals(presented[..presentedLength], expected[..expectedLength]);
    }

    /// <summary>Two of them are a sign of a proxy that was fooled: neither counts.</summary>
    private static ReadOnlySpan<char> Presented(IHeaderDictionary headers)
    {
        var bearer = headers.Authorization;
        if (bearer.Count > 0)
        {
            return bearer is [{ } value] && value.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) ? value.AsSpan(Scheme.Length) : default;
        }

        var (azures, anthropics) = (headers["api-key"], headers["x-api-key"]);
        return (azures, anthropics) switch
        {
            ([{ } value], { Count: 0 }) => value,
            ({ Count: 0 }, [{ } value]) => value,
            _ => default,
        };
    }
}
