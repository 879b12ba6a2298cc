using System.Security.Cryptography;
using System.Text;
using StackExchange.Redis;

namespace MasterX.ServiceDefaults.Sharing;

/// <summary>
/// A limit that all replicas keep together, known by its name; and what this replica has had of it, by which it goes on alone while Redis
/// cannot be had. Guarded by <see cref="SharedLimits"/>.
/// </summary>
public abstract class SharedLimit
{
    private protected SharedLimit(RedisKey key, long limit, int replicas)
    {
        (Key, Limit) = (key, limit);
        Share = Math.Max(1, (limit + replicas - 1) / replicas);
    }

    /// <summary>Of all replicas together.</summary>
    public long Limit { get; }

    /// <summary>Of this replica while Redis cannot be had.</summary>
    public long Share { get; }

    /// <summary>What may yet be had now, as far as this replica knows.</summary>
    public abstract long Left { get; }

    internal RedisKey Key { get; }

    /// <summary>The batch it is in, and its place there.</summary>
    internal (long Batch, int Index) At { get; set; }

    /// <summary>Whether it stands in the list of those that have something to tell.</summary>
    internal bool IsDirty { get; set; }

    /// <summary>A name may be long, or say what is nobody's business.</summary>
    internal static RedisKey KeyOf(string prefix, string name) =>
        $"{{{prefix}}}:limit:{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(name)).AsSpan(0, 16))}";
}

/// <summary>Calls at once.</summary>
public sealed class SharedPlaces : SharedLimit
{
    internal SharedPlaces(RedisKey key, long limit, int replicas, long number)
        : base(key, limit, replicas) => (LastLeft, Number) = (limit, number);

    /// <summary>Among this replica's.</summary>
    internal long Number { get; }

    /// <summary>This replica's calls under way.</summary>
    internal int Running { get; set; }

    internal long LastLeft { get; set; }

    /// <inheritdoc/>
    public override long Left => Running == 0 ? Math.Max(LastLeft, 1) : LastLeft;
}

/// <summary>Calls, tokens or what else there is per sliding minute.</summary>
public sealed class SharedWindow : SharedLimit
{
    private readonly int _seconds;
    private readonly TimeProvider _time;

    /// <summary>What this replica has had, by the second on its own clock, round and round.</summary>
    private readonly long[] _had;

    /// <summary>What of it Redis has not been told.</summary>
    private readonly long[] _untold;
    private long _used;
    private long _newest = long.MinValue;
    private long _fullUntil;
    private (long Left, long Until) _last;
    private bool _hasUntold;

    internal SharedWindow(RedisKey key, long limit, int replicas, int seconds, bool isSettled, TimeProvider time)
        : base(key, limit, replicas) => (_seconds, IsSettled, _time, _had, _untold, _last) = (seconds, isSettled, time, new long[seconds], new long[seconds], (limit, 0));

    /// <inheritdoc/>
    public override long Left => _time.GetTimestamp() < _last.Until ? _last.Left : Limit;

    /// <summary>Whether what was had may turn out to be less than was asked for.</summary>
    internal bool IsSettled { get; }

    internal int Seconds => _seconds;

    /// <summary>Whether there is anything to tell.</summary>
    internal bool HasUntold => _hasUntold || Additions.Count > 0;

    /// <summary>What was settled of what Redis has been told, by its own seconds.</summary>
    internal List<(long Second, long Amount)> Additions { get; } = [];

    private long Now => _time.GetTimestamp() / _time.TimestampFrequency;

    /// <summary>How long it is full for certain, whoever asks.</summary>
    internal TimeSpan FullFor
    {
        get
        {
            var now = _time.GetTimestamp();
            return _fullUntil > now ? _time.GetElapsedTime(now, _fullUntil) : TimeSpan.Zero;
        }
    }

    /// <summary>Whether this replica has had something of it in the last minute.</summary>
    internal bool IsUsed
    {
        get
        {
            Advance();
            return _used != 0;
        }
    }

    /// <summary>Notes what Redis has said.</summary>
    internal void Learn(long left, TimeSpan untilMore, TimeSpan? full)
    {
        var now = _time.GetTimestamp();
        _last = (left, now + (long)(untilMore.TotalSeconds * _time.TimestampFrequency));
        if (full is { } wait && !IsSettled)
        {
            _fullUntil = now + (long)(wait.TotalSeconds * _time.TimestampFrequency);
        }
    }

