using System.Threading.RateLimiting;
using MasterX.AiGateway.Chat;
using MasterX.AiGateway.Providers;
using Polly;
using Polly.CircuitBreaker;

namespace MasterX.AiGateway.Limits;

/// <summary>
/// Decides whether a provider may be called now: not while it cools down, not while its circuit is open, not beyond its calls at once or per minute.
/// Nothing is ever queued: a candidate that may not be called is skipped.
/// </summary>
internal sealed class ProviderGate : IDisposable
{
    /// <summary>After a refused key: long enough not to hammer, short enough to notice a new one.</summary>
    private static readonly TimeSpan KeyRefusedPause = TimeSpan.FromSeconds(30);

    /// <summary>After a 429 that does not say for how long.</summary>
    private static readonly TimeSpan DefaultLimitedPause = TimeSpan.FromSeconds(1);

    /// <summary>No provider is left alone for longer than this on its own word.</summary>
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(10);

    private readonly TimeProvider _time;
    private readonly SlidingWindowRateLimiter? _requests;
    private readonly ConcurrencyLimiter? _concurrency;
    private readonly CircuitBreakerStateProvider _circuitState = new();
    private readonly ResiliencePipeline<ProviderAnswer> _circuit;
    private long _coolUntil;

    public ProviderGate(ProviderOptions options, TimeProvider time)
    {
        _time = time;
        _requests = options.RequestsPerMinute == 0 ? null : new SlidingWindowRateLimiter(new SlidingWindowRateLimiterOptions
        {
            PermitLimit = options.RequestsPerMinute,
            Window = TimeSpan.FromMinutes(1),
            SegmentsPerWindow = 60,
            QueueLimit = 0,
            AutoReplenishment = true,
        });
        _concurrency = options.MaxConcurrency == 0 ? null : new ConcurrencyLimiter(new ConcurrencyLimiterOptions
        {
            PermitLimit = options.MaxConcurrency,
            QueueLimit = 0,
        });
        _circuit = new ResiliencePipelineBuilder<ProviderAnswer> { TimeProvider = time }
            .AddCircuitBreaker(new CircuitBreakerStrategyOptions<ProviderAnswer>
            {
                FailureRatio = options.Circuit.FailureRatio,
                MinimumThroughput = options.Circuit.MinimumThroughput,
                SamplingDuration = options.Circuit.SamplingDuration,
                BreakDuration = options.Circuit.BreakDuration,
                StateProvider = _circuitState,
                ShouldHandle = static arguments => ValueTask.FromResult(arguments.Outcome.Result?.Outcome.IsFailure() == true),
            })
            .Build();
    }

    /// <summary><c>closed</c>, <c>open</c>, <c>half_open</c>.</summary>
    public string CircuitName => _circuitState.CircuitState switch
    {
        CircuitState.Open or CircuitState.Isolated => "open",
        CircuitState.HalfOpen => "half_open",
        _ => "closed",
    };

    /// <summary>Calls left in this minute; <see langword="null"/> for no limit.</summary>
    public long? RequestsLeft => _requests?.GetStatistics()?.CurrentAvailablePermits;

    /// <summary>How long the provider is still left alone; zero when it is not.</summary>
    public TimeSpan CoolingFor
    {
        get
        {
            var until = Volatile.Read(ref _coolUntil);
            var now = _time.GetTimestamp();
            return until > now ? _time.GetElapsedTime(now, until) : TimeSpan.Zero;
        }
    }

