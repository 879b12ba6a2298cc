using MasterX.Api.Audit;
using MasterX.Api.Calls;
using MasterX.ServiceDefaults.Configuration;

namespace MasterX.Api.Storage;

/// <summary>
/// Removes what has had its time, once an hour and <see cref="Step"/> rows at a time, so that callers' writes get their turn in between: kept answers of repeatable requests after a day, budgets and what was told of them once their period is over for long, and generations after <c>Retention:GenerationDays</c> (0, for ever, unless set). So does the beginning of the log of admins' acts after <c>Retention:AuditDays</c> (the same). Records of what was spent become sums by key and day after <c>Retention:SpendingDays</c> (0, never, unless set). The room they have had goes back to the disk.
/// </summary>
internal sealed partial class Retention(IDatabase database, IGenerationStore generations, IUsageStore usage, IIdempotencyStore records, ICallStore calls, IBudgetAlertStore alerts, AuditLog audit, IConfiguration configuration, TimeProvider time, ILogger<Retention> logger) : BackgroundService
{
    /// <summary>Rows of one write.</summary>
    public const int Step = 500;

    /// <summary>Longer than any budget's period, which it may not be told of twice in.</summary>
    private static readonly TimeSpan AlertLifetime = TimeSpan.FromDays(62);

    /// <summary>Months after which budgets are forgotten; calls of theirs are booked by then.</summary>
    private const int FirstPastBudgets = 3;

    /// <summary>Days that records of what was spent are kept at least: no running period of a budget loses them.</summary>
    private const int LeastSpendingDays = 62;

    private const string Setting = "Retention:GenerationDays", SpendingSetting = "Retention:SpendingDays";
    private static readonly TimeSpan FirstPause = TimeSpan.FromMinutes(1), Pause = TimeSpan.FromHours(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // Not in the way of the start, nor before the tables are there.
        await Task.Delay(FirstPause, time, stoppingToken);
        using var timer = new PeriodicTimer(Pause, time);
        do
        {
            try
            {
                await RunAsync(stoppingToken);
            }
            catch (StorageException outage)
            {
                LogFailed(logger, outage.Message);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    /// <summary>Removes what has had its time by now.</summary>
    internal async Task RunAsync(CancellationToken cancellationToken)
    {
        var now = Identifier.Now(time);
        var expired = await InStepsAsync(() => records.DeleteExpiredAsync(now, Step, cancellationToken));
        for (var months = FirstPastBudgets; months < FirstPastBudgets + 3; months++)
        {
            await calls.DeleteBudgetsAsync(DateOnly.FromDateTime(now.UtcDateTime).AddMonths(-months), cancellationToken);
        }

        await InStepsAsync(() => alerts.DeleteOlderThanAsync(now - AlertLifetime, Step, cancellationToken));
        await audit.KeepAsync(AuditEndpoints.DaysOf(configuration), cancellationToken);
        var days = configuration.GetValue(Setting, 0);
        var old = days > 0 ? await InStepsAsync(() => generations.DeleteOlderThanAsync(now.AddDays(-days), Step, cancellationToken)) : 0;
        if (configuration.GetValue(SpendingSetting, 0) is > 0 and var spendingDays)
        {
            while (await usage.RollUpAsync(DateOnly.FromDateTime(now.UtcDateTime).AddDays(-spendingDays), Step, cancellationToken) > 0)
            {
                // Some at a time.
            }
        }

        while (await database.ShrinkAsync(cancellationToken))
        {
            // Another write's turn is between any two steps.
        }

        if (expired + old > 0)
        {
            LogRemoved(logger, old, expired);
        }
    }

    private static async Task<int> InStepsAsync(Func<Task<int>> step)
    {
        var sum = 0;
        int removed;
        do
        {
            removed = await step();
            sum += removed;
        }
        while (removed == Step);

        return sum;
    }

    [LoggerMessage(44, LogLevel.Information, "Retention: {Generations} generations and {Records} answers of repeatable requests were removed")]
    private static partial void LogRemoved(ILogger logger, int generations, int records);

    [LoggerMessage(45, LogLevel.Warning, "Retention did not run; it is tried again in an hour. {Problem}")]
    private static partial void LogFailed(ILogger logger, string problem);

    /// <summary>Checks the setting at start.</summary>
    internal sealed class Rule(IConfiguration configuration) : IConfigurationRule
    {
        private const int Most = 36_500;

        public IEnumerable<string> FindProblems()
        {
            if (Days(Setting) is not (>= 0 and <= Most))
            {
                yield return $"Retention__GenerationDays is '{configuration[Setting]}'; it must be 0 (for ever) to {Most}.";
            }

            if (Days(SpendingSetting) is not (0 or (>= LeastSpendingDays and <= Most)))
            {
                yield return $"Retention__SpendingDays is '{configuration[SpendingSetting]}'; it must be 0 (for ever), or {LeastSpendingDays} to {Most}: budgets need the records of their periods.";
            }
        }

        private int? Days(string setting) =>
            configuration[setting] is not { } days ? 0 : int.TryParse(days, System.Globalization.CultureInfo.InvariantCulture, out var number) ? number : null;
    }
}
