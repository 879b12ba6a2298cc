using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using MasterX.Api.Storage;

namespace MasterX.Api.Calls;

/// <summary>
/// Books what calls spend, each once, whatever happens:
/// <code>
///  open ─ written, with what it holds in its budgets, before the gateway is called
///       ─ the gateway says at once what was spent (headers of a whole answer)        → settled
///       ─ it is asked for it: a stream has ended, a caller has left, this process     → settled, by <see cref="CallCollector"/>
///         died and another comes after it
///       ─ nobody knows: the gateway died with the call, too                           → assumed, and marked
/// </code>
/// What the database does not take is kept and tried again; <c>usage_backlog_requests</c> and <c>usage_backlog_seconds</c> tell of it.
/// </summary>
internal sealed partial class CallBook : IDisposable
{
    /// <summary>How long a booking that nobody waits for may wait for others, to be written with them.</summary>
    private static readonly TimeSpan Company = TimeSpan.FromMilliseconds(20);

    private const int MostTogether = 256;

    /// <summary>Beyond which the gateway is left to let go of records by itself, as it does after an hour.</summary>
    private const int MostBooked = 100_000;

    private readonly Expectations _expectations;
    private readonly BudgetWatch _budgets;
    private readonly TimeProvider _time;
    private readonly ILogger<CallBook> _logger;
    private readonly Meter _meter;
    private readonly ICallStore _store;
    private readonly ConcurrentQueue<string> _booked = new();
    private readonly ConcurrentDictionary<string, Unbooked> _unbooked = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<(Settlement Settlement, Activity? Asker)> _behind = new();
    private readonly Allotments _allotments;
    private readonly ITimer _company;
    private int _isInCompany;