    /// <summary>Calls the provider if it may be called.</summary>
    /// <typeparam name="TState">Whatever the call needs.</typeparam>
    /// <returns>The call's answer; or one that says why the provider was skipped, with the wait after which it would not be.</returns>
    public async ValueTask<ProviderAnswer> TryCallAsync<TState>(Func<TState, CancellationToken, Task<ProviderAnswer>> call, TState state, CancellationToken cancellationToken)
    {
        if (CoolingFor is var cooling && cooling > TimeSpan.Zero)
        {
            return new ProviderAnswer { Outcome = AttemptOutcome.CoolingDown, RetryAfter = cooling };
        }

        var place = _concurrency?.AttemptAcquire();
        if (place is { IsAcquired: false })
        {
            return new ProviderAnswer { Outcome = AttemptOutcome.ConcurrencyLimited, RetryAfter = DefaultLimitedPause };
        }

        try
        {
            ProviderAnswer answer;
            if (_circuitState.CircuitState == CircuitState.Closed)
            {
                // The common case is spared an execution within the breaker, with its state machines: the outcome is counted afterwards.
                if (TakeRequest() is { } refused)
                {
                    return refused;
                }

                answer = await call(state, cancellationToken);
                await CountAsync(answer);
            }
            else if (RequestsLeft == 0)
            {
                // Said before the breaker is asked: a refusal of our own must not pass for the probe's success.
                return AtRequestLimit(TimeSpan.FromSeconds(1));
            }
            else
            {
                answer = await ProbeAsync(call, state, cancellationToken);
            }

            Learn(answer);
            if (answer.Stream is { } stream)
            {
                // The call goes on for as long as its stream is open.
                stream.Keep(place);
                place = null;
            }

            return answer;
        }
        finally
        {
            place?.Dispose();
        }
    }

    /// <summary>Counts a failure that came after the call was taken for a success: a stream that broke off.</summary>
    public ValueTask ReportAsync(AttemptOutcome failure) => CountAsync(new ProviderAnswer { Outcome = failure });

    public void Dispose()
    {
        _requests?.Dispose();
        _concurrency?.Dispose();
    }

    /// <summary>While the circuit is not closed it is the breaker that decides: nobody is let through, or one call as a probe.</summary>
    private async ValueTask<ProviderAnswer> ProbeAsync<TState>(Func<TState, CancellationToken, Task<ProviderAnswer>> call, TState state, CancellationToken cancellationToken)
    {
        var context = ResilienceContextPool.Shared.Get(cancellationToken);
        try
        {
            var outcome = await _circuit.ExecuteOutcomeAsync(
                static async (context, arguments) =>
                    // The permit is taken within the circuit, so that a call an open circuit refuses does not cost one.
                    Outcome.FromResult(arguments.gate.TakeRequest() ?? await arguments.call(arguments.state, context.CancellationToken)),
                context,
                (gate: this, call, state));
            switch (outcome.Exception)
            {
                case null:
                    return outcome.Result!;
                case BrokenCircuitException open:
                    return new ProviderAnswer { Outcome = AttemptOutcome.CircuitOpen, RetryAfter = open.RetryAfter };
                default:
                    outcome.ThrowIfException();
                    throw outcome.Exception;
            }
        }
        finally
        {
            ResilienceContextPool.Shared.Return(context);
        }
    }

    /// <summary>
    /// Polly's breaker counts what it executes; so it executes something that has happened already. An open circuit whose break is over may take it for its
    /// probe, which it is as good as: the provider has just answered, or failed.
    /// </summary>
    private async ValueTask CountAsync(ProviderAnswer answer)
    {
        var context = ResilienceContextPool.Shared.Get(CancellationToken.None);
        await _circuit.ExecuteOutcomeAsync(static (_, answer) => new ValueTask<Outcome<ProviderAnswer>>(Outcome.FromResult(answer)), context, answer);
        ResilienceContextPool.Shared.Return(context);
    }

    private ProviderAnswer? TakeRequest()
    {
        if (_requests is null)
        {
            return null;
        }

        using var permit = _requests.AttemptAcquire();
        return permit.IsAcquired
            ? null
            : AtRequestLimit(permit.TryGetMetadata(MetadataName.RetryAfter, out var wait) ? wait : TimeSpan.FromMinutes(1));
    }

    private static ProviderAnswer AtRequestLimit(TimeSpan wait) => new() { Outcome = AttemptOutcome.RateLimited, RetryAfter = wait };

    private void Learn(ProviderAnswer answer)
    {
        TimeSpan? pause = answer.Outcome switch
        {
            AttemptOutcome.ProviderLimited => answer.RetryAfter ?? DefaultLimitedPause,
            AttemptOutcome.ProviderFailed => answer.RetryAfter,
            AttemptOutcome.KeyRefused => KeyRefusedPause,
            _ => null,
        };
        if (pause is { } duration)
        {
            if (duration > LongestPause)
            {
                duration = LongestPause;
            }

            var until = _time.GetTimestamp() + (long)(duration.TotalSeconds * _time.TimestampFrequency);
            Interlocked.Exchange(ref _coolUntil, until);
        }
    }
}
