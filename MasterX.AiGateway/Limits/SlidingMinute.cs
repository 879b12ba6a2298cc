namespace MasterX.AiGateway.Limits;

/// <summary>
/// Calls or tokens per sliding minute. Own code, because the limiters of <c>System.Threading.RateLimiting</c> take a cost that is known before the call, and what a call
/// costs is known after its answer: here a call reserves an estimate, and settles it with what the provider counted. What calls under way will yet cost is
/// not known to anyone, so a minute may end above its limit by their answers; the next calls wait until that has passed. And because their sliding window asks
/// who is refused to wait for a whole minute, and keeps a clock of its own: this one knows, to the second, when there will be room.
/// </summary>
/// <param name="limit">Calls or tokens in any 60 s; more than 0.</param>
/// <param name="time">Clock.</param>
internal sealed class SlidingMinute(long limit, TimeProvider time)
{
    private const int Seconds = 60;

    private readonly Lock _lock = new();
    private readonly long[] _bySecond = new long[Seconds];
    private long _used;
    private long _newest = long.MinValue;

    /// <summary>Tokens that may still be reserved now.</summary>
    public long Left
    {
        get
        {
            lock (_lock)
            {
                Advance();
                return Math.Max(0, limit - _used);
            }
        }
    }

    /// <param name="tokens">An estimate. One above the whole limit is reserved as the whole limit: it waits for an idle minute, not for ever.</param>
    /// <param name="reservation">What was reserved, to be settled.</param>
    /// <param name="wait">After which so many will be free, when they are not.</param>
    public bool TryReserve(long tokens, out MinuteReservation reservation, out TimeSpan wait)
    {
        tokens = Math.Clamp(tokens, 1, limit);
        lock (_lock)
        {
            var now = Advance();
            if (_used + tokens > limit)
            {
                (reservation, wait) = (default, WaitFor(_used + tokens - limit, now));
                return false;
            }

            Add(now, tokens);
            (reservation, wait) = (new(now, tokens), TimeSpan.Zero);
            return true;
        }
    }

    /// <summary>Replaces the estimate by what was spent; 0 when the call came to nothing.</summary>
    public void Settle(MinuteReservation reservation, long spent)
    {
        lock (_lock)
        {
            var now = Advance();
            if (spent >= reservation.Tokens)
            {
                // What an answer cost beyond the estimate was spent by now, not when the call began.
                Add(now, spent - reservation.Tokens);
            }
            else if (reservation.Second > now - Seconds)
            {
                Add(reservation.Second, spent - reservation.Tokens);
            }
        }
    }

    private void Add(long second, long tokens)
    {
        _bySecond[second % Seconds] += tokens;
        _used += tokens;
    }

    /// <summary>Forgets the seconds that are a minute old.</summary>
    private long Advance()
    {
        var now = time.GetTimestamp() / time.TimestampFrequency;
        for (var second = Math.Max(_newest + 1, now - Seconds + 1); second <= now; second++)
        {
            _used -= _bySecond[second % Seconds];
            _bySecond[second % Seconds] = 0;
        }

        _newest = Math.Max(_newest, now);
        return _newest;
    }

    private TimeSpan WaitFor(long tokens, long now)
    {
        for (var second = now - Seconds + 1; second <= now; second++)
        {
            tokens -= second < 0 ? 0 : _bySecond[second % Seconds];
            if (tokens <= 0)
            {
                return TimeSpan.FromSeconds(second + Seconds - now);
            }
        }

        return TimeSpan.FromSeconds(Seconds);
    }
}

/// <summary>Tokens reserved for a call.</summary>
/// <param name="Second">When, on the window's clock.</param>
/// <param name="Tokens">How many; 0 when none were.</param>
internal readonly record struct MinuteReservation(long Second, long Tokens);
