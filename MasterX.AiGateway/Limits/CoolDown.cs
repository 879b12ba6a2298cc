using MasterX.AiGateway.Requests;
using MasterX.ServiceDefaults.Sharing;

namespace MasterX.AiGateway.Limits;

/// <summary>
/// A time during which somebody is left alone, and why. It never gets shorter by another failure: the later end counts. Where the provider
/// names no time, each one in a row is twice as long as the last. Where the gateway's replicas share what they know, what one is told all
/// keep to.
/// </summary>
/// <param name="time">Clock.</param>
/// <param name="notes">What the replicas tell each other; <see langword="null"/> when they do not.</param>
/// <param name="name">By which all of them know it.</param>
internal sealed class CoolDown(TimeProvider time, SharedNotes? notes = null, string name = "")
{
    /// <summary>Nobody is left alone for longer on their own word.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(10);

    private readonly Lock _lock = new();
    private long _until;
    private volatile int _inARow;
    private ProviderAnswer? _cause;
    private int _heard;

    /// <summary>How much longer; zero when it is over.</summary>
    public TimeSpan Left
    {
        get
        {
            if (notes is not null && notes.Version != _heard)
            {
                Hear(notes);
            }

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

            var duration = Shorter(told ?? Shorter(verdict.Pause * Math.Pow(2, _inARow - 1), verdict.LongestPause), Longest);
            if (TryExtend(cause, duration))
            {
                notes?.Tell(name, duration, SharedGate.Write(verdict));
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

    /// <summary>Takes over what another replica was told.</summary>
    private void Hear(SharedNotes notes)
    {
        // Read first: what comes in the meantime is another version.
        _heard = notes.Version;
        if (notes.TryFind(name, out var left, out var text) && SharedGate.Read(text) is { } cause)
        {
            lock (_lock)
            {
                TryExtend(cause, Shorter(left, Longest));
            }
        }
    }

    private bool TryExtend(ProviderAnswer cause, TimeSpan duration)
    {
        var until = time.GetTimestamp() + (long)(duration.TotalSeconds * time.TimestampFrequency);
        if (until <= _until)
        {
            return false;
        }

        _cause = cause;
        Volatile.Write(ref _until, until);
        return true;
    }

    private static TimeSpan Shorter(TimeSpan one, TimeSpan other) => one < other ? one : other;
}
