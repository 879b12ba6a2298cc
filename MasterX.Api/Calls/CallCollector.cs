using System.Collections.Concurrent;
using MasterX.Api.Ai;
using MasterX.Api.Storage;
using MasterX.Api.Users;

namespace MasterX.Api.Calls;

/// <summary>
/// Finds out what calls have spent whose end did not say: streams, calls whose caller has left, and those of processes that have died. It asks
/// the gateway, which keeps the record of a call until it is told that it was booked. A call that a gateway does not know, which has been there
/// all the time, has not come to it, and has cost nothing. What was lost with a gateway is booked as an assumption, and marked so.
/// </summary>
internal sealed partial class CallCollector(CallBook book, ICallStore store, GatewayCalls gateway, Expectations expectations, UserErasure erasure, StorageReady ready, TimeProvider time, ILogger<CallCollector> logger) : BackgroundService
{
    private const int MostAtOnce = 500;

    /// <summary>How often a process says that it lives, and how long it is believed.</summary>
    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(4), Lease = TimeSpan.FromSeconds(15);

    /// <summary>How long a gateway that answers may not know a call before nobody is taken to: another replica of it may be met the next time.</summary>
    private static readonly TimeSpan UnknownFor = TimeSpan.FromSeconds(10);

    /// <summary>How long a gateway that does not answer is waited for.</summary>
    private static readonly TimeSpan SilentFor = TimeSpan.FromMinutes(10);

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(20), LongestPause = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<string, Wanted> _wanted = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _news = new(0, 1);
    private long _lastBeat;
    private bool _hasBeaten;

    /// <summary>Has a call booked that has ended, by what the gateway says of it.</summary>
    /// <param name="call">The call.</param>
    /// <param name="heardTokens">Of the answer, roughly, as far as it was heard here: for the case that nobody else knows.</param>
    /// <param name="cached">Who had given the answer that came from the gateway's cache; <see langword="null"/> when it did not.</param>
    /// <param name="generation">What was generated, if it is to be kept, without what it has cost: written with the booking.</param>
    public void Collect(Call call, int heardTokens = 0, Spending? cached = null, Generation? generation = null)
    {
        book.End(call);
        Want(call, heardTokens, cached, generation);
    }

