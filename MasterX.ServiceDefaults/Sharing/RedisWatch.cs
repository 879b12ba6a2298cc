using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using MasterX.ServiceDefaults.Startup;

namespace MasterX.ServiceDefaults.Sharing;

/// <summary>Connects to Redis, and hears whether it is there, four times a second, by the script that it is there for.</summary>
internal sealed class RedisWatch(RedisLink link, SharedLimits limits, TimeProvider time) : BackgroundService
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        using var timer = new PeriodicTimer(Pause, time);
        do
        {
            try
            {
                if (link.Database is null)
                {
                    await link.ConnectAsync();
                }

                await limits.BeatAsync();
            }
            catch (Exception error) when (error is not OutOfMemoryException)
            {
                // The boundary of the watch: it goes on for as long as the service does.
                link.Failed(error);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }
}

/// <summary>The service is ready when its limits are shared, or it is known that they are not: without Redis it works as well.</summary>
internal sealed class RedisStartupStep(RedisLink link, TimeProvider time) : IStartupStep
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    public string Name => $"share limits through Redis at {link.Settings.Address}";

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var found = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        link.Found += Note;
        link.Lost += Note;
        try
        {
            if (link.IsUndecided)
            {
                await found.Task.WaitAsync(Patience, time, cancellationToken);
            }
        }
        catch (TimeoutException)
        {
            // The link has said so, and goes on trying.
        }
        finally
        {
            link.Found -= Note;
            link.Lost -= Note;
        }

        void Note() => found.TrySetResult();
    }
}

/// <summary>Degraded while Redis cannot be had; never a reason to send no requests.</summary>
internal sealed class RedisHealthCheck(RedisLink link) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(link.IsUp ? HealthCheckResult.Healthy(link.Description) : HealthCheckResult.Degraded(link.Description));
}
