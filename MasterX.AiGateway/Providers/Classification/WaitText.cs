using System.Buffers;
using System.Globalization;

namespace MasterX.AiGateway.Providers.Classification;

/// <summary>
/// How long to wait, as providers write it in headers and bodies: seconds (<c>17</c>, <c>1.5</c>), a duration (<c>6m0s</c>, <c>120ms</c>,
/// Go's <see href="https://pkg.go.dev/time#ParseDuration"/> and protobuf's <c>39.5s</c>), a point in time (RFC 9110's date or RFC 3339's),
/// or the seconds or milliseconds since 1970 at which the wait is over.
/// </summary>
internal static class WaitText
{
    /// <summary>Nobody is believed to mean more.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromDays(1);

    private const int LongestText = 64;

    private static readonly SearchValues<char> Digits = SearchValues.Create("0123456789.");

    /// <summary>As seconds, these would be a wait of thirty years: it is a point in time.</summary>
    private const double FirstEpochSecond = 1e9;
    private const double FirstEpochMillisecond = 1e12;

    /// <returns>More than nothing and no more than <see cref="Longest"/>; <see langword="null"/> for what is past or cannot be
    /// read.</returns>
    public static TimeSpan? Parse(ReadOnlySpan<char> text, DateTimeOffset now)
    {
        text = text.Trim();
        if (text.Length is 0 or > LongestText)
        {
            return null;
        }

        if (IsNumber(text, out var number))
        {
            return number switch
            {
                >= FirstEpochMillisecond => Bounded(number / 1000 - now.ToUnixTimeMilliseconds() / 1000.0),
                >= FirstEpochSecond => Bounded(number - now.ToUnixTimeMilliseconds() / 1000.0),
                _ => Bounded(number),
            };
        }

        if (char.IsAsciiDigit(text[0]) && Duration(text) is { } seconds)
        {
            return Bounded(seconds);
        }

        // A date without a time is none of either format, but text that happens to look like one.
        return text.Contains(':') && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at)
            ? Bounded((at - now).TotalSeconds)
            : null;
    }

    /// <summary>A number of milliseconds; of nothing else.</summary>
    public static TimeSpan? Milliseconds(ReadOnlySpan<char> text) =>
        text.Length <= LongestText && IsNumber(text.Trim(), out var milliseconds) ? Bounded(milliseconds / 1000) : null;

    public static TimeSpan? Bounded(double seconds) =>
        seconds > 0 ? seconds < Longest.TotalSeconds ? TimeSpan.FromSeconds(seconds) : Longest : null;

    private static bool IsNumber(ReadOnlySpan<char> text, out double number) =>
        double.TryParse(text, NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out number);

    /// <returns>Seconds; <see langword="null"/> when it is not numbers with units throughout.</returns>
    private static double? Duration(ReadOnlySpan<char> text)
    {
        var total = 0.0;
        while (text.Length > 0)
        {
            var digits = text.IndexOfAnyExcept(Digits);
            if (digits <= 0 || !IsNumber(text[..digits], out var amount))
            {
                return null;
            }

            text = text[digits..];
            var letters = text.IndexOfAny(Digits);
            var unit = letters < 0 ? text : text[..letters];
            double? factor = unit switch
            {
                "d" => 86_400,
                "h" => 3600,
                "m" => 60,
                "s" => 1,
                "ms" => 1e-3,
                "us" or "µs" => 1e-6,
                "ns" => 1e-9,
                _ => null,
            };
            if (factor is null)
            {
                return null;
            }

            total += amount * factor.Value;
            text = text[unit.Length..];
        }

        return total;
    }
}
