using MasterX.ServiceDefaults.Configuration;

namespace MasterX.Api.Idempotency;

/// <summary>How long requests that may come again are held and kept.</summary>
/// <param name="configuration">The whole configuration.</param>
internal sealed class IdempotencyOptions(IConfiguration configuration)
{
    private const string Setting = "Idempotency:Hold";

    /// <summary>How long an answer is kept.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromHours(24);

    private static readonly TimeSpan DefaultHold = TimeSpan.FromSeconds(12), ShortestHold = TimeSpan.FromSeconds(1), LongestHold = TimeSpan.FromMinutes(10);

    /// <summary><c>Idempotency:Hold</c>: how long a process that says nothing is believed to be alive, 12 s unless set; it says something three times as often.</summary>
    public TimeSpan Hold { get; } = configuration.GetValue(Setting, DefaultHold);

    /// <summary>Checks the setting at start.</summary>
    internal sealed class Rule(IConfiguration configuration) : IConfigurationRule
    {
        public IEnumerable<string> FindProblems() =>
            configuration[Setting] is not { } hold || (TimeSpan.TryParse(hold, System.Globalization.CultureInfo.InvariantCulture, out var time) && time >= ShortestHold && time <= LongestHold)
                ? []
                : [$"Idempotency__Hold is '{configuration[Setting]}'; it must be {ShortestHold:c} to {LongestHold:c}, written as hours:minutes:seconds."];
    }
}
