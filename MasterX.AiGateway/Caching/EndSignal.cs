using System.Diagnostics.CodeAnalysis;

namespace MasterX.AiGateway.Caching;

/// <summary>A cancellation that may be told while those it concerns leave by themselves, in whatever order.</summary>
[SuppressMessage(
    "Reliability", "CA1001", Justification = "Without a timer there is nothing to dispose, and disposing would race with telling.")]
internal sealed class EndSignal
{
    private readonly CancellationTokenSource _source = new();

    public CancellationToken Token => _source.Token;

    public void Tell() => _source.Cancel();
}
