using MasterX.AiGateway.Calls;
using MasterX.AiGateway.Providers;
using MasterX.AiGateway.Requests;
using MasterX.AiGateway.Routing;

namespace MasterX.AiGateway.Streaming;

/// <summary>Those a stream is given to: its one caller, or a recording that several follow.</summary>
internal abstract class StreamAudience
{
    /// <summary>Cancelled when nobody is left.</summary>
    public abstract CancellationToken Gone { get; }

    /// <summary>Tells who answers. The first events follow.</summary>
    public abstract void Begin(Candidate candidate, IReadOnlyList<Attempt> attempts, ProviderHeaders headers);

    /// <summary>Tells who goes on with a stream that broke off.</summary>
    public abstract void GoOn(Candidate candidate, ProviderHeaders headers);

    /// <param name="events">Whole events, lent until it returns.</param>
    /// <param name="cancellationToken">Ends the waiting for those who are slow.</param>
    public abstract ValueTask WriteAsync(ReadOnlyMemory<byte> events, CancellationToken cancellationToken);

    /// <summary>The stream is whole.</summary>
    /// <param name="bill">What it cost.</param>
    /// <param name="frames">Writes the end mark.</param>
    /// <param name="last">The last events before it; more may be added.</param>
    /// <param name="cancellationToken">Ends the waiting for those who are slow.</param>
    public abstract ValueTask EndAsync(Bill bill, StreamFrames frames, PooledBuffer last, CancellationToken cancellationToken);

    /// <summary>
    /// Ends a stream that has begun with an error event; the end mark is left out, so that nobody takes the answer for whole.
    /// </summary>
    public abstract Task BreakOffAsync(string message, string code);

    /// <summary>Ends a stream that has not begun, because the gateway goes down.</summary>
    public abstract Task RefuseAsync();
}
