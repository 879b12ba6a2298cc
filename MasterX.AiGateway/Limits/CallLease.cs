using System.Threading.RateLimiting;
using MasterX.AiGateway.Telemetry;
using MasterX.ServiceDefaults.Sharing;

namespace MasterX.AiGateway.Limits;

/// <summary>A call's place among those at once, and the tokens reserved for it, until it has ended.</summary>
internal abstract class CallLease : IDisposable
{
    private TokenUsage? _spent;

    /// <summary>What the call cost; a call that ends without it has cost nothing.</summary>
    public void Spend(TokenUsage? usage) => _spent = usage ?? _spent;

    public void Dispose() => End(_spent is { } usage ? (long)usage.Input + usage.Output : 0);

    /// <param name="spent">Tokens.</param>
    protected abstract void End(long spent);
}

/// <summary>Where this process counts for itself.</summary>
internal sealed class LocalCallLease(RateLimitLease? place, SlidingMinute? window, MinuteReservation reservation) : CallLease
{
    protected override void End(long spent)
    {
        place?.Dispose();
        window?.Settle(reservation, spent);
    }
}

/// <summary>Where all replicas count together.</summary>
/// <param name="entry">Was admitted.</param>
/// <param name="tokens">Index of its tokens among its limits; -1 for none.</param>
internal sealed class SharedCallLease(SharedEntry entry, int tokens) : CallLease
{
    protected override void End(long spent) => entry.Leave(tokens, spent);
}
