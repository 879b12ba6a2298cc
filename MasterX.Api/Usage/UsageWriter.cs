using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using MasterX.Api.Storage;

namespace MasterX.Api.Usage;

/// <summary>
/// Adds up what keys use, and writes it behind the requests' backs: every <see cref="Pause"/>, and once more at shutdown. What is of one key and one day is one entry, so the backlog
/// of an outage is small; it is bounded all the same, and <c>usage_backlog_entries</c>, <c>usage_backlog_seconds</c> and <c>usage_dropped_requests</c> tell what it holds and what it lost.
/// A process that is killed loses what it has used in the last second.
/// </summary>
internal sealed partial class UsageWriter : BackgroundService
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    /// <summary>When a key was last used is of interest to the minute; so it is written less often.</summary>
    private static readonly TimeSpan TouchPause = TimeSpan.FromSeconds(10);

    private const int MostEntries = 100_000;

    private readonly Lock _lock = new();
    private readonly SemaphoreSlim _writing = new(1);
    private readonly Dictionary<(string KeyId, DateOnly Day), UsageRecord> _backlog = [];
    private readonly Dictionary<string, DateTimeOffset> _touched = [];
    private readonly ConcurrentDictionary<string, decimal> _recorded = new(StringComparer.Ordinal);
    private readonly IUsageStore _usage;
    private readonly IKeyStore _keys;
    private readonly TimeProvider _time;
    private readonly ILogger<UsageWriter> _logger;
    private readonly Meter _meter;
    private readonly Counter<long> _dropped;
    private long _oldest;
    private long _lastTouch;

    public UsageWriter(IUsageStore usage, IKeyStore keys, TimeProvider time, IMeterFactory meters, ILogger<UsageWriter> logger)
    {
        (_usage, _keys, _time, _logger) = (usage, keys, time, logger);
        _lastTouch = time.GetTimestamp();
        _meter = meters.Create("MasterX.Usage");
        _meter.CreateObservableGauge("usage_backlog_entries", () => Locked(() => _backlog.Count), description: "Usage that is not written yet, an entry for each key and day.");
        _meter.CreateObservableGauge("usage_backlog_requests", () => Locked(() => _backlog.Values.Sum(entry => entry.Requests)), description: "Requests in the usage that is not written yet.");
        _meter.CreateObservableGauge(
            "usage_backlog_seconds", () => Locked(() => _backlog.Count == 0 ? 0 : _time.GetElapsedTime(_oldest).TotalSeconds), description: "Age of the oldest usage that is not written yet.");
        _dropped = _meter.CreateCounter<long>("usage_dropped_requests", description: "Requests whose usage was lost because the backlog was full.");
    }

    /// <summary>Notes a request's usage. Never waits, never fails.</summary>
    public void Record(string keyId, int inputTokens, int outputTokens, decimal? costUsd)
    {
        var day = DateOnly.FromDateTime(_time.GetUtcNow().UtcDateTime);
        if (!Add(new UsageRecord(keyId, day, 1, inputTokens, outputTokens, costUsd ?? 0)))
        {
            _dropped.Add(1);
        }

        if (costUsd is { } dollars)
        {
            _recorded.AddOrUpdate(keyId, dollars, (_, before) => before + dollars);
        }
    }

    /// <summary>What a key has spent through this process since it began, written or not, in US dollars.</summary>
    public decimal Recorded(string keyId) => _recorded.GetValueOrDefault(keyId);

    /// <summary>Notes that a key was used.</summary>
    public void Touch(string keyId)
    {
        var now = Identifier.Now(_time);
        lock (_lock)
        {
            if (_touched.Count < MostEntries)
            {
                _touched[keyId] = now;
            }
        }
    }

    /// <summary>What a key has spent since a day and is not written yet, in US dollars.</summary>
    public decimal Unwritten(string keyId, DateOnly since) =>
        Locked(() => _backlog.Values.Where(entry => entry.KeyId == keyId && entry.Day >= since).Sum(entry => entry.CostUsd));

    /// <summary>Writes at once what is not written yet.</summary>
    /// <exception cref="StorageException">The database does not take it; it is kept.</exception>
    public Task FlushAsync(CancellationToken cancellationToken) => WriteAsync(touches: false, cancellationToken);

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        try
        {
            await WriteAsync(touches: true, cancellationToken);
        }
        catch (Exception lost) when (lost is StorageException or OperationCanceledException)
        {
            LogLost(_logger, Locked(() => _backlog.Values.Sum(entry => entry.Requests)), lost);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var failing = false;
        using var timer = new PeriodicTimer(Pause, _time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await WriteAsync(_time.GetElapsedTime(_lastTouch) >= TouchPause, stoppingToken);
                if (failing)
                {
                    LogRecovered(_logger);
                }

                failing = false;
            }
            catch (StorageException outage)
            {
                // Once per outage; how much waits is in the metrics.
                if (!failing)
                {
                    LogOutage(_logger, outage.Message);
                }

                failing = true;
            }
        }
    }

    public override void Dispose()
    {
        _meter.Dispose();
        base.Dispose();
    }

    private async Task WriteAsync(bool touches, CancellationToken cancellationToken)
    {
        // One at a time: who waits for a flush waits for what another has taken out already, too.
        await _writing.WaitAsync(cancellationToken);
        try
        {
            await WriteAllAsync(touches, cancellationToken);
        }
        finally
        {
            _writing.Release();
        }
    }

    private async Task WriteAllAsync(bool touches, CancellationToken cancellationToken)
    {
        var begun = _time.GetTimestamp();
        foreach (var entry in Locked(() => _backlog.Values.ToArray()))
        {
            // It is in the backlog until it is written: a failure leaves it there, beside what has come in the meantime.
            await _usage.AddAsync(entry, cancellationToken);
            Subtract(entry, begun);
        }

        if (touches)
        {
            _lastTouch = _time.GetTimestamp();
            foreach (var (key, when) in Locked(TakeTouched))
            {
                await _keys.TouchAsync(key, when, cancellationToken);
            }
        }
    }

    private KeyValuePair<string, DateTimeOffset>[] TakeTouched()
    {
        var all = _touched.ToArray();
        _touched.Clear();
        return all;
    }

    private void Subtract(UsageRecord written, long begun)
    {
        var place = (written.KeyId, written.Day);
        lock (_lock)
        {
            _backlog[place] -= written;
            if (_backlog[place].Requests == 0)
            {
                _backlog.Remove(place);
            }

            _oldest = begun;
        }
    }

    private bool Add(UsageRecord usage)
    {
        var place = (usage.KeyId, usage.Day);
        lock (_lock)
        {
            if (_backlog.TryGetValue(place, out var known))
            {
                _backlog[place] = known + usage;
                return true;
            }

            if (_backlog.Count == 0)
            {
                _oldest = _time.GetTimestamp();
            }

            return _backlog.Count < MostEntries && _backlog.TryAdd(place, usage);
        }
    }

    private T Locked<T>(Func<T> work)
    {
        lock (_lock)
        {
            return work();
        }
    }

    [LoggerMessage(50, LogLevel.Warning, "Usage cannot be written; it is kept and tried again every second. {Problem}")]
    private static partial void LogOutage(ILogger logger, string problem);

    [LoggerMessage(51, LogLevel.Information, "Usage is written again, with all that was kept")]
    private static partial void LogRecovered(ILogger logger);

    [LoggerMessage(52, LogLevel.Error, "The usage of {Requests} requests is lost: the database did not take it before the service ended")]
    private static partial void LogLost(ILogger logger, long requests, Exception error);
}
