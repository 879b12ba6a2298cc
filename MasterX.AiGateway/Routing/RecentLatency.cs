namespace MasterX.AiGateway.Routing;

/// <summary>How fast a candidate has lately answered: an exponentially weighted mean, the newest answer counting for a fifth.</summary>
internal sealed class RecentLatency
{
    private const double NewestShare = 0.2;

    private double _milliseconds = -1;

    /// <summary>In milliseconds; negative while nothing is known. A failed call counts with the time it took; its circuit keeps a fast failure from being chosen for long.</summary>
    public double Value => Volatile.Read(ref _milliseconds);

    public void Add(TimeSpan elapsed)
    {
        // Two calls that end at once may lose one of the two; a mean does not mind.
        var before = Value;
        Volatile.Write(ref _milliseconds, before < 0 ? elapsed.TotalMilliseconds : before + NewestShare * (elapsed.TotalMilliseconds - before));
    }
}
