using MasterX.AiGateway.Requests;

namespace MasterX.AiGateway.Caching;

/// <summary>
/// A stream that is being made for several callers who asked the same. It is nobody's in particular: its call writes here, and every
/// caller, the first one too, follows at the pace of its own socket. The call goes on until the last of them has left.
/// <code>
///  provider ─ call ─ parts ┬─ first caller         whole so far: may be kept, and joined
///                          ├─ follower             over a limit:  only what the slowest has still to be given
///                          └─ follower             a window behind one who has been given all: cut off
/// </code>
/// While all are slow the call waits for them, as it would for one.
/// </summary>
internal sealed class StreamRecording
{
    /// <summary>Bytes one caller may be behind the call.</summary>
    public const int MostBehind = 8 * 1024 * 1024;

    /// <summary>The same where the recordings together hold all they may.</summary>
    private const int MostBehindAtLeast = 256 * 1024;

    private readonly RecordingRoom _room;
    private readonly Lock _lock = new();
    private readonly EndSignal _abandoned = new();
    private readonly List<StreamFollower> _followers = [];
    private TaskCompletionSource _news = NewSignal();
    private TaskCompletionSource? _progress;

    /// <summary>What stands before the first part, for as long as all of them are there.</summary>
    private RecordedPart? _beginning = new([]);
    private RecordedPart _last;

    /// <summary>Bytes there ever were, and bytes that are held.</summary>
    private long _written;
    private long _held;
    private bool _isAbandoned;
    private RecordingAuthor? _author;
    private RecordingEnd? _end;

    /// <param name="room">What it may hold together with the others; a place in it was taken.</param>
    public StreamRecording(RecordingRoom room) => (_room, _last) = (room, _beginning);

    /// <summary>Cancelled when nobody is left.</summary>
    public CancellationToken Abandoned => _abandoned.Token;

    public int Followers
    {
        get
        {
            lock (_lock)
            {
                return _followers.Count;
            }
        }
    }

    /// <returns><see langword="null"/> when it has been abandoned, or its beginning is there no more.</returns>
    public StreamFollower? TryJoin(bool isFirst)
    {
        lock (_lock)
        {
            if (_beginning is null)
            {
                return null;
            }

            var follower = new StreamFollower(isFirst, _beginning);
            _followers.Add(follower);
            return follower;
        }
    }

    public void Leave(StreamFollower follower)
    {
        TaskCompletionSource? progress;
        bool isLast;
        lock (_lock)
        {
            _followers.Remove(follower);
            isLast = _followers.Count == 0 && !_isAbandoned;
            if (isLast)
            {
                (_isAbandoned, _beginning) = (true, null);
            }

            Free();
            progress = TakeProgress();
        }

        progress?.SetResult();
        if (isLast)
        {
            // Ends a call that still runs, and nothing where it has ended.
            _abandoned.Tell();
            _room.End();
        }
    }

    /// <summary>Who answers.</summary>
    public void Begin(RecordingAuthor author) => Tell(() => _author = author);

    /// <summary>Adds events, as soon as somebody has room for them.</summary>
    public async ValueTask AppendAsync(ReadOnlyMemory<byte> events, CancellationToken cancellationToken)
    {
        if (events.Length == 0)
        {
            return;
        }

        while (true)
        {
            Task progress;
            StreamFollower? behind = null;
            lock (_lock)
            {
                if (TryAdd(events))
                {
                    break;
                }

                progress = (_progress ??= NewSignal()).Task;
                if (_followers.Exists(follower => follower.IsWaiting && follower.Given == _written))
                {
                    behind = CutOffSlowest();
                }
            }

            if (behind is null)
            {
                await progress.WaitAsync(cancellationToken);
            }

            behind?.BeCutOff();
        }

        Tell(static () => { });
    }

    /// <summary>The whole of it with this end, if all of it is there and it is a good end.</summary>
    public KeptStream? Whole(RecordingEnd end)
    {
        lock (_lock)
        {
            if (_beginning is null || _author is not { Candidate: var author } || end is not { Bill: { } bill, Incomplete: false })
            {
                return null;
            }

            var (events, at) = (new byte[_written], 0);
            for (var part = _beginning.Next; part is not null; part = part.Next)
            {
                part.Events.CopyTo(events, at);
                at += part.Events.Length;
            }

            author = end.Last?.Candidate ?? author;
            return new KeptStream(author.Provider.Name, author.Model, bill, events, end.Mark, Accounting.Union(_author.Headers.Ignored, end.Last?.Ignored));
        }
    }

    /// <summary>The first end counts.</summary>
    public void End(RecordingEnd end) => Tell(() => _end ??= end);

    /// <summary>Waits for what comes next for a follower, who has written what it was given before.</summary>
    public async ValueTask<RecordingNews> NextAsync(StreamFollower follower, CancellationToken cancellationToken)
    {
        while (true)
        {
            RecordingNews? next;
            Task news;
            TaskCompletionSource? progress;
            lock (_lock)
            {
                next = Read(follower);
                follower.IsWaiting = next is null;
                (news, progress) = (_news.Task, TakeProgress());
            }

            progress?.SetResult();
            if (next is { } found)
            {
                return found;
            }

            await news.WaitAsync(cancellationToken);
        }
    }

    /// <summary>The next events for a follower, when they are there already.</summary>
    public byte[]? TryNextEvents(StreamFollower follower)
    {
        lock (_lock)
        {
            return follower.At.Next is null ? null : ReadEvents(follower);
        }
    }

    private RecordingNews? Read(StreamFollower follower)
    {
        if (!follower.KnowsAuthor && _author is not null)
        {
            follower.KnowsAuthor = true;
            return new(_author, default, null);
        }

        return follower.At.Next is not null ? new(null, ReadEvents(follower), null) : _end is not null ? new(null, default, _end) : null;
    }

    private byte[] ReadEvents(StreamFollower follower)
    {
        var part = follower.At = follower.At.Next!;
        follower.Given += part.Events.Length;
        Free();
        return part.Events;
    }

    private bool TryAdd(ReadOnlyMemory<byte> events)
    {
        if (_isAbandoned)
        {
            // Nobody will read it.
            return true;
        }

        if (_written + events.Length > AnswerCache.LargestBytes)
        {
            _beginning = null;
            Free();
        }

        if (_held + events.Length > MostBehind || !_room.TryTake(events.Length))
        {
            _beginning = null;
            Free();
            if (_held > 0 && _held + events.Length > MostBehindAtLeast)
            {
                return false;
            }

            _room.Take(events.Length);
        }

        _last = _last.Next = new RecordedPart(events.ToArray());
        _written += events.Length;
        _held += events.Length;
        return true;
    }

    /// <summary>Counts as free what nobody has still to be given.</summary>
    private void Free()
    {
        var needed = _beginning is not null ? _written : _followers.Count == 0 ? 0 : _written - _followers.Min(follower => follower.Given);
        _room.Release(_held - needed);
        _held = needed;
    }

    /// <summary>Goes on without the one who keeps events from being added that others wait for.</summary>
    private StreamFollower CutOffSlowest()
    {
        var slowest = _followers.MinBy(follower => follower.Given)!;
        _followers.Remove(slowest);
        Free();
        return slowest;
    }

    private TaskCompletionSource? TakeProgress()
    {
        var progress = _progress;
        _progress = null;
        return progress;
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private void Tell(Action change)
    {
        TaskCompletionSource heard;
        lock (_lock)
        {
            change();
            (heard, _news) = (_news, NewSignal());
        }

        heard.SetResult();
    }
}