    /// <summary>What a call that has just ended has spent, and whom it took: asked for by the one whose call it is, who then books it.</summary>
    /// <returns><see langword="null"/> when the gateway does not say it in time; the call is to be left to <see cref="Collect"/> then.</returns>
    public async Task<GatewayCall?> FindAsync(Call call, TimeSpan patience)
    {
        var begun = time.GetTimestamp();
        try
        {
            while (time.GetElapsedTime(begun) < patience)
            {
                using var limit = new CancellationTokenSource(patience, time);
                var found = await gateway.ReadAsync([call.Id], [], limit.Token);
                if (found.Items is [{ Ended: true } ended])
                {
                    return ended with { Spent = [.. ended.Spent.Select(spending => spending.Bounded())] };
                }

                await Task.Delay(FirstPause, time, CancellationToken.None);
            }
        }
        catch (Exception away) when (away is GatewayUnavailableException or OperationCanceledException)
        {
            // As it would be told by nobody.
        }

        return null;
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        using var limit = new CancellationTokenSource(LongestPause * 3, time);
        cancellationToken = limit.Token;
        book.EndAllotments();
        try
        {
            // What has ended is booked before the process does, as far as it goes; the rest is found by whoever comes next.
            while (!_wanted.IsEmpty)
            {
                await CollectAsync(cancellationToken);
                await Task.Delay(FirstPause, time, cancellationToken);
            }

            await book.RetryAsync();
            await book.FlushAsync(LongestPause, cancellationToken);
            await store.KeepAliveAsync(book.Instance, time.GetUtcNow(), cancellationToken);
        }
        catch (Exception away) when (away is StorageException or OperationCanceledException or GatewayUnavailableException)
        {
            LogLeft(logger, away.Message);
        }

        if (book.Backlog is > 0 and var left)
        {
            LogUnbooked(logger, left);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await ready.Task.WaitAsync(stoppingToken);
        while (!stoppingToken.IsCancellationRequested)
        {
            var isQuiet = await StepAsync(stoppingToken);
            try
            {
                await _news.WaitAsync(isQuiet ? LongestPause : FirstPause, stoppingToken);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    /// <returns>Whether nothing is waited for.</returns>
    private async Task<bool> StepAsync(CancellationToken cancellationToken)
    {
        try
        {
            await BeatAsync(cancellationToken);
            await CollectAsync(cancellationToken);
            await book.RetryAsync();
        }
        catch (Exception failed) when (!cancellationToken.IsCancellationRequested)
        {
            // The boundary of the work behind everybody's back: whatever one entry does, it goes on with the next.
            LogFailed(logger, failed.Message);
        }
        catch (OperationCanceledException)
        {
            return true;
        }

        return _wanted.Values.All(wanted => wanted.Next > time.GetTimestamp());
    }

    /// <summary>Says that this process lives, and looks for calls of those that do not.</summary>
    private async Task BeatAsync(CancellationToken cancellationToken)
    {
        if (_hasBeaten && time.GetElapsedTime(_lastBeat) < Beat)
        {
            return;
        }

        _lastBeat = time.GetTimestamp();
        var now = Identifier.Now(time);
        await store.KeepAliveAsync(book.Instance, now + Lease, cancellationToken);
        _hasBeaten = true;

        // Those of a process that has just begun may not have heard of its lease yet.
        Call[] orphans = [.. (await store.ListOrphansAsync(now, MostAtOnce, cancellationToken)).Where(orphan => orphan.At < now - Beat && orphan.Instance != book.Instance)];
        foreach (var orphan in orphans)
        {
            if (!orphan.IsAllotment)
            {
                Want(orphan, 0, null, null);
            }
            else if (!Array.Exists(orphans, other => other.IsDrawn && (other.Instance, other.KeyId) == (orphan.Instance, orphan.KeyId)))
            {
                // All that have drawn from it are booked: no budget ever counts less than was spent.
                book.Settle(new Settlement(orphan, []));
            }
        }

        await store.RepairAsync(now - Lease * 4, cancellationToken);
    }

    private void Want(Call call, int heardTokens, Spending? cached, Generation? generation)
    {
        if (_wanted.TryAdd(call.Id, new Wanted(call, heardTokens, cached, generation, time.GetTimestamp())) && _news.CurrentCount == 0)
        {
            try
            {
                _news.Release();
            }
            catch (SemaphoreFullException)
            {
                // Another has just told.
            }
        }
    }

    private async Task CollectAsync(CancellationToken cancellationToken)
    {
        var now = time.GetTimestamp();
        Wanted[] due = [.. _wanted.Values.Where(wanted => wanted.Next <= now).Take(MostAtOnce)];
        List<string> read = [];
        while (read.Count < MostAtOnce * 4 && book.TryTakeBooked(out var id))
        {
            read.Add(id!);
        }

        if (due.Length == 0 && read.Count == 0)
        {
            return;
        }

        GatewayCallList found;
        try
        {
            found = await gateway.ReadAsync([.. due.Select(wanted => wanted.Call.Id)], read, cancellationToken);
        }
        catch (GatewayUnavailableException)
        {
            read.ForEach(book.PutBooked);
            foreach (var wanted in due)
            {
                wanted.Wait(time);
                if (time.GetElapsedTime(wanted.Since) > SilentFor)
                {
                    Assume(wanted);
                }
            }

            return;
        }

        var known = found.Items.ToDictionary(call => call.Id, StringComparer.Ordinal);
        foreach (var wanted in due)
        {
            if (!known.TryGetValue(wanted.Call.Id, out var told))
            {
                wanted.UnknownSince ??= time.GetTimestamp();
                wanted.WasLost |= found.UptimeMs < (time.GetUtcNow() - wanted.Call.At).TotalMilliseconds;
                wanted.Wait(time);
                if (time.GetElapsedTime(wanted.UnknownSince.Value) > UnknownFor)
                {
                    GiveUp(wanted);
                }
            }
            else if (told.Ended)
            {
                IReadOnlyList<Spending> spent = told.Spent.Count == 0 && wanted.Cached is { } cached ? [cached] : [.. told.Spent.Select(spending => spending.Bounded())];
                Book(wanted, spent, CallState.Settled, [.. told.Attempts.Select(attempt => attempt.ToAttempt())]);
                _wanted.TryRemove(wanted.Call.Id, out _);
            }
            else
            {
                wanted.UnknownSince = null;
                wanted.Wait(time);
            }
        }
    }

    private void GiveUp(Wanted wanted)
    {
        if (wanted.HasArrived || wanted.WasLost)
        {
            Assume(wanted);
            return;
        }

        Book(wanted, [], CallState.Settled);
        _wanted.TryRemove(wanted.Call.Id, out _);
    }

    private void Assume(Wanted wanted)
    {
        LogAssumed(logger, wanted.Call.Id, wanted.Call.KeyId);
        var assumed = expectations.Assume(wanted.Call, wanted.HeardTokens);
        Book(wanted, [wanted.Cached ?? assumed], CallState.Assumed);
        _wanted.TryRemove(wanted.Call.Id, out _);
    }

    private void Book(Wanted wanted, IReadOnlyList<Spending> spent, CallState state, IReadOnlyList<GenerationAttempt>? attempts = null) =>
        book.Settle(new Settlement(wanted.Call, spent, state, wanted.Generation?.Booked(spent, attempts), erasure.KeepsNumbers));

    [LoggerMessage(53, LogLevel.Warning, "Nobody knows what the call {Id} of {Key} has spent: the gateway has no record of it. What was expected of it is booked, marked as an estimate")]
    private static partial void LogAssumed(ILogger logger, string id, string key);

    [LoggerMessage(54, LogLevel.Error, "Calls could not be booked, and are tried again: {Problem}")]
    private static partial void LogFailed(ILogger logger, string problem);

    [LoggerMessage(55, LogLevel.Warning, "Some calls are not booked yet as the service ends; the next process does it. {Problem}")]
    private static partial void LogLeft(ILogger logger, string problem);

    [LoggerMessage(60, LogLevel.Error, "{Count} calls that have ended are not booked as the service ends. Those whose opening the database has taken are booked by the next process; the others were made while it took nothing, and are lost to the books")]
    private static partial void LogUnbooked(ILogger logger, int count);

    /// <summary>A call of which the gateway is still to say what it has spent.</summary>
    private sealed class Wanted(Call call, int heardTokens, Spending? cached, Generation? generation, long since)
    {
        private TimeSpan _pause = FirstPause;

        public Call Call { get; } = call;

        public int HeardTokens { get; } = heardTokens;

        public Spending? Cached { get; } = cached;

        public Generation? Generation { get; } = generation;

        public long Since { get; } = since;

        /// <summary>Whether the gateway has been heard on it.</summary>
        public bool HasArrived => HeardTokens > 0 || Cached is not null || Generation is not null;

        /// <summary>Whether a gateway was asked that has begun after the call: another before it may have known.</summary>
        public bool WasLost { get; set; }

        public long? UnknownSince { get; set; }

        /// <summary>When it is asked for next, as a timestamp.</summary>
        public long Next { get; private set; } = since;

        public void Wait(TimeProvider time)
        {
            Next = time.GetTimestamp() + (long)(_pause.TotalSeconds * time.TimestampFrequency);
            _pause = _pause * 2 < LongestPause ? _pause * 2 : LongestPause;
        }
    }
}
