namespace MasterX.AiGateway.Providers;

/// <summary>A token that is cancelled when nothing has happened for a while.</summary>
internal sealed class IdleLimit : IDisposable
{
    private readonly TimeSpan _idle;
    private readonly CancellationTokenSource _source;
    private readonly CancellationTokenRegistration _outer;
    private readonly TimeProvider _time;
    private long _restarted;

    public IdleLimit(TimeSpan idle, TimeProvider time, CancellationToken outer)
    {
        _idle = idle;
        _time = time;
        _source = new CancellationTokenSource(idle, time);
        _restarted = time.GetTimestamp();
        _outer = outer.UnsafeRegister(static source => ((CancellationTokenSource)source!).Cancel(), _source);
    }

    public CancellationToken Token => _source.Token;

    /// <summary>Something has happened. Cheap enough for every read: the timer itself is moved only when a tenth of the limit has passed.</summary>
    public void Restart()
    {
        if (_time.GetElapsedTime(_restarted) > _idle / 10)
        {
            _restarted = _time.GetTimestamp();
            _source.CancelAfter(_idle);
        }
    }

    public void Dispose()
    {
        _outer.Dispose();
        _source.Dispose();
    }
}
