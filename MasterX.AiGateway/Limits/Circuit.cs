using MasterX.AiGateway.Providers;
using MasterX.AiGateway.Providers.Classification;

namespace MasterX.AiGateway.Limits;

/// <summary>
/// A circuit breaker that is told how calls have ended. Own code, because Polly's executes the calls it counts, and what counts here is
/// known elsewhere and later: a stream ends long after its call, a hedge that was given up may have hung.
/// <code>
///  closed ── as many calls as MinimumThroughput in SamplingDuration, FailureRatio of them failed ──► open
///  open ── BreakDuration is over, somebody asks ──► half open: that call is let through as a probe, and no other
///  half open ── the probe succeeds ──► closed     ── it fails ──► open     ── nobody knows ──► the next call is the probe
/// </code>
/// </summary>
internal sealed class Circuit(CircuitOptions options, TimeProvider time)
{
    /// <summary>The window is as long as the sampling, and moves on by a tenth of it.</summary>
    private const int Slices = 10;

    /// <summary>When the end of a probe under way may be expected, nobody knows; this is when asking again is worth it.</summary>
    private static readonly TimeSpan ProbeWait = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly Slice[] _window = new Slice[Slices];
    private readonly long _sliceLength = Math.Max(1, (long)(options.SamplingDuration.TotalSeconds * time.TimestampFrequency) / Slices);
    private volatile bool _isOpen;
    private volatile bool _isProbing;
    private long _breakEnds;

    /// <summary><c>closed</c>, <c>open</c>, <c>half_open</c>.</summary>
    public string State => !_isOpen ? "closed" : _isProbing ? "half_open" : "open";

    /// <summary>Asks for a call to be let through.</summary>
    /// <param name="isProbe">
    /// Whether it is the one call by which an open circuit tries whether it can close. Its end has to be told by <see cref="Report"/>.
    /// </param>
    /// <param name="wait">When it is not let through, after how long it may be.</param>
    public bool TryEnter(out bool isProbe, out TimeSpan wait)
    {
        (isProbe, wait) = (false, TimeSpan.Zero);
        if (!_isOpen)
        {
            return true;
        }

        lock (_lock)
        {
            var now = time.GetTimestamp();
            if (_isOpen && now >= _breakEnds && !_isProbing)
            {
                return isProbe = _isProbing = true;
            }

            wait = !_isOpen || _isProbing ? ProbeWait : time.GetElapsedTime(now, _breakEnds);
            return !_isOpen;
        }
    }

    /// <summary>Tells how a call ended that was let through.</summary>
    public void Report(CircuitSignal signal, bool isProbe = false)
    {
        if (signal == CircuitSignal.Nothing && !isProbe)
        {
            return;
        }

        lock (_lock)
        {
            if (!_isOpen)
            {
                Count(signal);
                return;
            }

            _isProbing &= !isProbe;
            if (signal == CircuitSignal.Failed && (isProbe || (!_isProbing && time.GetTimestamp() >= _breakEnds)))
            {
                // A probe; or a call that was given up as one, and turned out to have hung.
                Open();
            }
            else if (signal == CircuitSignal.Healthy && isProbe)
            {
                _isOpen = false;
                Array.Clear(_window);
            }
        }
    }

    private void Open()
    {
        _breakEnds = time.GetTimestamp() + (long)(options.BreakDuration.TotalSeconds * time.TimestampFrequency);
        _isOpen = true;
    }

    private void Count(CircuitSignal signal)
    {
        if (signal == CircuitSignal.Nothing)
        {
            return;
        }

        var current = time.GetTimestamp() / _sliceLength;
        ref var slice = ref _window[current % Slices];
        if (slice.Number != current)
        {
            slice = new Slice { Number = current };
        }

        slice.Calls++;
        if (signal == CircuitSignal.Failed)
        {
            slice.Failures++;
            var (calls, failures) = (0, 0);
            foreach (var one in _window)
            {
                (calls, failures) = one.Number > current - Slices ? (calls + one.Calls, failures + one.Failures) : (calls, failures);
            }

            if (calls >= options.MinimumThroughput && failures >= options.FailureRatio * calls)
            {
                Open();
            }
        }
    }

    private struct Slice
    {
        public long Number;
        public int Calls;
        public int Failures;
    }
}
