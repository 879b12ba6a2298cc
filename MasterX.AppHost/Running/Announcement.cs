using System.Text.RegularExpressions;
using Aspire.Hosting.Eventing;
using Aspire.Hosting.Lifecycle;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;

namespace MasterX.AppHost;

/// <summary>
/// Says when everything is healthy, with the dashboard's login link as the last line a person sees, and says at once when something has ended.
/// With the setting <c>RunFile</c> it tells the same to programs (<see cref="RunFile"/>), and a composition that does not get healthy is stopped.
/// </summary>
internal sealed partial class Announcement(
    DistributedApplicationModel model, ResourceNotificationService notifications, ResourceLoggerService logs, IConfiguration configuration, IHostApplicationLifetime lifetime)
    : IDistributedApplicationEventingSubscriber, IAsyncDisposable
{
    private const int LogLines = 12;

    /// <summary>The log of a container that was never made does not end.</summary>
    private static readonly TimeSpan LogLimit = TimeSpan.FromSeconds(2);

    private readonly Dictionary<string, ResourceEvent> _latest = [];
    private readonly RunFile? _file = configuration["RunFile"] is { Length: > 0 } path ? new RunFile(path) : null;
    private bool _isUp;
    private bool _isTold;
    private Task _watching = Task.CompletedTask;

    private string Dashboard => $"{configuration["ASPNETCORE_URLS"]?.Split(';')[0]}/login?t={configuration["AppHost:BrowserToken"]}";

    /// <summary>A hosted service would come too late: the host starts them in turn, and Aspire's own waits for what cannot start.</summary>
    public Task SubscribeAsync(IDistributedApplicationEventing eventing, DistributedApplicationExecutionContext executionContext, CancellationToken cancellationToken)
    {
        eventing.Subscribe<BeforeStartEvent>((_, _) =>
        {
            _watching = WatchAsync(lifetime.ApplicationStopping);
            return Task.CompletedTask;
        });
        return Task.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        _file?.Delete();
        try
        {
            await _watching;
        }
        catch (OperationCanceledException)
        {
            // The composition stops.
        }
    }

    private async Task WatchAsync(CancellationToken stoppingToken)
    {
        await foreach (var change in notifications.WatchAsync(stoppingToken))
        {
            var before = _latest.GetValueOrDefault(change.ResourceId)?.Snapshot.State?.Text;
            _latest[change.ResourceId] = change;
            if (HasEnded(change) && before != change.Snapshot.State?.Text && !lifetime.ApplicationStopping.IsCancellationRequested)
            {
                await TellEndAsync(change, stoppingToken);
            }
            else if (!_isTold && IsHealthy())
            {
                // Again after something has ended and was started anew: its process is another.
                (_isUp, _isTold) = (true, true);
                var services = _latest.Values.Where(resource => resource.Resource is ProjectResource).ToList();
                _file?.Write(Dashboard, services);
                Console.WriteLine($"MasterX is up. API: {services.First(service => service.Resource.Name == "api").Snapshot.Urls.First(url => !url.IsInternal).Url}");
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
        _latest.Values.Count(change => change.Resource == project && change.Snapshot.HealthStatus is HealthStatus.Healthy)
            >= project.GetReplicaCount());

    private async Task TellEndAsync(ResourceEvent change, CancellationToken cancellationToken)
    {
        _isTold = false;
        var how = change.Snapshot.ExitCode is { } code ? $"has ended, exit code {code}" : $"is not running: {change.Snapshot.State?.Text}";
        var problem = $"{change.Resource.Name} {how}. The end of its log:{Environment.NewLine}{await ReadLogAsync(change, cancellationToken)}";
        if (change.Resource is MongoDBServerResource)
        {
            problem += $"{Environment.NewLine}Storage={StorageKind.Embedded} does without a container.";
        }

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
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(LogLimit);
        Queue<string> last = [];
        try
        {
            await foreach (var line in logs.GetAllAsync(change.ResourceId).WithCancellation(limit.Token))
            {
                foreach (var text in line.Select(part => Colours().Replace(part.Content, "")))
                {
                    last.Enqueue($"  {text}");
                    if (last.Count > LogLines)
                    {
                        last.Dequeue();
                    }
                }
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // What has come so far is told.
        }

        return last.Count == 0 ? "  (nothing)" : string.Join(Environment.NewLine, last);
    }

    /// <summary>A terminal's colours, which services write although their output is redirected: the dashboard shows them.</summary>
    [GeneratedRegex(@"\e\[[0-9;]*m")]
    private static partial Regex Colours();
}
