using System.Globalization;
using Microsoft.Extensions.Configuration;

namespace MasterX.ServiceDefaults.Configuration;

/// <summary>Finds times that are whole numbers without a unit: whoever writes 300 means seconds, and .NET reads days.</summary>
/// <param name="configuration">The whole configuration.</param>
/// <param name="section">Where to look, at any depth.</param>
/// <param name="times">Names of the settings that are times, such as <c>TotalTimeout</c>.</param>
public sealed class BareTimes(IConfiguration configuration, string section, params IReadOnlyList<string> times) : IConfigurationRule
{
    /// <inheritdoc/>
    public IEnumerable<string> FindProblems()
    {
        foreach (var (key, value) in configuration.GetSection(section).AsEnumerable())
        {
            var name = key[(key.LastIndexOf(':') + 1)..];
            if (times.Contains(name, StringComparer.OrdinalIgnoreCase) && long.TryParse(value, CultureInfo.InvariantCulture, out var number) && number != 0)
            {
                yield return $"{key.Replace(":", "__", StringComparison.Ordinal)} is {number}, which would be {number} days. Write hours:minutes:seconds, for example {Example(number)}.";
            }
        }
    }

    /// <summary>The number as seconds, where there are fewer than a day has.</summary>
    private static string Example(long number) => number is > 0 and < 24 * 60 * 60
        ? $"{TimeSpan.FromSeconds(number):c} for {number} seconds"
        : "00:05:00 for five minutes";
}
