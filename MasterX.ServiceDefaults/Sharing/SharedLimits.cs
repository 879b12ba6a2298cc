namespace MasterX.ServiceDefaults.Sharing;

/// <summary>
/// Limits that all replicas keep together, through Redis: exactly, as one script decides (<see cref="LimitScript"/>). A request asks once
/// for all of its limits, and requests that come while a batch is on its way go together with the next: under load, many share a round
/// trip. A request waits for no longer than <c>Redis__Wait</c>; while Redis cannot be had (<see cref="RedisLink"/>) none waits, and this
/// replica keeps to its share, by what it has itself had.
/// <code>
///  requests ─┐                         ┌─ admitted, or refused with the wait
///  calls that ended, costs settled ─┼─ batch ─ Redis ─┤
///  the watch's beat ─┘                 └─ late, or an error: each replica its share
/// </code>
/// A replica's calls at once are told as their number, with every batch that concerns them and with the watch's beat: what was lost on the
/// way is right again with the next, and those of a replica that is heard of no more are free after <c>Redis__Lease</c>.
/// </summary>
public sealed partial class SharedLimits : IDisposable
{
    /// <summary>
    /// For how long a call that has ended may be told later, with the next request, while more than half of the limit is left: nobody is
    /// refused for it, and most calls then need one round trip instead of two. Near the limit it is told at once.
    /// </summary>
    private static readonly TimeSpan Leisure = TimeSpan.FromMilliseconds(20);

    private readonly RedisLink _link;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private readonly LimitBatches _batches;

    /// <summary>Requests that wait for the next batch.</summary>
    private readonly Queue<SharedEntry> _waiting = new();

    /// <summary>Limits that have something to tell.</summary>
    private readonly Queue<SharedLimit> _dirty = new();

    /// <summary>Limits of which this replica has something: calls under way, or what was had in the last minute.</summary>
    private readonly HashSet<SharedLimit> _used = [];
    private readonly ITimer _later;
    private TaskCompletionSource<bool>? _beat;
    private bool _isSending;
    private bool _isHeard;
    private bool _isUrgent;
    private bool _isLater;
    private long _places;
    private string? _epoch;

