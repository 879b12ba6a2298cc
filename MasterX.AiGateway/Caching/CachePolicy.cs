using System.Globalization;
using MasterX.AiGateway.Routing;

namespace MasterX.AiGateway.Caching;

/// <summary>
/// Whether, and for how long, a request's answer is kept: as its route says, unless the request itself says otherwise in <c>x-masterx-cache</c>, which is
/// a number of seconds, or <c>off</c>.
/// </summary>
internal static class CachePolicy
{
    public const string Header = "x-masterx-cache";

    private const int LongestSeconds = 24 * 60 * 60;

    /// <returns>Zero when the answer is not to be kept; <see langword="null"/> when the header makes no sense.</returns>
    public static TimeSpan? Of(HttpRequest request, ModelRoute route) => request.Headers[Header] switch
    {
        [] => route.Cache,
        ["off"] => TimeSpan.Zero,
        [{ } text] when int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) && seconds <= LongestSeconds => TimeSpan.FromSeconds(seconds),
        _ => null,
    };
}
