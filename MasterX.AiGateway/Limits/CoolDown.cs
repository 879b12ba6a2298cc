using MasterX.AiGateway.Requests;

namespace MasterX.AiGateway.Limits;

/// <summary>
/// A time during which somebody is left alone, and why. It never gets shorter by another failure: the later end counts. Where the provider
/// names no time, each one in a row is twice as long as the last.
/// </summary>
internal sealed class CoolDown(TimeProvider time)
{
    /// <summary>Nobody is left alone for longer on their own word.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(10);

    private readonly Lock _lock = new();
    private long _until;
    private volatile int _inARow;
    private ProviderAnswer? _cause;

    /// <summary>How much longer; zero when it is over.</summary>
    public TimeSpan Left
    {
        get
        {
            var until = Volatile.Read(ref _until);
            if (until == 0)
            {
                return TimeSpan.Zero;
            }

            var now = time.GetTimestamp();
            return until > now ? time.GetElapsedTime(now, until) : TimeSpan.Zero;
        }
    }

    /// <summary>The answer for whoever asks in the meantime: what the one was told who brought it about, with the time left.</summary>
    /// <returns><see langword="null"/> when it is over.</returns>
    public ProviderAnswer? Skip()
    {
        var left = Left;
        if (left == TimeSpan.Zero)
        {
            return null;
        }

        lock (_lock)
        {
            return new ProviderAnswer { Verdict = _cause!.Verdict.WhileCooling(), Error = _cause.Error, Wait = left };
        }
    }

    /// <summary>Begins, or goes on for longer.</summary>
    /// <param name="cause">The answer that brought it about.</param>
    /// <param name="told">How long the provider says; 10 min at most are believed.</param>
    public void Begin(ProviderAnswer cause, TimeSpan? told)
    {
        lock (_lock)
        {
            var verdict = cause.Verdict;
            if (told is null && (_inARow == 0 || Left == TimeSpan.Zero))
            {
                // Failures of calls that were under way together count as one.
                _inARow = Math.Min(_inARow + 1, 20);
            }

            var duration = told ?? Shorter(verdict.Pause * Math.Pow(2, _inARow - 1), verdict.LongestPause);
            var until = time.GetTimestamp() + (long)(Shorter(duration, Longest).TotalSeconds * time.TimestampFrequency);
            if (until > _until)
            {
                _cause = cause;
                Volatile.Write(ref _until, until);
            }
        }
    }

    /// <summary>
    /// A call has succeeded: the next pause is as long as the first was. One under way is not cut short by a call that began before it.
    /// </summary>
    public void Succeeded()
    {
        if (_inARow > 0 && Left == TimeSpan.Zero)
        {
            _inARow = 0;
        }
    }

    private static TimeSpan Shorter(TimeSpan one, TimeSpan other) => one < other ? one : other;
}
