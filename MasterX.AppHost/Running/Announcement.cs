using System.Text.RegularExpressions;
using Aspire.Hosting.Eventing;
using Aspire.Hosting.Lifecycle;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;

namespace MasterX.AppHost;

/// <summary>
/// Says when everything is healthy, with the dashboard's login link as the last line a person sees, and says at once when something has ended.
/// With the setting <c>RunFile</c> it tells the same to programs (<see cref="RunFile"/>); with <c>StopUnlessHealthy</c> a composition that does not get
/// healthy is stopped.
/// </summary>
internal sealed partial class Announcement(
    DistributedApplicationModel model, ResourceNotificationService notifications, ResourceLoggerService logs, IConfiguration configuration, IHostApplicationLifetime lifetime)
    : IDistributedApplicationEventingSubscriber, IAsyncDisposable
{
    private const int LogLines = 12;

    /// <summary>The log of a container that was never made does not end.</summary>
    private static readonly TimeSpan LogLimit = TimeSpan.FromSeconds(2);

    private readonly Dictionary<string, ResourceEvent> _latest = [];
    private readonly RunFile? _file = CompositionSettings.RunFile(configuration);
    private bool _isUp;
    private bool _isTold;
    private Task _watching = Task.CompletedTask;

    /// <summary>Also ends a watch whose host never came to stop, as it could not start.</summary>
    private readonly CancellationTokenSource _end = CancellationTokenSource.CreateLinkedTokenSource(lifetime.ApplicationStopping);

    private string Dashboard => $"{configuration["ASPNETCORE_URLS"]?.Split(';')[0]}/login?t={configuration["AppHost:BrowserToken"]}";

    /// <summary>A hosted service would come too late: the host starts them in turn, and Aspire's own waits for what cannot start.</summary>
    public Task SubscribeAsync(IDistributedApplicationEventing eventing, DistributedApplicationExecutionContext executionContext, CancellationToken cancellationToken)
    {
        eventing.Subscribe<BeforeStartEvent>((_, _) =>
        {
            _file?.WriteProcesses();
            _watching = WatchAsync(_end.Token);
            return Task.CompletedTask;
        });
        return Task.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _watching;
        _end.Dispose();
        _file?.Delete();
    }

    private async Task WatchAsync(CancellationToken stoppingToken)
    {
        try
        {
            await foreach (var change in notifications.WatchAsync(stoppingToken))
            {
                var before = _latest.GetValueOrDefault(change.ResourceId)?.Snapshot;
                _latest[change.ResourceId] = change;
                if (before?.State?.Text != change.Snapshot.State?.Text || before?.HealthStatus != change.Snapshot.HealthStatus)
                {
                    await TakeInAsync(change, before, stoppingToken);
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The composition stops.
        }
        catch (Exception problem)
        {
            // Without this watch nothing would be told any more: neither that everything is healthy, nor what has ended.
            await Console.Error.WriteLineAsync($"The composition can no longer be watched, and is stopped: {problem}");
            Stop();
        }
    }

    private async Task TakeInAsync(ResourceEvent change, CustomResourceSnapshot? before, CancellationToken cancellationToken)
    {
        _file?.WriteProcesses();
        if (lifetime.ApplicationStopping.IsCancellationRequested)
        {
            // Whatever ends now was to end.
            return;
        }

        if (HasEnded(change))
        {
            _isTold = false;
            if (_isUp)
            {
                // With its other processes, if any: its id may be another program's soon.
                WriteFile();
            }

            // Someone who stops or restarts it knows.
            if (before?.State?.Text != KnownResourceStates.Stopping)
            {
                await TellEndAsync(change, cancellationToken);
            }
        }
        else if (!_isTold && IsHealthy())
        {
            // Again after something has ended and was started anew: its process is another.
            (_isUp, _isTold) = (true, true);
            WriteFile();
            Console.WriteLine($"MasterX is up. API: {_latest.Values.First(resource => resource.Resource.Name == "api").Snapshot.Urls.First(url => !url.IsInternal).Url}");
            Console.WriteLine($"Dashboard: {Dashboard}");
        }
    }

    private void WriteFile() => _file?.Write(Dashboard, _latest.Values.Where(resource => resource.Resource is ProjectResource));

    /// <summary>Whether it was to go on running and does not.</summary>
    private bool HasEnded(ResourceEvent change) =>
        change.Snapshot.State?.Text is { } state && (KnownResourceStates.TerminalStates.Contains(state) || state == KnownResourceStates.RuntimeUnhealthy)
        && model.Resources.Contains(change.Resource);

    private bool IsHealthy() => model.GetProjectResources().All(project =>
        _latest.Values.Count(change => change.Resource == project && change.Snapshot.HealthStatus is HealthStatus.Healthy)
            >= project.GetReplicaCount());

    private async Task TellEndAsync(ResourceEvent change, CancellationToken cancellationToken)
    {
        var name = change.Resource.Name;
        var how = change.Snapshot.ExitCode is { } code ? $"has ended, exit code {code}" : $"is not running: {change.Snapshot.State?.Text}";
        if (name is "aspire-dashboard")
        {
            await Console.Error.WriteLineAsync($"The dashboard {how}. The services go on without it; it is back when the composition is started again.");
            return;
        }

        List<string> problem = [$"{name} {how}. The end of its log:", .. await ReadLogAsync(change, cancellationToken)];
        if (change.Resource is MongoDBServerResource)
        {
            problem.Add($"Without a container it is the embedded database: ./masterx up --Storage={StorageKind.Embedded}");
        }

        await Console.Error.WriteLineAsync(string.Join(Environment.NewLine, problem));
        if (_isUp || !configuration.GetValue<bool>("StopUnlessHealthy"))
        {
            await Console.Error.WriteLineAsync($"Start it again on its page, which has all of its log too: {Dashboard}");
            return;
        }

        _file?.WriteProblem(string.Join(Environment.NewLine, problem));
        Stop();
    }

    private void Stop()
    {
        Environment.ExitCode = 1;
        lifetime.StopApplication();
    }

    /// <summary>The last lines, each once, without those of the orchestrator, which tells of its own attempts at length.</summary>
    private async Task<IReadOnlyList<string>> ReadLogAsync(ResourceEvent change, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(LogLimit);
        List<string> lines = [];
        try
        {
            await foreach (var part in logs.GetAllAsync(change.ResourceId).WithCancellation(limit.Token))
            {
                lines.AddRange(part.SelectMany(line => line.Content.Split('\n')).Select(line => Decoration().Replace(line, "").TrimEnd()));
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // What has come so far is told.
        }

        var told = lines.Where(line => line.Length > 0 && !line.StartsWith("[sys]", StringComparison.Ordinal)).Distinct().TakeLast(LogLines).ToList();
        return told.Count == 0 ? ["  (nothing)"] : told.ConvertAll(line => $"  {line}");
    }

    /// <summary>The time before a line, and a terminal's colours, which services write although their output is redirected: the dashboard shows both.</summary>
    [GeneratedRegex(@"^\d{4}-\d\d-\d\dT\S+ |\e\[[0-9;]*m")]
    private static partial Regex Decoration();
}