    public CallBook(ICallStore store, Expectations expectations, BudgetWatch budgets, TimeProvider time, IMeterFactory meters, ILogger<CallBook> logger)
    {
        (_store, _expectations, _budgets, _time, _logger) = (store, expectations, budgets, time, logger);
        _allotments = new(time, holder => Settle(new(holder, [])));
        using (ExecutionContext.SuppressFlow())
        {
            // It belongs to no request, and to no trace of one.
            _company = time.CreateTimer(static book => ((CallBook)book!).BookTogether(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }

        _meter = meters.Create("MasterX.Usage");
        _meter.CreateObservableGauge("usage_backlog_requests", () => Backlog, description: "Calls that have ended and are not booked yet.");
        _meter.CreateObservableGauge(
            "usage_backlog_seconds", () => _unbooked.Values.Select(call => _time.GetElapsedTime(call.Since).TotalSeconds).DefaultIfEmpty().Max(), description: "Age of the oldest call that has ended and is not booked yet.");
    }

    /// <summary>Names this process in the calls it opens.</summary>
    public string Instance { get; } = Identifier.New("api");

    /// <summary>Books a call; it survives the death of this process then.</summary>
    /// <exception cref="StorageException">The database does not take it. It is kept, and written when it does.</exception>
    public async Task SettleAsync(Settlement settlement)
    {
        Note(settlement);
        try
        {
            await BookAsync([settlement]);
        }
        catch (Exception refused)
        {
            NoteFailed(settlement, refused);
            throw;
        }
    }

    /// <summary>Books a call behind its caller's back, however long it takes.</summary>
    public void Settle(Settlement settlement)
    {
        Note(settlement);
        _behind.Enqueue((settlement, Activity.Current));
        if (Interlocked.Exchange(ref _isInCompany, 1) == 0)
        {
            _company.Change(Company, Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>Notes that a call has ended of which it is not known yet what it has spent.</summary>
    public void End(Call call) => _unbooked.GetOrAdd(call.Id, static (_, since) => new(since), _time.GetTimestamp());

    /// <summary>Calls that have ended and are not booked yet.</summary>
    public int Backlog => _unbooked.Count;

    /// <summary>Tries again what the database has not taken.</summary>
    /// <returns>Whether it has now.</returns>
    public async Task<bool> RetryAsync()
    {
        Settlement[] kept = [.. _unbooked.Values.Where(call => call is { HasFailed: true, Settlement: not null }).Select(call => call.Settlement!).Take(1000)];
        var booked = await Task.WhenAll(kept.Select(TryAgainAsync));
        return Array.TrueForAll(booked, done => done);
    }

    /// <summary>Waits until what has ended by now is booked, if it can be.</summary>
    public async Task FlushAsync(TimeSpan patience, CancellationToken cancellationToken)
    {
        BookTogether();
        try
        {
            await Task.WhenAll(_unbooked.Values.Select(call => call.Booked.Task)).WaitAsync(patience, _time, cancellationToken);
        }
        catch (TimeoutException)
        {
            // What can be known by now is there.
        }
    }

    /// <summary>
    /// A call that is booked, whose record the gateway need not keep any longer: not before, or a process that dies in between would leave
    /// nobody who knows.
    /// </summary>
    public bool TryTakeBooked(out string? id) => _booked.TryDequeue(out id);

    /// <summary>Says of a call once more that it is booked, as the gateway could not be told.</summary>
    public void PutBooked(string id) => _booked.Enqueue(id);

    /// <summary>What of a budget is spent, and what is held for calls under way, in US dollars.</summary>
    public async Task<(decimal Spent, decimal Held)> ReadBudgetAsync(string budgetId, CancellationToken cancellationToken)
    {
        var unneeded = _allotments.UnneededIn(budgetId);
        var (spent, held) = await _store.ReadBudgetAsync(budgetId, cancellationToken);
        return (spent, Math.Max(0, held - unneeded));
    }

    public void Dispose()
    {
        _allotments.Dispose();
        _company.Dispose();
        _meter.Dispose();
    }

    /// <summary>What is to be written; whoever waits for the call to be booked goes on waiting for that.</summary>
    private void Note(Settlement settlement)
    {
        _expectations.Learn(settlement.Call, settlement.Spent);
        _unbooked.GetOrAdd(settlement.Call.Id, static (_, since) => new(since), _time.GetTimestamp()).Settlement = settlement;
    }

    /// <summary>Books a call without what was generated where that is what the database has no room for.</summary>
    private async Task<bool> TryAgainAsync(Settlement settlement)
    {
        if (await TryBookAsync(settlement))
        {
            return true;
        }

        if (settlement.Generation is null || !await TryBookAsync(settlement with { Generation = null }))
        {
            return false;
        }

        try
        {
            // The database was away, perhaps, and is back: booking it again changes nothing but that.
            await _store.SettleAsync([settlement], CancellationToken.None);
        }
        catch (StorageException noRoom)
        {
            LogWithoutAnswer(_logger, settlement.Call.Id, noRoom.Message);
        }

        return true;
    }

    /// <summary>Books what has waited for company.</summary>
    private void BookTogether()
    {
        Volatile.Write(ref _isInCompany, 0);
        if (!_behind.IsEmpty)
        {
            _ = BookBehindAsync();
        }
    }

    private async Task BookBehindAsync()
    {
        List<Settlement> together = [];
        Activity? first = null;
        while (together.Count < MostTogether && _behind.TryDequeue(out var next))
        {
            first = together.Count == 0 ? next.Asker : first;
            together.Add(next.Settlement);
        }

        if (!_behind.IsEmpty)
        {
            BookTogether();
        }

        if (together.Count == 0)
        {
            return;
        }

        // What is written for several is in the trace of the first of them.
        Activity.Current = first;
        try
        {
            await BookAsync(together);
        }
        catch (Exception) when (together.Count > 1)
        {
            // What cannot be written hinders no other.
            await Task.WhenAll(together.Select(TryBookAsync));
        }
        catch (Exception refused)
        {
            NoteFailed(together[0], refused);
        }
    }

    private async Task<bool> TryBookAsync(Settlement settlement)
    {
        try
        {
            await BookAsync([settlement]);
            return true;
        }
        catch (Exception refused)
        {
            // The boundary of the writer: one entry that cannot be written is kept and told of, and hinders no other.
            NoteFailed(settlement, refused);
            return false;
        }
    }

    private void NoteFailed(Settlement settlement, Exception refused)
    {
        if (_unbooked.TryGetValue(settlement.Call.Id, out var kept) && !kept.HasFailed)
        {
            kept.HasFailed = true;
            LogNotBooked(_logger, settlement.Call.Id, refused.Message);
        }
    }

    private async Task BookAsync(IReadOnlyList<Settlement> settlements)
    {
        await _store.SettleAsync(settlements, CancellationToken.None);
        foreach (var settlement in settlements)
        {
            NoteBooked(settlement);
        }
    }

    private void NoteBooked(Settlement settlement)
    {
        if (settlement.Call.IsAllotment)
        {
            _allotments.Freed(settlement.Call.Id);
        }
        else
        {
            _allotments.Return(settlement.Call.Id, settlement.CostUsd);
            _budgets.Booked(settlement.Call);
        }

        if (settlement is { State: CallState.Settled, Call.IsAllotment: false } && _booked.Count < MostBooked)
        {
            _booked.Enqueue(settlement.Call.Id);
        }

        if (_unbooked.TryRemove(settlement.Call.Id, out var done))
        {
            done.Booked.TrySetResult();
        }
    }

    [LoggerMessage(51, LogLevel.Warning, "The call {Id} is not booked yet; it is kept and tried again. {Problem}")]
    private static partial void LogNotBooked(ILogger logger, string id, string problem);

    [LoggerMessage(59, LogLevel.Error, "The call {Id} is booked, and what was generated is not in the history: {Problem}")]
    private static partial void LogWithoutAnswer(ILogger logger, string id, string problem);

    private sealed class Unbooked(long since)
    {
        public long Since { get; } = since;

        /// <summary><see langword="null"/> while it is not known yet what the call has spent.</summary>
        public volatile Settlement? Settlement;

        public TaskCompletionSource Booked { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public volatile bool HasFailed;
    }
}

/// <summary>A call that may be made.</summary>
/// <param name="Call">As it was written.</param>
/// <param name="LeftUsd">What is left of its budget beside what it holds, in US dollars; <see langword="null"/> without a budget.</param>
internal sealed record OpenedCall(Call Call, decimal? LeftUsd);

/// <summary>Whether a call may be made, and what is left.</summary>
/// <param name="IsAllowed">By its budgets.</param>
/// <param name="LeftUsd">Of the scarcest budget, in US dollars, or of the one that does not allow it; <see langword="null"/> without one.</param>
/// <param name="RefusedBy">The budget that does not allow it.</param>
internal readonly record struct Opening(bool IsAllowed, decimal? LeftUsd, string? RefusedBy = null);
