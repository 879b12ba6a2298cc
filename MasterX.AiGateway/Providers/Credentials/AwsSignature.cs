using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace MasterX.AiGateway.Providers.Credentials;

/// <summary>
/// AWS's signature of the fourth version (<see href="https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html"/>)
/// over method, path, host, time and body. AWS's own library signs its own requests only, and is not in the native build.
/// </summary>
internal static class AwsSignature
{
    private const string Algorithm = "AWS4-HMAC-SHA256";

    /// <summary>Adds the signature, and the headers it is made over.</summary>
    /// <param name="message">To an address without a query.</param>
    /// <param name="body">What will be sent.</param>
    /// <param name="keys">Whose it is.</param>
    /// <param name="region">Where the service is.</param>
    /// <param name="service">As AWS calls it in signatures.</param>
    /// <param name="now">AWS takes no signature that is minutes old.</param>
    public static void Write(HttpRequestMessage message, ReadOnlySpan<byte> body, AwsKeys keys, string region, string service, DateTimeOffset now)
    {
        var uri = message.RequestUri!;
        var time = now.UtcDateTime.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture);
        var (day, signed) = (time[..8], "host;x-amz-date");
        var headers = $"host:{(uri.IsDefaultPort ? uri.IdnHost : $"{uri.IdnHost}:{uri.Port}")}\nx-amz-date:{time}\n";
        message.Headers.TryAddWithoutValidation("X-Amz-Date", time);
        if (keys.SessionToken is { } token)
        {
            headers += $"x-amz-security-token:{token}\n";
            signed += ";x-amz-security-token";
            message.Headers.TryAddWithoutValidation("X-Amz-Security-Token", token);
        }

        var request = $"{message.Method}\n{CanonicalPath(uri)}\n\n{headers}\n{signed}\n{Hex(SHA256.HashData(body))}";
        var scope = $"{day}/{region}/{service}/aws4_request";
        var toSign = $"{Algorithm}\n{time}\n{scope}\n{Hex(SHA256.HashData(Encoding.UTF8.GetBytes(request)))}";
        byte[] key = Encoding.UTF8.GetBytes("AWS4" + keys.Secret);
        foreach (var part in (ReadOnlySpan<string>)[day, region, service, "aws4_request"])
        {
            key = HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(part));
        }

        var signature = Hex(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(toSign)));
        message.Headers.TryAddWithoutValidation("Authorization", $"{Algorithm} Credential={keys.Id}/{scope}, SignedHeaders={signed}, Signature={signature}");
    }

    /// <summary>The path as it is sent, and every part of it escaped once more: of all AWS's services only S3 wants it once.</summary>
    private static string CanonicalPath(Uri uri) => string.Join('/', uri.AbsolutePath.Split('/').Select(Uri.EscapeDataString));

    private static string Hex(byte[] bytes) => Convert.ToHexStringLower(bytes);
}
