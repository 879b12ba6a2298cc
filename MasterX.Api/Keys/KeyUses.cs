using MasterX.Api.Storage;

namespace MasterX.Api.Keys;

/// <summary>Notes when keys were last used, behind the requests' backs: of interest to the minute, it is written every <see cref="Pause"/>.</summary>
internal sealed partial class KeyUses(IKeyStore keys, TimeProvider time, ILogger<KeyUses> logger) : BackgroundService
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(10);

    private const int MostKeys = 100_000;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, DateTimeOffset> _used = [];

    /// <summary>Notes that a key was used. Never waits, never fails.</summary>
    public void Touch(string keyId)
    {
        var now = Identifier.Now(time);
        lock (_lock)
        {
            if (_used.Count < MostKeys)
            {
                _used[keyId] = now;
            }
        }
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await WriteAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Pause, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            await WriteAsync(stoppingToken);
        }
    }

    private async Task WriteAsync(CancellationToken cancellationToken)
    {
        KeyValuePair<string, DateTimeOffset>[] used;
        lock (_lock)
        {
            used = [.. _used];
            _used.Clear();
        }

        foreach (var (key, when) in used)
        {
            try
            {
                await keys.TouchAsync(key, when, cancellationToken);
            }
            catch (Exception lost) when (lost is StorageException or OperationCanceledException)
            {
                LogLost(logger, key, lost.Message);
                return;
            }
        }
    }

    [LoggerMessage(56, LogLevel.Warning, "When {Key} was last used could not be written, and is forgotten. {Problem}")]
    private static partial void LogLost(ILogger logger, string key, string problem);
}
