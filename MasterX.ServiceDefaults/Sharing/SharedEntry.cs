using System.Threading.Tasks.Sources;

namespace MasterX.ServiceDefaults.Sharing;

/// <summary>One of the limits that a request has to keep.</summary>
/// <param name="Limit">Which.</param>
/// <param name="Cost">How much of it, where it is one per minute; a cost above the whole limit counts as the whole limit.</param>
public readonly record struct SharedLine(SharedLimit Limit, long Cost = 1);

/// <summary>
/// A request's way through its limits: admitted by all of them, which it then has to <see cref="Leave"/>; or refused by one, and then it
/// has cost nothing.
/// </summary>
public sealed class SharedEntry : IValueTaskSource<SharedEntry>
{
    private readonly SharedLimits _limits;
    private readonly SharedStanding[] _standings;
    private ManualResetValueTaskSourceCore<SharedEntry> _done;
    private int _left;

    internal SharedEntry(SharedLimits limits, SharedLine[] lines, long asked)
    {
        (_limits, Lines, Asked) = (limits, lines, asked);
        _standings = new SharedStanding[lines.Length];
        Reservations = new SharedReservation[lines.Length];
    }

    /// <summary>Whether every limit has room for it.</summary>
    public bool IsAdmitted => Refused < 0;

    /// <summary>Index of the first limit that has none; -1 when all have.</summary>
    public int Refused { get; internal set; } = -1;

    /// <summary>When it was refused by a limit per minute: after how long there will be room.</summary>
    public TimeSpan Wait { get; internal set; }

    internal SharedLine[] Lines { get; }

    internal SharedReservation[] Reservations { get; }

    /// <summary>As the clock's timestamp.</summary>
    internal long Asked { get; }

    internal ValueTask<SharedEntry> Task => new(this, _done.Version);

    /// <summary>How a limit stands, now that it was asked.</summary>
    /// <param name="line">Its index.</param>
    public SharedStanding Standing(int line) => _standings[line];

    /// <summary>The call has ended: frees its places. To be called once it was admitted; again it does nothing.</summary>
    /// <param name="settled">Index of the limit of which it turned out what was needed; -1 for none.</param>
    /// <param name="spent">How much that was.</param>
    public void Leave(int settled = -1, long spent = 0)
    {
        if (Interlocked.Exchange(ref _left, 1) == 0)
        {
            _limits.Leave(this, settled, spent);
        }
    }

    internal void Note(int line, SharedStanding standing) => _standings[line] = standing;

    /// <param name="here">Whether the request goes on on this thread.</param>
    internal void Complete(bool here)
    {
        _done.RunContinuationsAsynchronously = !here;
        _done.SetResult(this);
    }

    SharedEntry IValueTaskSource<SharedEntry>.GetResult(short token) => _done.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<SharedEntry>.GetStatus(short token) => _done.GetStatus(token);

    void IValueTaskSource<SharedEntry>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _done.OnCompleted(continuation, state, token, flags);
}