    internal SharedLimits(RedisLink link, TimeProvider time)
    {
        (_link, _time) = (link, time);
        _batches = new LimitBatches(link.Settings, link.Replica);
        _link.Lost += DecideAlone;
        using (ExecutionContext.SuppressFlow())
        {
            _later = time.CreateTimer(static limits => ((SharedLimits)limits!).TellLate(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>Calls, tokens or what else there is per sliding minute.</summary>
    /// <param name="name">The same for all replicas. Whoever has another limit by this name has another opinion of the same count.</param>
    /// <param name="limit">1 or more.</param>
    /// <param name="seconds">How long what was had counts.</param>
    /// <param name="isSettled">Whether a cost is an estimate, to be settled with <see cref="SharedEntry.Leave"/>.</param>
    public SharedWindow Window(string name, long limit, int seconds = 60, bool isSettled = false) =>
        new(SharedLimit.KeyOf(_link.Settings.Prefix, $"{name}\0{seconds}"), limit, _link.Settings.Replicas, seconds, isSettled, _time);

    /// <summary>Calls at once.</summary>
    /// <param name="name">The same for all replicas.</param>
    /// <param name="limit">1 or more.</param>
    public SharedPlaces Places(string name, long limit) => new(SharedLimit.KeyOf(_link.Settings.Prefix, $"{name}\0places"), limit, _link.Settings.Replicas, Interlocked.Increment(ref _places));

    /// <summary>Asks all limits of a request at once. Never waits for longer than the settings say, nor throws.</summary>
    /// <param name="lines">The limits, in the order in which they are told of when they refuse it; each limit once.</param>
    public ValueTask<SharedEntry> EnterAsync(params SharedLine[] lines)
    {
        var entry = new SharedEntry(this, lines, _time.GetTimestamp());
        lock (_gate)
        {
            if (!_link.IsUp)
            {
                Decide(entry);
                return new(entry);
            }

            if (IsFull(entry))
            {
                return new(entry);
            }

            _waiting.Enqueue(entry);
        }

        Send();
        return entry.Task;
    }

    /// <summary>Whether this replica has nothing of a limit: no call under way, and nothing had in the last minute.</summary>
    public bool IsIdle(SharedLimit limit)
    {
        lock (_gate)
        {
            return limit is SharedPlaces { Running: 0 } or SharedWindow { IsUsed: false };
        }
    }

    /// <summary>Ends what it does by itself.</summary>
    public void Dispose() => _later.Dispose();

    internal void Leave(SharedEntry entry, int settled, long spent)
    {
        lock (_gate)
        {
            var isUrgent = false;
            for (var i = 0; i < entry.Lines.Length; i++)
            {
                var (limit, cost) = entry.Lines[i];
                if (limit is SharedPlaces places)
                {
                    places.Running--;
                    isUrgent |= places.LastLeft < places.Limit / 2;
                    places.LastLeft++;
                    MarkDirty(places);
                }
                else if (i == settled && limit is SharedWindow window)
                {
                    isUrgent |= window.Left < window.Limit / 2;
                    window.Settle(entry.Reservations[i], Cost(window, cost), spent);
                    MarkDirty(window);
                }
            }

            _isUrgent |= isUrgent;
            if (!_isUrgent)
            {
                if (!_isLater)
                {
                    _isLater = true;
                    _later.Change(Leisure, Timeout.InfiniteTimeSpan);
                }

                return;
            }
        }

        Send();
    }

    private void TellLate()
    {
        lock (_gate)
        {
            (_isLater, _isUrgent) = (false, true);
        }

        Send();
    }

    /// <summary>Tells Redis that this replica is there, and of its calls under way. Whether Redis was heard is noted by the link.</summary>
    internal Task BeatAsync()
    {
        TaskCompletionSource<bool> beat;
        lock (_gate)
        {
            beat = _beat ??= new(TaskCreationOptions.RunContinuationsAsynchronously);
            foreach (var limit in _used)
            {
                if (limit is SharedPlaces { Running: > 0 })
                {
                    MarkDirty(limit);
                }
            }

            _used.RemoveWhere(limit => !limit.IsDirty && (limit is SharedPlaces { Running: 0 } or SharedWindow { IsUsed: false }));
        }

        Send();
        return beat.Task;
    }

    /// <summary>A cost above the whole limit waits for an idle minute, and not for ever.</summary>
    internal static long Cost(SharedWindow window, long cost) => Math.Clamp(cost, 1, window.Limit);

    private void MarkDirty(SharedLimit limit)
    {
        _used.Add(limit);
        if (!limit.IsDirty)
        {
            limit.IsDirty = true;
            _dirty.Enqueue(limit);
        }
    }

    /// <summary>Begins to send batches, until there is nothing left to be sent.</summary>
    private void Send()
    {
        lock (_gate)
        {
            if (_isSending)
            {
                return;
            }

            _isSending = true;
        }

        _ = SendAllAsync();
    }

    private async Task SendAllAsync()
    {
        while (true)
        {
            LimitBatch batch;
            TaskCompletionSource<bool>? beat;
            lock (_gate)
            {
                // A Redis that does not answer is asked by the beat alone.
                if (_beat is null && _waiting.Count == 0 && (_dirty.Count == 0 || !_isUrgent || !(_link.IsUp || _isHeard)))
                {
                    _isSending = false;
                    return;
                }

                (beat, _beat) = (_beat, null);
                batch = _batches.Build(_dirty, _waiting);
                _isUrgent = _dirty.Count > 0;
            }

            var failure = await ExchangeAsync(batch);
            _isHeard = failure is null;
            if (failure is null)
            {
                if (beat is not null)
                {
                    _link.Succeeded();
                }
            }
            else
            {
                _link.Failed(failure);
            }

            beat?.TrySetResult(failure is null);
            if (Complete(batch.Entries))
            {
                return;
            }
        }
    }

    /// <summary>Lets requests go on: the last one on this thread, if there is nothing else for it to do.</summary>
    /// <returns>Whether there was not.</returns>
    private bool Complete(IReadOnlyList<SharedEntry> entries)
    {
        bool isFree;
        lock (_gate)
        {
            isFree = entries.Count > 0 && _beat is null && _waiting.Count == 0 && !(_isUrgent && _dirty.Count > 0);
            _isSending &= !isFree;
        }

        for (var i = 0; i < entries.Count; i++)
        {
            entries[i].Complete(here: isFree && i == entries.Count - 1 && Thread.CurrentThread.IsThreadPoolThread);
        }

        return isFree;
    }

    /// <returns>Why it came to nothing; its requests are decided all the same.</returns>
    private async Task<Exception?> ExchangeAsync(LimitBatch batch)
    {
        byte[]? reply = null;
        Exception? failure = null;
        try
        {
            var oldest = batch.Entries.Count > 0 ? batch.Entries[0].Asked : _time.GetTimestamp();
            reply = await LimitBatches.CallAsync(_link, batch, _link.Settings.Wait - _time.GetElapsedTime(oldest));
        }
        catch (Exception error)
        {
            // The boundary of what a server or a network can bring about: whatever it is, Redis is of no use now.
            failure = error;
        }

        lock (_gate)
        {
            if (reply is not null && LimitBatches.TryRead(reply, batch, out var epoch))
            {
                foreach (var entry in batch.Entries)
                {
                    Note(entry);
                }

                if (_epoch is not null && _epoch != epoch)
                {
                    // Redis has begun anew, and knows of nothing that was before.
                    foreach (var window in _used.OfType<SharedWindow>().ToArray())
                    {
                        window.TellAgain();
                        MarkDirty(window);
                        _isUrgent = true;
                    }
                }

                _epoch = epoch;
                return null;
            }

            foreach (var (limit, additions) in batch.Told)
            {
                (limit as SharedWindow)?.GiveBack(additions);
                MarkDirty(limit);
            }

            _isUrgent = true;
            foreach (var entry in batch.Entries)
            {
                Decide(entry);
            }

            return failure ?? new InvalidDataException("What Redis answered is not what the script says.");
        }
    }

    /// <summary>Refuses a request of which it is certain that Redis would.</summary>
    private static bool IsFull(SharedEntry entry)
    {
        for (var i = 0; i < entry.Lines.Length; i++)
        {
            if (entry.Lines[i].Limit is SharedWindow { FullFor: { Ticks: > 0 } wait })
            {
                (entry.Refused, entry.Wait) = (i, wait);
                for (var line = 0; line < entry.Lines.Length; line++)
                {
                    entry.Note(line, line == i ? new(0, wait) : new(entry.Lines[line].Limit.Left, TimeSpan.Zero));
                }

                return true;
            }
        }

        return false;
    }

    /// <summary>Takes in what Redis has decided.</summary>
    private void Note(SharedEntry entry)
    {
        for (var i = 0; i < entry.Lines.Length; i++)
        {
            var (limit, cost) = entry.Lines[i];
            var standing = entry.Standing(i);
            if (limit is SharedWindow window)
            {
                window.Learn(standing.Left, standing.UntilMore, entry.Refused == i ? entry.Wait : null);
                if (entry.IsAdmitted)
                {
                    entry.Reservations[i] = entry.Reservations[i] with { Own = window.Take(Cost(window, cost), isTold: true) };
                    _used.Add(window);
                }
            }
            else if (limit is SharedPlaces places)
            {
                places.LastLeft = standing.Left;
                if (entry.IsAdmitted)
                {
                    places.Running++;
                    _used.Add(places);
                }
            }
        }
    }
}
