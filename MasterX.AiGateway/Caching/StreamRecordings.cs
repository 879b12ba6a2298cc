using System.Collections.Concurrent;

namespace MasterX.AiGateway.Caching;

/// <summary>
/// The recordings under way. Together they hold no more than <see cref="GatewayOptions.MaxCacheBytes"/>, beside what is kept.
/// </summary>
internal sealed class StreamRecordings(GatewayConfiguration configuration)
{
    private readonly ConcurrentDictionary<string, StreamRecording> _underWay = new(StringComparer.Ordinal);
    private readonly RecordingRoom _room = new(configuration.Options.MaxCacheBytes);

    /// <summary>Callers who follow one.</summary>
    public int Followers => _underWay.Values.Sum(recording => recording.Followers);

    /// <summary>Bytes and number of those that are under way, or still being read.</summary>
    public (long Bytes, int Count) Held => (_room.Bytes, _room.Recordings);

    /// <summary>
    /// Joins the recording of a like request under way; or a new one, which the caller then has to make. Neither when there is room for
    /// no more: the caller is then given a stream of its own.
    /// </summary>
    public (StreamRecording Recording, StreamFollower Follower)? Join(string key)
    {
        while (true)
        {
            if (_underWay.TryGetValue(key, out var found))
            {
                if (found.TryJoin(isFirst: false) is { } follower)
                {
                    return (found, follower);
                }

                // Everyone has left it, or its beginning is there no more.
                _underWay.TryRemove(KeyValuePair.Create(key, found));
            }

            if (!_room.TryBegin())
            {
                return null;
            }

            var fresh = new StreamRecording(_room);
            var first = fresh.TryJoin(isFirst: true)!;
            if (_underWay.TryAdd(key, fresh))
            {
                return (fresh, first);
            }

            fresh.Leave(first);
        }
    }

    /// <summary>Makes room for the next: a recording that has ended is joined by nobody who has not found it yet.</summary>
    public void Close(string key, StreamRecording recording) => _underWay.TryRemove(KeyValuePair.Create(key, recording));
}
