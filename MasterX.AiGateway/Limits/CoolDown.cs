namespace MasterX.AiGateway.Limits;

/// <summary>A time during which somebody is left alone.</summary>
internal sealed class CoolDown(TimeProvider time)
{
    /// <summary>Nobody is left alone for longer on their own word.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(10);

    private long _until;

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

    /// <summary>Begins anew; 10 min at most.</summary>
    public void Begin(TimeSpan duration) =>
        Volatile.Write(ref _until, time.GetTimestamp() + (long)((duration < Longest ? duration : Longest).TotalSeconds * time.TimestampFrequency));
}
