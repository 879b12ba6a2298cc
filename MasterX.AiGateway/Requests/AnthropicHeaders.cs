namespace MasterX.AiGateway.Requests;

/// <summary>
/// What a caller of Anthropic's API says in headers: the version it speaks (<see href="https://docs.anthropic.com/en/api/versioning"/>),
/// and what it wants beyond it (<see href="https://docs.anthropic.com/en/api/beta-headers"/>). They go to Anthropic with the body as it
/// came; to nobody else.
/// </summary>
/// <param name="VersionValue"><see langword="null"/> when it says none: the gateway's own then.</param>
/// <param name="BetaValue">Names, with commas between them.</param>
internal sealed record AnthropicHeaders(string? VersionValue, string? BetaValue)
{
    public const string Version = "anthropic-version", Beta = "anthropic-beta";

    /// <summary>Longer than any list of names that means something.</summary>
    private const int Longest = 2048;

    /// <returns><see langword="null"/> when it says nothing.</returns>
    public static AnthropicHeaders? Of(HttpRequest request)
    {
        var (version, beta) = (Text(request.Headers[Version].ToString()), Text(request.Headers[Beta].ToString()));
        return version is null && beta is null ? null : new(version, beta);
    }

    private static string? Text(string value) => value.Length is > 0 and <= Longest ? value : null;
}
