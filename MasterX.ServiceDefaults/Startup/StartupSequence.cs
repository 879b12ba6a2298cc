using System.Diagnostics.CodeAnalysis;
using MasterX.ServiceDefaults.Health;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace MasterX.ServiceDefaults.Startup;

/// <summary>One step on the way to readiness, such as connecting to the database.</summary>
public interface IStartupStep
{
    /// <summary>As it reads in a log: "connect to the database".</summary>
    string Name { get; }

    /// <summary>Does the step. When it throws, it is tried again, so it must bear being run twice.</summary>
    Task RunAsync(CancellationToken cancellationToken);
}

/// <summary>
/// Runs the steps one after the other, in the order they were registered, while the service already answers liveness probes.
/// A step that fails is tried again after 0.5 s, then 1, 2, 4 and at most 5 s: a database that comes later is waited for, not a reason to crash.
/// The service is ready once the last step is done.
/// </summary>
internal sealed partial class StartupSequence(IEnumerable<IStartupStep> steps, TimeProvider time, ILogger<StartupSequence> logger) : BackgroundService, IHealthCheck
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(0.5);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    private volatile string? _pending = "not begun";

    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(_pending is { } pending ? HealthCheckResult.Unhealthy(pending) : HealthCheckResult.Healthy());

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // The host waits for hosted services up to their first await; the server must not wait for a database.
        await Task.Yield();
        foreach (var step in steps)
        {
            await RunUntilDoneAsync(step, stoppingToken);
        }

        _pending = null;
        LogReady(logger);
    }

    private async Task RunUntilDoneAsync(IStartupStep step, CancellationToken stoppingToken)
    {
        for (var pause = FirstPause; ; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
        {
            _pending = $"waiting: {step.Name}";
            try
            {
                var begun = time.GetTimestamp();
                await step.RunAsync(stoppingToken);
                LogDone(logger, step.Name, time.GetElapsedTime(begun).TotalMilliseconds);
                return;
            }
            catch (Exception error) when (error is not OutOfMemoryException && !stoppingToken.IsCancellationRequested)
            {
                _pending = $"failed, will be tried again: {step.Name}: {error.Message}";
                LogFailed(logger, step.Name, pause.TotalSeconds, error);
            }

            await Task.Delay(pause, time, stoppingToken);
        }
    }

    [LoggerMessage(1, LogLevel.Information, "Start-up: {Step} done in {ElapsedMs:0} ms")]
    private static partial void LogDone(ILogger logger, string step, double elapsedMs);

    [LoggerMessage(2, LogLevel.Warning, "Start-up: {Step} failed; it is tried again in {PauseSeconds} s. The service is not ready until it succeeds")]
    private static partial void LogFailed(ILogger logger, string step, double pauseSeconds, Exception error);

    [LoggerMessage(3, LogLevel.Information, "Start-up complete: ready")]
    private static partial void LogReady(ILogger logger);
}

/// <summary>Adds steps to the start-up sequence.</summary>
public static class StartupSequenceExtensions
{
    /// <summary>Adds a step after those already added.</summary>
    public static IServiceCollection AddStartupStep<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] TStep>(this IServiceCollection services)
        where TStep : class, IStartupStep => services.AddSingleton<IStartupStep, TStep>();

    internal static void AddStartupSequence(this IHostApplicationBuilder builder)
    {
        builder.Services.AddSingleton<StartupSequence>();
        builder.Services.AddHostedService(services => services.GetRequiredService<StartupSequence>());
        builder.Services.AddHealthChecks().Add(new HealthCheckRegistration(
            "startup", services => services.GetRequiredService<StartupSequence>(), failureStatus: null, tags: [HealthTags.Ready]));
    }
}
