namespace MasterX.AiGateway.Caching;

/// <summary>
/// One caller's place in a <see cref="StreamRecording"/>. All but <see cref="IsFirst"/> and <see cref="CutOff"/> is the recording's own.
/// </summary>
/// <param name="isFirst">Whether the recording is made for this caller, who is told what it cost.</param>
/// <param name="at">The part before the first it will be given.</param>
internal sealed class StreamFollower(bool isFirst, RecordedPart at)
{
    private readonly EndSignal _cutOff = new();

    public bool IsFirst { get; } = isFirst;

    /// <summary>Cancelled when the recording goes on without this caller, who is too far behind the others.</summary>
    public CancellationToken CutOff => _cutOff.Token;

    public bool KnowsAuthor { get; set; }

    /// <summary>The last part it was given.</summary>
    public RecordedPart At { get; set; } = at;

    /// <summary>Bytes it was given, all together.</summary>
    public long Given { get; set; }

    /// <summary>Whether it has written everything it was given, and waits for more.</summary>
    public bool IsWaiting { get; set; }

    public void BeCutOff() => _cutOff.Tell();
}

/// <summary>Events of a recording, which know what comes after them: what nobody has still to be given is held by nobody.</summary>
internal sealed class RecordedPart(byte[] events)
{
    public byte[] Events { get; } = events;

    public RecordedPart? Next { get; set; }
}
