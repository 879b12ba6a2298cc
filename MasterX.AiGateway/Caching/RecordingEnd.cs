using MasterX.AiGateway.Calls;
using MasterX.AiGateway.Providers;
using MasterX.AiGateway.Requests;
using MasterX.AiGateway.Routing;

namespace MasterX.AiGateway.Caching;

/// <summary>
/// Who answers a stream that is recorded, and after which attempts: what its first caller is told before the first event.
/// </summary>
internal sealed record RecordingAuthor(Candidate Candidate, IReadOnlyList<Attempt> Attempts, ProviderHeaders Headers);

/// <summary>
/// How a recorded stream ended: well, with its <see cref="Mark"/>; broken off, with an <see cref="Error"/>; or before it had begun.
/// </summary>
internal sealed record RecordingEnd
{
    /// <summary>The end mark of one that ended well.</summary>
    public byte[] Mark { get; init; } = [];

    /// <summary>What it cost, of one that ended well.</summary>
    public Bill? Bill { get; init; }

    /// <summary>All attempts it took, those behind its beginning too.</summary>
    public IReadOnlyList<Attempt> Attempts { get; init; } = [];

    /// <summary>Who went on with it last where it had broken off, and what was left out of the requests for the rest.</summary>
    public (Candidate Candidate, IReadOnlyList<string>? Ignored)? Last { get; init; }

    /// <summary>Whether some of it is missing, or all: held back, cut short by a limit of tokens, or empty.</summary>
    public bool Incomplete { get; init; }

    /// <summary>Of one that broke off: the message and code of the error event.</summary>
    public (string Message, string Code)? Error { get; init; }

    /// <summary>Of one that never began.</summary>
    public ModelResult? Failure { get; init; }

    /// <summary>It was not made at all: another one like it was kept meanwhile.</summary>
    public KeptStream? Kept { get; init; }

    /// <summary>The gateway went down before it had begun.</summary>
    public bool IsShutdown { get; init; }

    /// <summary>A fault of the gateway's own ended it.</summary>
    public Exception? Fault { get; init; }
}

/// <summary>What comes next in a recording: who answers, or events, or the end.</summary>
internal readonly record struct RecordingNews(RecordingAuthor? Author, ReadOnlyMemory<byte> Events, RecordingEnd? End);
