using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;

namespace MasterX.AppHost;

/// <summary>
/// Says when everything is healthy, with the dashboard's login link as the last line a person sees, and says at once when something has ended.
/// With the setting <c>RunFile</c> it tells the same to programs (<see cref="RunFile"/>), and a composition that does not get healthy is stopped.
/// </summary>
internal sealed class Announcement(
    DistributedApplicationModel model, ResourceNotificationService notifications, ResourceLoggerService logs, IConfiguration configuration, IHostApplicationLifetime lifetime)
    : BackgroundService
{
    private const int LogLines = 12;

    private readonly Dictionary<string, ResourceEvent> _latest = [];
    private readonly RunFile? _file = configuration["RunFile"] is { Length: > 0 } path ? new RunFile(path) : null;
    private bool _isUp;

    private string Dashboard => $"{configuration["ASPNETCORE_URLS"]?.Split(';')[0]}/login?t={configuration["AppHost:BrowserToken"]}";

    public override void Dispose()
    {
        _file?.Delete();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await foreach (var change in notifications.WatchAsync(stoppingToken))
        {
            var before = _latest.GetValueOrDefault(change.ResourceId)?.Snapshot.State?.Text;
            _latest[change.ResourceId] = change;
            if (HasEnded(change) && before != change.Snapshot.State?.Text && !lifetime.ApplicationStopping.IsCancellationRequested)
            {
                await TellEndAsync(change, stoppingToken);
            }
            else if (!_isUp && IsHealthy())
            {
                _isUp = true;
                _file?.Write(Dashboard, Services());
                var api = _latest.Values.First(resource => resource.Resource.Name == "api").Snapshot.Urls.First(url => url.Url.EndsWith("/docs", StringComparison.Ordinal));
                Console.WriteLine($"MasterX is up. API: {api.Url}");
                Console.WriteLine($"Dashboard: {Dashboard}");
            }
        }
    }

    /// <summary>Whether it was to go on running and does not.</summary>
    private bool HasEnded(ResourceEvent change) =>
        change.Snapshot.State?.Text is { } state
        && (state == KnownResourceStates.FailedToStart || state == KnownResourceStates.RuntimeUnhealthy || state == KnownResourceStates.Exited || state == KnownResourceStates.Finished)
        && model.Resources.Contains(change.Resource);

    private bool IsHealthy() => model.GetProjectResources().All(project =>
        _latest.Values.Count(change => change.Resource == project && change.Snapshot.HealthStatus is Microsoft.Extensions.Diagnostics.HealthChecks.HealthStatus.Healthy)
            >= project.GetReplicaCount());

    private IEnumerable<ResourceEvent> Services() => _latest.Values.Where(change => change.Resource is ProjectResource);

    private async Task TellEndAsync(ResourceEvent change, CancellationToken cancellationToken)
    {
        var exitCode = change.Snapshot.ExitCode is { } code ? $", exit code {code}" : "";
        var problem = $"{change.Resource.Name} has ended ({change.Snapshot.State?.Text}{exitCode}). The end of its log:{Environment.NewLine}{await ReadLogAsync(change, cancellationToken)}";
        await Console.Error.WriteLineAsync(problem);
        if (_file is null || _isUp)
        {
            await Console.Error.WriteLineAsync($"Its page in the dashboard has all of it, and starts it again: {Dashboard}");
            return;
        }

        _file.WriteProblem(problem);
        Environment.ExitCode = 1;
        lifetime.StopApplication();
    }

    private async Task<string> ReadLogAsync(ResourceEvent change, CancellationToken cancellationToken)
    {
        Queue<string> last = [];
        await foreach (var batch in logs.GetAllAsync(change.ResourceId).WithCancellation(cancellationToken))
        {
            foreach (var line in batch)
            {
                last.Enqueue($"  {line.Content}");
                if (last.Count > LogLines)
                {
                    last.Dequeue();
                }
            }
        }

        return last.Count == 0 ? "  (nothing)" : string.Join(Environment.NewLine, last);
    }
}
