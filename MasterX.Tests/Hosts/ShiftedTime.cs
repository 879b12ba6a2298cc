namespace MasterX.Tests.Hosts;

/// <summary>The machine's time, some time later: what waits for a minute to pass need not. Timers run as ever.</summary>
internal sealed class ShiftedTime : TimeProvider
{
    private long _ticks;

    public void Advance(TimeSpan time) => Interlocked.Add(ref _ticks, time.Ticks);

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow().AddTicks(Volatile.Read(ref _ticks));

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => (long)(base.GetTimestamp() * ((double)TimeSpan.TicksPerSecond / base.TimestampFrequency)) + Volatile.Read(ref _ticks);
}
