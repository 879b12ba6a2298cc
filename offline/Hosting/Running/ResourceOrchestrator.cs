using System.Collections.Concurrent;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;

namespace Aspire.Hosting.Running;

/// <summary>
/// Runs the composition:
/// <code>
/// allocate ports ─ for each resource, side by side:
///   wait for what it waits for ─ collect its environment ─ start its processes ─ probe until healthy, then on ─ report its end
/// </code>
/// and on the way down stops the resources in the reverse of the order they were started.
/// </summary>
internal sealed class ResourceOrchestrator(
    DistributedApplicationModel model,
    DistributedApplicationExecutionContext executionContext,
    ResourceNotificationService notifications,
    EnvironmentCollector environment,
    HealthProbe probe,
    ResourceConsole console,
    HostPaths paths,
    IConfiguration configuration,
    IHostApplicationLifetime lifetime) : IHostedService, IAsyncDisposable
{
    private static readonly TimeSpan ProbeUntilHealthy = TimeSpan.FromMilliseconds(150);
    private static readonly TimeSpan ProbeWhenHealthy = TimeSpan.FromSeconds(2);

    private readonly CancellationTokenSource _stopping = new();
    private readonly ConcurrentStack<RunningResource> _started = new();
    private readonly List<Task> _running = [];
    private RunFile? _runFile;
    private bool _stopped;

    /// <summary>The resources that are more than values.</summary>
    private IEnumerable<IResource> Runnable => model.Resources.Where(resource => resource is ProjectResource or ContainerResource or MongoDBDatabaseResource);

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (executionContext.IsPublishMode)
        {
            return;
        }

        var testing = configuration.GetValue("Offline:Testing", false);
        console.Quiet = testing && !configuration.GetValue("Offline:ShowOutput", false);
        PortAllocator.Allocate(Runnable, dynamic: testing);
        if (!testing)
        {
            _runFile = new RunFile(paths.RunFile);
            console.Say("MasterX, offline edition: plain processes, no containers, no dashboard. Ctrl+C stops everything.");
        }

        foreach (var resource in Runnable)
        {
            await PublishAsync(resource, state => state with { State = KnownResourceStates.Waiting, Urls = Urls(resource) });
        }

        foreach (var resource in Runnable)
        {
            _running.Add(RunAsync(resource, _stopping.Token));
        }

        // Something to report to, so that the host's own end is seen by the resources' tasks.
        lifetime.ApplicationStopping.Register(() => console.Say("Stopping."));
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (_stopped)
        {
            return;
        }

        _stopped = true;
        await _stopping.CancelAsync();

        // First the tasks, which end at once now: what one of them was just starting is stopped with the rest.
        await Task.WhenAll(_running);
        while (_started.TryPop(out var resource))
        {
            await PublishAsync(resource.Resource, state => state with { State = KnownResourceStates.Stopping, HealthStatus = null });
            await resource.StopAsync();
            await PublishAsync(resource.Resource, state => state with { State = KnownResourceStates.Exited, ExitCode = resource.ExitCode, Detail = null });
        }

        _runFile?.Remove();
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync(CancellationToken.None);
        _stopping.Dispose();
    }

    private async Task RunAsync(IResource resource, CancellationToken stopping)
    {
        try
        {
            await WaitForDependenciesAsync(resource, stopping);
            await PublishAsync(resource, state => state with { State = KnownResourceStates.Starting });
            if (resource is MongoDBDatabaseResource)
            {
                // A database is there as soon as its server, for which it has waited.
                await PublishAsync(resource, state => state with { State = KnownResourceStates.Running, HealthStatus = HealthStatus.Healthy });
                return;
            }

            var running = await RunningResource.StartAsync(resource, environment, line => console.Line(resource.Name, line), stopping);
            _started.Push(running);
            await PublishAsync(resource, state => state with
            {
                State = KnownResourceStates.Running,
                ProcessId = running.ProcessIds[0],
                HealthStatus = HealthStatus.Unhealthy,
            });
            await WatchAsync(running, stopping);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The composition ends; StopAsync takes care of what was started.
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            await PublishAsync(resource, state => state with { State = KnownResourceStates.FailedToStart, HealthStatus = null, Detail = error.Message });
            console.Fail($"{resource.Name} could not be started: {error.Message}");
        }
    }

    private async Task WaitForDependenciesAsync(IResource resource, CancellationToken stopping)
    {
        var dependencies = resource.Annotations.OfType<WaitAnnotation>().Select(wait => wait.Resource);
        if (resource is IResourceWithParent child)
        {
            dependencies = dependencies.Append(child.Parent);
        }

        // Values, such as connection strings, have no state to wait for.
        foreach (var dependency in dependencies.Where(Runnable.Contains))
        {
            await PublishAsync(resource, state => state with { Detail = $"waiting for {dependency.Name}" });
            await notifications.WaitForResourceAsync(dependency.Name, e => e.Snapshot.HealthStatus == HealthStatus.Healthy, stopping);
        }

        await PublishAsync(resource, state => state with { Detail = null });
    }

    private async Task WatchAsync(RunningResource running, CancellationToken stopping)
    {
        var resource = running.Resource;
        while (!stopping.IsCancellationRequested)
        {
            var problem = running.Ended is { } ended ? ended : await probe.ProbeAsync(resource, running.Replicas, stopping);
            if (running.Ended is not null)
            {
                var (exitCode, lastLines) = running.Obituary;
                console.Died(resource.Name, exitCode, lastLines);
                var state = exitCode == 0 ? KnownResourceStates.Finished : KnownResourceStates.Exited;
                if (running.AllEnded)
                {
                    await PublishAsync(resource, s => s with { State = state, ExitCode = exitCode, HealthStatus = null, Detail = $"exit code {exitCode}" });
                    return;
                }

                running.Forget();
            }
            else
            {
                await PublishAsync(resource, state => state with
                {
                    HealthStatus = problem is null ? HealthStatus.Healthy : HealthStatus.Unhealthy,
                    Detail = problem,
                });
            }

            await Task.WhenAny(running.AnyExit, Task.Delay(problem is null ? ProbeWhenHealthy : ProbeUntilHealthy, stopping));
        }
    }

    private async Task PublishAsync(IResource resource, Func<CustomResourceSnapshot, CustomResourceSnapshot> change)
    {
        CustomResourceSnapshot? before = notifications.TryGetCurrentState(resource.Name, out var current) ? current.Snapshot : null;
        await notifications.PublishUpdateAsync(resource, change);
        if (notifications.TryGetCurrentState(resource.Name, out var now) && now.Snapshot != before)
        {
            console.Show(resource.Name, now.Snapshot);
            WriteRunFile();
        }
    }

    private void WriteRunFile()
    {
        if (_runFile is not { } file)
        {
            return;
        }

        lock (file)
        {
            var running = _started.ToDictionary(started => started.Resource.Name, started => started.ProcessIds);
            file.Write(Runnable
                .Select(resource => (resource, notifications.TryGetCurrentState(resource.Name, out var now) ? now.Snapshot : null))
                .Where(pair => pair.Item2 is not null)
                .Select(pair => (pair.resource.Name, pair.Item2!, running.GetValueOrDefault(pair.resource.Name) ?? [])));
        }
    }

    private static System.Collections.Immutable.ImmutableArray<UrlSnapshot> Urls(IResource resource)
    {
        if (resource is not IResourceWithEndpoints owner)
        {
            return [];
        }

        return [.. owner.GetEndpoints().Select(endpoint =>
        {
            var url = new ResourceUrlAnnotation { Url = endpoint.Url, Endpoint = endpoint };
            foreach (var shape in resource.Annotations.OfType<EndpointUrlAnnotation>().Where(shape => shape.EndpointName == endpoint.EndpointName))
            {
                shape.Callback(url);
            }

            return new UrlSnapshot(endpoint.EndpointName, new Uri(new Uri(endpoint.Url), url.Url).ToString().TrimEnd('/'), IsInternal: false);
        })];
    }
}
