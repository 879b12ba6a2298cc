using System.Collections.Concurrent;

namespace MasterX.Api.Calls;

/// <summary>
/// Holds what calls may cost for some of them at once. Calls of one key that come close to each other, on budgets that have room for thousands
/// more, need not each write to the database what is held for it: one write holds as much as many of them, the allotment, and each draws from
/// it in memory.
/// <code>
///  held in the database ─ all of an allotment, from before the first call draws from it until all that have drawn are booked
///  spent ─ what a call has cost when it is booked, beside what is held: for that moment a budget counts more than there is, never less
/// </code>
/// So a budget is never passed, over replicas neither, and a process that dies leaves nothing held: whoever finds its open calls finds the
/// allotment among them. A budget of which little is left is held call by call, as an allotment is a small part of what is left.
/// </summary>
internal sealed class Allotments : IDisposable
{
    /// <summary>How many calls like the one that it is made for an allotment holds, at most and at least.</summary>
    private const int MostCalls = 64, FewestCalls = 8;

    /// <summary>An allotment is one part in so many of what is left.</summary>
    private const int PartsOfLeft = 100;

    /// <summary>How close to the one before it a call of a key comes for which one is worth it.</summary>
    private static readonly TimeSpan Rhythm = TimeSpan.FromMilliseconds(50);

    /// <summary>How long calls draw from one.</summary>
    private static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<string, Drawer> _drawers = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Allotment> _held = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, (Allotment From, decimal CostUsd)> _drawn = new(StringComparer.Ordinal);
    private readonly TimeProvider _time;
    private readonly Action<Call> _free;
    private readonly ITimer _sweep;
    private int _isSweeping;

