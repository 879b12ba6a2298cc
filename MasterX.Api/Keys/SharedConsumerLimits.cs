using System.Collections.Concurrent;
using MasterX.ServiceDefaults.Sharing;

namespace MasterX.Api.Keys;

/// <summary>
/// The limits that all replicas of the API keep together, where there is Redis: each known by a name, so that whatever else a request has
/// to keep is one more line of the same question. What this replica knows of a limit is thrown away once there is nothing in it.
/// </summary>
internal sealed class SharedConsumerLimits(SharedLimits shared)
{
    /// <summary>A request counts until the second after the sixtieth: never for less than a minute.</summary>
    private const int Seconds = 61;

    private readonly ConcurrentDictionary<(string Name, int? RequestsPerMinute, int? MaxConcurrency), SharedLine[]> _lines = new();

    /// <summary>Limits of which something is known.</summary>
    public int Count => _lines.Count;

    /// <summary>Asks all of a request's limits at once.</summary>
    /// <param name="lines">Of <see cref="LinesOf"/>, of whoever has limits.</param>
    public ValueTask<SharedEntry> EnterAsync(SharedLine[] lines) => shared.EnterAsync(lines);

    /// <summary>What a request of somebody has to keep.</summary>
    /// <param name="name">Whose limits they are.</param>
    /// <param name="requestsPerMinute">1 or more; <see langword="null"/> for no limit.</param>
    /// <param name="maxConcurrency">1 or more; <see langword="null"/> for no limit.</param>
    public SharedLine[] LinesOf(string name, int? requestsPerMinute, int? maxConcurrency) => _lines.GetOrAdd(
        (name, requestsPerMinute, maxConcurrency),
        static (id, shared) =>
        [
            // In this order: a call that is refused for those at once is told so, and costs none of the minute's.
            .. id.MaxConcurrency is { } most ? [new SharedLine(shared.Places($"consumer\0{id.Name}", most))] : Array.Empty<SharedLine>(),
            .. id.RequestsPerMinute is { } perMinute ? [new SharedLine(shared.Window($"consumer\0{id.Name}", perMinute, Seconds))] : Array.Empty<SharedLine>(),
        ],
        shared);

    /// <summary>Throws away what is known of limits that nobody has asked for in the last minute.</summary>
    public void Sweep()
    {
        foreach (var known in _lines)
        {
            if (Array.TrueForAll(known.Value, line => shared.IsIdle(line.Limit)))
            {
                _lines.TryRemove(known);
            }
        }
    }
}
