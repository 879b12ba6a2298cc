using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Aspire.Hosting.ApplicationModel;

/// <summary>The state of a resource at one moment.</summary>
public sealed record CustomResourceSnapshot
{
    /// <summary>Type name of the resource.</summary>
    public required string ResourceType { get; init; }

    /// <summary>One of <see cref="KnownResourceStates"/>.</summary>
    public ResourceStateSnapshot? State { get; init; }

    /// <summary>Of the process, once it has ended.</summary>
    public int? ExitCode { get; init; }

    /// <summary>Whether all health checks pass; <see langword="null"/> while the resource does not run.</summary>
    public HealthStatus? HealthStatus { get; init; }

    /// <summary>Where the resource answers.</summary>
    public ImmutableArray<UrlSnapshot> Urls { get; init; } = [];

    /// <summary>Process id of the first replica.</summary>
    internal int? ProcessId { get; init; }

    /// <summary>Why the resource is not healthy, in one line.</summary>
    internal string? Detail { get; init; }
}

/// <summary>A state and how it is shown.</summary>
/// <param name="Text">One of <see cref="KnownResourceStates"/>.</param>
/// <param name="Style">Unused offline.</param>
public sealed record ResourceStateSnapshot(string Text, string? Style)
{
    /// <summary>A state without a style.</summary>
    public static implicit operator ResourceStateSnapshot?(string? text) => text is null ? null : new(text, null);
}

/// <summary>Where a resource answers.</summary>
/// <param name="Name">The endpoint's name.</param>
/// <param name="Url">Absolute URL.</param>
/// <param name="IsInternal">Whether it is left out when shown.</param>
public sealed record UrlSnapshot(string? Name, string Url, bool IsInternal);

/// <summary>The states a resource passes through.</summary>
public static class KnownResourceStates
{
    /// <summary>Added, not begun.</summary>
    public static readonly string NotStarted = nameof(NotStarted);

    /// <summary>Held back until others are ready.</summary>
    public static readonly string Waiting = nameof(Waiting);

    /// <summary>Its process is being started.</summary>
    public static readonly string Starting = nameof(Starting);

    /// <summary>Its process runs.</summary>
    public static readonly string Running = nameof(Running);

    /// <summary>It could not be started.</summary>
    public static readonly string FailedToStart = nameof(FailedToStart);

    /// <summary>It was asked to end.</summary>
    public static readonly string Stopping = nameof(Stopping);

    /// <summary>It ended with an error, or on request.</summary>
    public static readonly string Exited = nameof(Exited);

    /// <summary>It ended by itself with exit code 0.</summary>
    public static readonly string Finished = nameof(Finished);

    /// <summary>The states after which nothing more comes.</summary>
    public static readonly IReadOnlyList<string> TerminalStates = [Finished, FailedToStart, Exited];
}

/// <summary>A change of a resource's state.</summary>
/// <param name="resource">The resource.</param>
/// <param name="resourceId">Its id; its name here.</param>
/// <param name="snapshot">The state after the change.</param>
public class ResourceEvent(IResource resource, string resourceId, CustomResourceSnapshot snapshot)
{
    /// <summary>The resource.</summary>
    public IResource Resource { get; } = resource;

    /// <summary>Its id; its name here.</summary>
    public string ResourceId { get; } = resourceId;

    /// <summary>The state after the change.</summary>
    public CustomResourceSnapshot Snapshot { get; } = snapshot;
}

/// <summary>Publishes the states of resources to whoever waits for them.</summary>
public sealed class ResourceNotificationService
{
    private readonly ConcurrentDictionary<string, ResourceEvent> _latest = new(StringComparer.OrdinalIgnoreCase);
    private readonly ConcurrentDictionary<Channel<ResourceEvent>, byte> _watchers = new();
    private readonly Lock _publishing = new();

    /// <summary>Waits until the resource runs and all its health checks pass.</summary>
    /// <exception cref="DistributedApplicationException">The resource ended or could not start.</exception>
    public async Task<ResourceEvent> WaitForResourceHealthyAsync(string resourceName, CancellationToken cancellationToken = default)
    {
        var reached = await WaitForResourceAsync(
            resourceName,
            e => e.Snapshot.HealthStatus == HealthStatus.Healthy || KnownResourceStates.TerminalStates.Contains(e.Snapshot.State?.Text ?? ""),
            cancellationToken);

        return reached.Snapshot.HealthStatus == HealthStatus.Healthy
            ? reached
            : throw new DistributedApplicationException(
                $"Resource '{resourceName}' will not become healthy: it is {reached.Snapshot.State?.Text}. {reached.Snapshot.Detail}");
    }

    /// <summary>Waits until the resource is in a state; <see cref="KnownResourceStates.Running"/> unless given.</summary>
    public Task WaitForResourceAsync(string resourceName, string? targetState = null, CancellationToken cancellationToken = default) =>
        WaitForResourceAsync(resourceName, e => e.Snapshot.State?.Text == (targetState ?? KnownResourceStates.Running), cancellationToken);

    /// <summary>Waits until the resource's state fulfils a condition.</summary>
    public async Task<ResourceEvent> WaitForResourceAsync(string resourceName, Func<ResourceEvent, bool> predicate, CancellationToken cancellationToken = default)
    {
        await foreach (var change in WatchAsync(cancellationToken))
        {
            if (string.Equals(change.Resource.Name, resourceName, StringComparison.OrdinalIgnoreCase) && predicate(change))
            {
                return change;
            }
        }

        throw new OperationCanceledException($"The application ended while waiting for resource '{resourceName}'.", cancellationToken);
    }

    /// <summary>The latest state of a resource, if it has one.</summary>
    public bool TryGetCurrentState(string resourceId, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out ResourceEvent? resourceEvent) =>
        _latest.TryGetValue(resourceId, out resourceEvent);

    /// <summary>The latest state of every resource, then every change.</summary>
    public async IAsyncEnumerable<ResourceEvent> WatchAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var changes = Channel.CreateUnbounded<ResourceEvent>();
        lock (_publishing)
        {
            foreach (var current in _latest.Values)
            {
                changes.Writer.TryWrite(current);
            }

            _watchers[changes] = 0;
        }

        try
        {
            await foreach (var change in changes.Reader.ReadAllAsync(cancellationToken))
            {
                yield return change;
            }
        }
        finally
        {
            _watchers.TryRemove(changes, out _);
        }
    }

    /// <summary>Publishes a change of a resource's state.</summary>
    public Task PublishUpdateAsync(IResource resource, Func<CustomResourceSnapshot, CustomResourceSnapshot> stateFactory)
    {
        lock (_publishing)
        {
            var before = _latest.TryGetValue(resource.Name, out var current)
                ? current.Snapshot
                : new CustomResourceSnapshot { ResourceType = resource.GetType().Name, State = KnownResourceStates.NotStarted };
            var after = stateFactory(before);
            if (after != before || current is null)
            {
                var change = _latest[resource.Name] = new ResourceEvent(resource, resource.Name, after);
                foreach (var watcher in _watchers.Keys)
                {
                    watcher.Writer.TryWrite(change);
                }
            }
        }

        return Task.CompletedTask;
    }
}