    /// <param name="time">The clock.</param>
    /// <param name="free">Frees what an allotment holds.</param>
    public Allotments(TimeProvider time, Action<Call> free)
    {
        (_time, _free) = (time, free);
        using (ExecutionContext.SuppressFlow())
        {
            // It belongs to no request, and to no trace of one.
            _sweep = time.CreateTimer(static allotments => ((Allotments)allotments!).Sweep(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>Draws what a call may cost.</summary>
    /// <returns>What is left of the scarcest budget beside it, in US dollars; <see langword="null"/> when it is to be held by itself.</returns>
    public decimal? TryDraw(Call call, BudgetLimit[] budgets, decimal costUsd)
    {
        if (!_drawers.TryGetValue(call.KeyId, out var drawer))
        {
            return null;
        }

        lock (drawer)
        {
            if (drawer.Current is not { } current || current.FreeUsd < costUsd || !drawer.IsOf(budgets))
            {
                return null;
            }

            current.FreeUsd -= costUsd;
            current.NeededUsd += costUsd;
            current.LeftUsd -= costUsd;
            current.Drawn++;
            current.IsIdle = false;
            _drawn[call.Id] = (current, costUsd);
            return current.LeftUsd;
        }
    }

    /// <summary>Says how much to hold for calls like this one, where that is worth it. Whoever is told has to <see cref="Begin"/> it, or to <see cref="GiveUp"/>.</summary>
    /// <returns>US dollars; <see langword="null"/> where the call is to be held by itself.</returns>
    public decimal? Propose(string keyId, BudgetLimit[] budgets, decimal costUsd)
    {
        var now = _time.GetTimestamp();
        var drawer = _drawers.GetOrAdd(keyId, static _ => new());
        Call? over;
        decimal amount;
        lock (drawer)
        {
            var isClose = _time.GetElapsedTime(drawer.LastOpened, now) < Rhythm;
            drawer.LastOpened = now;
            amount = Math.Min(costUsd * MostCalls, drawer.LeftUsd / PartsOfLeft);
            if (!isClose || drawer.IsMaking || costUsd <= 0 || amount < costUsd * FewestCalls || !drawer.IsOf(budgets))
            {
                return null;
            }

            drawer.IsMaking = true;
            over = Replace(drawer, null);
        }

        Free(over);
        return amount;
    }

    /// <summary>Has calls draw from what was written to hold something for them.</summary>
    /// <param name="holder">As it was written.</param>
    /// <param name="leftUsd">Of the scarcest budget beside it.</param>
    /// <returns>Whether they do; else too little is left for it to be held back from others.</returns>
    public bool Begin(Call holder, decimal leftUsd)
    {
        var amount = holder.Reserved[0].CostUsd;
        var drawer = _drawers.GetOrAdd(holder.KeyId, static _ => new());
        Call? over;
        lock (drawer)
        {
            (drawer.IsMaking, drawer.LeftUsd) = (false, leftUsd);
            if (leftUsd < amount * (PartsOfLeft / 2))
            {
                return false;
            }

            var allotment = new Allotment(holder, drawer, _time.GetTimestamp()) { FreeUsd = amount, LeftUsd = leftUsd + amount };
            _held[holder.Id] = allotment;
            over = Replace(drawer, allotment);
        }

        Free(over);
        StartSweeping();
        return true;
    }

    /// <summary>Notes that one that was proposed is not made.</summary>
    public void GiveUp(string keyId)
    {
        if (_drawers.TryGetValue(keyId, out var drawer))
        {
            lock (drawer)
            {
                (drawer.IsMaking, drawer.LeftUsd) = (false, 0);
            }
        }
    }

    /// <summary>Notes what was left when a call was held by itself: how much is held for the next ones goes by it.</summary>
    public void Opened(string keyId, BudgetLimit[] budgets, decimal? leftUsd)
    {
        if (_drawers.TryGetValue(keyId, out var drawer))
        {
            lock (drawer)
            {
                (drawer.Budgets, drawer.LeftUsd) = (budgets, leftUsd ?? 0);
            }

            StartSweeping();
        }
    }

    /// <summary>Notes that a call is booked, or was not made: nothing need be held for it any longer.</summary>
    /// <param name="callId">A call's; nothing happens for one that has not drawn.</param>
    /// <param name="spentUsd">What it has cost.</param>
    public void Return(string callId, decimal spentUsd)
    {
        if (!_drawn.TryRemove(callId, out var draw))
        {
            return;
        }

        Call? over;
        lock (draw.From.Drawer)
        {
            draw.From.Drawn--;
            draw.From.NeededUsd -= draw.CostUsd;
            draw.From.LeftUsd += draw.CostUsd - spentUsd;
            over = OverOf(draw.From);
        }

        Free(over);
    }

    /// <summary>Lets no further calls draw, so that what is held for them is free as soon as may be.</summary>
    /// <param name="budgetId">From what holds something in this budget, which has refused a call; <see langword="null"/> for all, when no calls come any more.</param>
    public void Stop(string? budgetId = null)
    {
        foreach (var drawer in _drawers.Values)
        {
            Call? over = null;
            lock (drawer)
            {
                if (budgetId is null || Array.Exists(drawer.Budgets, budget => budget.BudgetId == budgetId))
                {
                    drawer.LeftUsd = 0;
                    over = Replace(drawer, null);
                }
            }

            Free(over);
        }
    }

    /// <summary>What is held in a budget, and not for any call that is under way.</summary>
    public decimal UnneededIn(string budgetId)
    {
        var sum = 0m;
        foreach (var allotment in _held.Values)
        {
            lock (allotment.Drawer)
            {
                if (allotment.Holder.Reserved.FirstOrDefault(reservation => reservation.BudgetId == budgetId) is { } held)
                {
                    sum += held.CostUsd - allotment.NeededUsd;
                }
            }
        }

        return sum;
    }

    /// <summary>Notes that what an allotment has held is free.</summary>
    public void Freed(string holderId) => _held.TryRemove(holderId, out _);

    public void Dispose() => _sweep.Dispose();

    private static Call? Replace(Drawer drawer, Allotment? next)
    {
        var before = drawer.Current;
        drawer.Current = next;
        return before is null ? null : OverOf(before);
    }

    /// <summary>What is to be freed: of an allotment from which none draws any more, and for which nothing is under way.</summary>
    private static Call? OverOf(Allotment allotment) => allotment != allotment.Drawer.Current && allotment.Drawn == 0 ? allotment.Holder : null;

    private void Free(Call? holder)
    {
        if (holder is not null)
        {
            _free(holder);
        }
    }

    private void StartSweeping()
    {
        if (Interlocked.Exchange(ref _isSweeping, 1) == 0)
        {
            _sweep.Change(Rhythm, Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>Ends those that nobody draws from any more, and those that are old; forgets keys that do not call.</summary>
    private void Sweep()
    {
        Volatile.Write(ref _isSweeping, 0);
        var now = _time.GetTimestamp();
        foreach (var (keyId, drawer) in _drawers)
        {
            Call? over = null;
            lock (drawer)
            {
                if (drawer.Current is { } current)
                {
                    if ((current.IsIdle && current.Drawn == 0) || _time.GetElapsedTime(current.Begun, now) > Lifetime)
                    {
                        over = Replace(drawer, null);
                    }

                    current.IsIdle = true;
                }
                else if (!drawer.IsMaking && _time.GetElapsedTime(drawer.LastOpened, now) > Lifetime)
                {
                    _drawers.TryRemove(new(keyId, drawer));
                }
            }

            Free(over);
        }

        if (!_drawers.IsEmpty)
        {
            StartSweeping();
        }
    }

    /// <summary>Of one key. Whatever is in it is changed by who has locked it.</summary>
    private sealed class Drawer
    {
        public Allotment? Current { get; set; }

        /// <summary>Whether one is being written.</summary>
        public bool IsMaking { get; set; }

        /// <summary>When a call was held by itself, as a timestamp.</summary>
        public long LastOpened { get; set; } = long.MinValue / 2;

        /// <summary>That the key's calls are paid from.</summary>
        public BudgetLimit[] Budgets { get; set; } = [];

        /// <summary>Of the scarcest of them, when the database was asked last.</summary>
        public decimal LeftUsd { get; set; }

        public bool IsOf(BudgetLimit[] budgets) => Budgets.AsSpan().SequenceEqual(budgets);
    }

    private sealed class Allotment(Call holder, Drawer drawer, long begun)
    {
        public Call Holder => holder;

        public Drawer Drawer => drawer;

        public long Begun => begun;

        /// <summary>What of it nobody has drawn: what was drawn does not come back, or it would pay for more than it holds.</summary>
        public decimal FreeUsd { get; set; }

        /// <summary>What is drawn for calls that are not booked yet.</summary>
        public decimal NeededUsd { get; set; }

        /// <summary>Of the scarcest budget, beside the calls that are under way.</summary>
        public decimal LeftUsd { get; set; }

        /// <summary>Calls that have drawn and are not booked yet.</summary>
        public int Drawn { get; set; }

        /// <summary>Whether nobody has drawn since the last look.</summary>
        public bool IsIdle { get; set; }
    }
}
