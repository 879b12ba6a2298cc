using MasterX.ServiceDefaults.Configuration;

namespace MasterX.Api.Storage;

/// <summary>
/// Finds out whether the database still takes writes: writes something small every <c>StorageProbeInterval</c> (15 s unless set), at once where a
/// request has failed, and every 2 s while it does not. What was found is remembered: whoever asks for the health of the service never writes.
/// </summary>
internal sealed partial class StorageWatch(IDatabase database, StorageReady ready, IConfiguration configuration, TimeProvider time, ILogger<StorageWatch> logger) : BackgroundService
{
    private const string Setting = "StorageProbeInterval";
    private static readonly TimeSpan DefaultInterval = TimeSpan.FromSeconds(15), FailingInterval = TimeSpan.FromSeconds(2), ShortestInterval = TimeSpan.FromSeconds(1), LongestInterval = TimeSpan.FromMinutes(10);

    /// <summary>Longest a write may take before it is told of; it is not begun a second time meanwhile.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly SemaphoreSlim _failed = new(0, 1);
    private readonly TimeSpan _interval = configuration.GetValue(Setting, DefaultInterval);

    /// <summary>What was found last.</summary>
    public Finding Last { get; private set; } = new(null, null);

    /// <summary>Has it looked at now, as a request has failed.</summary>
    public void LookNow()
    {
        try
        {
            _failed.Release();
        }
        catch (SemaphoreFullException)
        {
            // It is about to.
        }
    }

    public override void Dispose()
    {
        _failed.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await ready.Task.WaitAsync(stoppingToken);
        while (true)
        {
            await LookAsync(stoppingToken);

            // Requests that fail one after the other are no reason for more than a look a second.
            await Task.Delay(ShortestInterval, time, stoppingToken);
            await _failed.WaitAsync((Last.Problem is null ? _interval : FailingInterval) - ShortestInterval, stoppingToken);
        }
    }

    internal async Task LookAsync(CancellationToken cancellationToken)
    {
        var before = Last.Problem;
        var probing = database.ProbeAsync(cancellationToken);
        try
        {
            Last = new(null, await probing.WaitAsync(Patience, time, cancellationToken));
        }
        catch (TimeoutException)
        {
            Last = new($"{database.Kind}: a write has not ended within {Patience.TotalSeconds:0} s. Look at the database and its disk, and at who locks it.", null);
        }
        catch (StorageException problem)
        {
            Last = new(problem.Message, null);
        }
        catch (Exception unforeseen) when (unforeseen is not OperationCanceledException)
        {
            // The boundary of the watch: whatever it is, it is told, and looked at again.
            Last = new($"{database.Kind}: {unforeseen.Message}", null);
        }

        if (Last.Problem is { } found && before is null)
        {
            LogFailed(logger, found);
        }
        else if (Last.Problem is null && before is not null)
        {
            LogWell(logger, database.Kind);
        }

        try
        {
            // One at a time: the next is to find out about another write, not to wait behind this one.
            await probing.WaitAsync(cancellationToken);
        }
        catch (Exception ended) when (ended is not OperationCanceledException)
        {
            // Told above, or it came to an end too late.
        }
    }

    [LoggerMessage(46, LogLevel.Error, "The database takes no writes: {Problem}")]
    private static partial void LogFailed(ILogger logger, string problem);

    [LoggerMessage(47, LogLevel.Information, "The database ({Kind}) takes writes again")]
    private static partial void LogWell(ILogger logger, string kind);

    /// <summary>How a look has ended.</summary>
    /// <param name="Problem">Why nothing can be written.</param>
    /// <param name="Warning">What will be a problem.</param>
    internal sealed record Finding(string? Problem, string? Warning);

    /// <summary>Checks the setting at start.</summary>
    internal sealed class Rule(IConfiguration configuration) : IConfigurationRule
    {
        public IEnumerable<string> FindProblems() =>
            configuration[Setting] is not { } interval || (TimeSpan.TryParse(interval, System.Globalization.CultureInfo.InvariantCulture, out var parsed) && parsed >= ShortestInterval && parsed <= LongestInterval)
                ? []
                : [$"{Setting} is '{configuration[Setting]}'; it must be {ShortestInterval:c} to {LongestInterval:c}, written as hours:minutes:seconds."];
    }
}