    /// <summary>Redis has changed, or been lost: what it said is no longer certain.</summary>
    internal void Forget() => _fullUntil = 0;

    /// <summary>Notes what this replica was given.</summary>
    /// <param name="cost">How much.</param>
    /// <param name="isTold">Whether Redis knows.</param>
    /// <returns>The second, on this replica's clock.</returns>
    internal long Take(long cost, bool isTold)
    {
        var now = Advance();
        Add(now, cost, isTold);
        return now;
    }

    /// <summary>Whether there is as much within this replica's share.</summary>
    internal bool Fits(long cost, out TimeSpan wait)
    {
        var now = Advance();
        var missing = _used + Math.Min(cost, Share) - Share;
        wait = missing > 0 ? WaitFor(missing, now) : TimeSpan.Zero;
        return missing <= 0;
    }

    /// <summary>How this replica stands with its share.</summary>
    internal SharedStanding Standing()
    {
        var now = Advance();
        return new(Math.Max(0, Share - _used), _used == 0 ? TimeSpan.Zero : WaitFor(1, now));
    }

    /// <summary>Replaces what was taken by what it came to.</summary>
    internal void Settle(SharedReservation reservation, long taken, long spent)
    {
        var now = Advance();
        var second = spent >= taken ? now : reservation.Own;
        if (second <= now - _seconds)
        {
            return;
        }

        Add(second, spent - taken, isTold: reservation.Second > 0);
        if (reservation.Second > 0)
        {
            // What it came to beyond was spent by now.
            Additions.Add((spent >= taken ? 0 : reservation.Second, spent - taken));
        }
    }

    /// <summary>Redis has forgotten everything.</summary>
    internal void TellAgain()
    {
        Advance();
        Additions.Clear();
        _had.CopyTo(_untold, 0);
        _hasUntold = true;
    }

    /// <summary>Takes what is to be told: by Redis' seconds, or by how many seconds ago from 0 downwards.</summary>
    internal List<(long Second, long Amount)> TakeUntold()
    {
        var now = Advance();
        List<(long, long)> all = [.. Additions];
        Additions.Clear();
        _hasUntold = false;
        for (var second = now - _seconds + 1; second <= now; second++)
        {
            if (second >= 0 && _untold[second % _seconds] is not 0 and var amount)
            {
                all.Add((second - now, amount));
                _untold[second % _seconds] = 0;
            }
        }

        return all;
    }

    /// <summary>What was taken did not arrive, or nobody knows. What was spent is told again: twice is on the safe side.</summary>
    internal void GiveBack(List<(long Second, long Amount)> additions)
    {
        foreach (var (second, amount) in additions)
        {
            if (second > 0)
            {
                Additions.Add((second, amount));
            }
            else if (amount > 0)
            {
                _untold[(Advance() + second) % _seconds] += amount;
                _hasUntold = true;
            }
        }
    }

    private void Add(long second, long amount, bool isTold)
    {
        _had[second % _seconds] += amount;
        _used += amount;
        if (!isTold)
        {
            _untold[second % _seconds] += amount;
            _hasUntold = true;
        }
    }

    private long Advance()
    {
        var now = Now;
        for (var second = Math.Max(_newest + 1, now - _seconds + 1); second <= now; second++)
        {
            _used -= _had[second % _seconds];
            (_had[second % _seconds], _untold[second % _seconds]) = (0, 0);
        }

        return _newest = Math.Max(_newest, now);
    }

    private TimeSpan WaitFor(long missing, long now)
    {
        for (var second = Math.Max(0, now - _seconds + 1); second <= now; second++)
        {
            missing -= _had[second % _seconds];
            if (missing <= 0)
            {
                return TimeSpan.FromSeconds(second + _seconds - now);
            }
        }

        return TimeSpan.FromSeconds(_seconds);
    }
}

/// <summary>How a limit stands.</summary>
/// <param name="Left">What may yet be had now.</param>
/// <param name="UntilMore">Until there is more; zero when all of it is there.</param>
public readonly record struct SharedStanding(long Left, TimeSpan UntilMore);

/// <summary>When something of a window was taken.</summary>
/// <param name="Second">By Redis' clock; 0 when Redis was not asked.</param>
/// <param name="Own">By this replica's.</param>
internal readonly record struct SharedReservation(long Second, long Own);
