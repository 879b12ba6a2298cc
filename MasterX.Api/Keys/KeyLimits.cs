namespace MasterX.Api.Keys;

/// <summary>How a key stands with its requests per minute, as its caller is told.</summary>
/// <param name="Limit">Requests per minute.</param>
/// <param name="Remaining">That could be made at once now.</param>
/// <param name="Reset">Seconds until there is one more.</param>
internal sealed record Standing(int Limit, int Remaining, int Reset);

/// <summary>How a request for a place has ended.</summary>
internal enum Admission
{
    /// <summary>It has its place, to be given back.</summary>
    Admitted,

    /// <summary>As many calls as the key may have at once are under way.</summary>
    TooManyAtOnce,

    /// <summary>The minute's requests are used up.</summary>
    TooManyPerMinute,

    /// <summary>Nobody had asked for long, and this object was thrown away a moment ago; another one is to be asked.</summary>
    Gone,
}

/// <summary>
/// Counts the requests of the last minute, in seconds, and the calls at once of one key. The framework's sliding window does not say when its next permit is free, and wants to be
/// moved on from outside; this one is moved on by whoever asks.
/// </summary>
/// <param name="perMinute">1 or more; <see langword="null"/> for no limit.</param>
/// <param name="atOnce">1 or more; <see langword="null"/> for no limit.</param>
internal sealed class KeyLimits(int? perMinute, int? atOnce)
{
    /// <summary>A request counts until the second after the sixtieth: never for less than a minute.</summary>
    private const int Seconds = 61;

    private readonly Lock _lock = new();

    /// <summary>Requests by the second in which they were made, round and round.</summary>
    private readonly int[] _made = perMinute is null ? [] : new int[Seconds];

    private long _now;
    private int _used;
    private int _running;
    private bool _gone;

    /// <param name="second">Of a clock that never goes back.</param>
    /// <param name="standing">Afterwards; <see langword="null"/> without a limit per minute.</param>
    public Admission TryEnter(long second, out Standing? standing)
    {
        lock (_lock)
        {
            if (_gone)
            {
                standing = null;
                return Admission.Gone;
            }

            MoveOn(second);

            // A call that is refused for those at once costs none of the minute's.
            var admission = _running >= atOnce ? Admission.TooManyAtOnce : _used >= perMinute ? Admission.TooManyPerMinute : Admission.Admitted;
            if (admission == Admission.Admitted)
            {
                _running++;
                if (perMinute is not null)
                {
                    _made[_now % Seconds]++;
                    _used++;
                }
            }

            standing = perMinute is { } limit ? new(limit, limit - _used, UntilNext()) : null;
            return admission;
        }
    }

    /// <summary>A call that was let in here was refused elsewhere: it has not been.</summary>
    public void TakeBack()
    {
        lock (_lock)
        {
            _running--;
            for (var ago = 0; ago < _made.Length && _used > 0; ago++)
            {
                // Let in a moment ago: it is among the youngest.
                if (_made[(_now - ago + Seconds) % Seconds] > 0)
                {
                    _made[(_now - ago + Seconds) % Seconds]--;
                    _used--;
                    return;
                }
            }
        }
    }

    /// <summary>A call has ended.</summary>
    public void Leave()
    {
        lock (_lock)
        {
            _running--;
        }
    }

    /// <returns>Whether nothing is counted here any more: then it is not to be asked again.</returns>
    public bool TryRetire(long second)
    {
        lock (_lock)
        {
            MoveOn(second);
            return _gone = _running == 0 && _used == 0;
        }
    }

    private void MoveOn(long second)
    {
        if (_made.Length > 0)
        {
            for (var passed = Math.Max(_now + 1, second - Seconds + 1); passed <= second; passed++)
            {
                _used -= _made[passed % Seconds];
                _made[passed % Seconds] = 0;
            }
        }

        _now = Math.Max(_now, second);
    }

    private int UntilNext()
    {
        for (var wait = 1; wait <= Seconds; wait++)
        {
            // What will be forgotten then is what was made a round before.
            if (_made[(_now + wait) % Seconds] > 0)
            {
                return wait;
            }
        }

        return 0;
    }
}
