using MasterX.ServiceDefaults.Configuration;

namespace MasterX.Api.Http;

/// <summary>Every entry of <c>CORS_ORIGINS</c> has to be an origin: scheme, host and port, without a wildcard or a path.</summary>
internal sealed class CorsOriginsRule(IEnumerable<string> origins) : IConfigurationRule
{
    public static bool IsOrigin(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var origin)
        && origin.Scheme is ("http" or "https")
        && !text.Contains('*', StringComparison.Ordinal)
        && text.Equals(origin.GetLeftPart(UriPartial.Authority), StringComparison.OrdinalIgnoreCase);

    public IEnumerable<string> FindProblems() => origins
        .Where(origin => !IsOrigin(origin))
        .Select(origin => $"CORS_ORIGINS contains '{origin}', which is not an origin. An origin is scheme and host, such as https://app.example.com; there are no wildcards.");
}
