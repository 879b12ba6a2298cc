namespace MasterX.AiGateway.Routing;

/// <summary>
/// How fast a candidate has lately answered: an exponentially weighted mean, the newest answer counting for a fifth. Failures are no
/// answers: they do not count as fast ones, but put the candidate behind the others for a while, which doubles with each in a row.
/// </summary>
internal sealed class RecentLatency(TimeProvider time)
{
    private const double NewestShare = 0.2;
    private const int MostInARow = 6;

    private static readonly TimeSpan FirstSetback = TimeSpan.FromSeconds(5);

    private double _milliseconds = -1;
    private long _setBackUntil;
    private volatile int _failuresInARow;

    /// <summary>In milliseconds; negative while nothing is known.</summary>
    public double Value => Volatile.Read(ref _milliseconds);

    /// <summary>Whether it has failed just now; from 5 s for the first failure to some minutes.</summary>
    public bool IsSetBack => _failuresInARow > 0 && time.GetTimestamp() < Volatile.Read(ref _setBackUntil);

    public void Succeeded(TimeSpan elapsed)
    {
        if (_failuresInARow > 0)
        {
            _failuresInARow = 0;
        }

        // Two calls that end at once may lose one of the two; a mean does not mind.
        var before = Value;
        Volatile.Write(ref _milliseconds, before < 0 ? elapsed.TotalMilliseconds : before + NewestShare * (elapsed.TotalMilliseconds - before));
    }

    public void Failed()
    {
        var failures = _failuresInARow = Math.Min(_failuresInARow + 1, MostInARow);
        var setback = FirstSetback * Math.Pow(2, failures - 1);
        Volatile.Write(ref _setBackUntil, time.GetTimestamp() + (long)(setback.TotalSeconds * time.TimestampFrequency));
    }
}
