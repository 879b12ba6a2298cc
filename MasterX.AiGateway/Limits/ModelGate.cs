using MasterX.AiGateway.Requests;
using MasterX.AiGateway.Telemetry;
using MasterX.AiGateway.Providers;
using Polly;
using Polly.CircuitBreaker;

namespace MasterX.AiGateway.Limits;

/// <summary>
/// Decides whether a model of a provider may be called now: not while it or its provider cools down, not while its circuit is open, not beyond its provider's
/// limits. Circuits and cool-downs are a model's own, as providers limit and lose their models one by one; the limits are the provider's.
/// </summary>
internal sealed class ModelGate
{
    /// <summary>After a refused key: long enough not to hammer, short enough to notice a new one.</summary>
    private static readonly TimeSpan KeyRefusedPause = TimeSpan.FromSeconds(30);

    /// <summary>After a 429 that does not say for how long.</summary>
    private static readonly TimeSpan DefaultLimitedPause = TimeSpan.FromSeconds(1);

    private readonly ProviderLimits _limits;
    private readonly CoolDown _coolDown;
    private readonly CircuitBreakerStateProvider _circuitState = new();
    private readonly ResiliencePipeline<ProviderAnswer> _circuit;

    public ModelGate(ProviderLimits limits, CircuitOptions circuit, TimeProvider time)
    {
        (_limits, _coolDown) = (limits, new CoolDown(time));
        _circuit = new ResiliencePipelineBuilder<ProviderAnswer> { TimeProvider = time }
            .AddCircuitBreaker(new CircuitBreakerStrategyOptions<ProviderAnswer>
            {
                FailureRatio = circuit.FailureRatio,
                MinimumThroughput = circuit.MinimumThroughput,
                SamplingDuration = circuit.SamplingDuration,
                BreakDuration = circuit.BreakDuration,
                StateProvider = _circuitState,

                // A probe whose caller left, or that was never sent, has proved nothing: it must not close the circuit.
                ShouldHandle = static arguments => ValueTask.FromResult(
                    arguments.Outcome.Exception is OperationCanceledException || arguments.Outcome.Result is { } answer && (answer.Outcome.IsFailure() || answer.WasNotSent)),
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

    /// <summary>How long the model is still left alone; zero when it is not.</summary>
    public TimeSpan CoolingFor => _coolDown.Left;

    /// <summary>Whether calls are let through, as far as circuit and cool-downs go.</summary>
    public bool IsAvailable => CircuitName != "open" && CoolingFor == TimeSpan.Zero;

    /// <summary>Calls the provider if it may be called.</summary>
    /// <typeparam name="TState">Whatever the call needs.</typeparam>
    /// <param name="estimatedTokens">Of the request.</param>
    /// <param name="call">The call.</param>
    /// <param name="state">Handed to it.</param>
    /// <param name="cancellationToken">Handed to it.</param>
    /// <returns>The call's answer; or one that says why the provider was skipped, with the wait after which it would not be.</returns>
    public async ValueTask<ProviderAnswer> TryCallAsync<TState>(
        int estimatedTokens, Func<TState, CancellationToken, Task<ProviderAnswer>> call, TState state, CancellationToken cancellationToken)
    {
        if (Longer(_coolDown.Left, _limits.KeyRefused.Left) is var cooling && cooling > TimeSpan.Zero)
        {
            return new ProviderAnswer { Outcome = AttemptOutcome.CoolingDown, Wait = cooling };
        }

        if (_limits.TryEnter(estimatedTokens, out var lease) is { } full)
        {
            return full;
        }

        try
        {
            ProviderAnswer answer;
            if (_circuitState.CircuitState == CircuitState.Closed)
            {
                // The common case is spared an execution within the breaker, with its state machines: the outcome is counted afterwards.
                if (_limits.TakeRequest() is { } refused)
                {
                    return refused;
                }

                answer = await call(state, cancellationToken);
                await CountAsync(answer);
            }
            else if (_limits.RequestsLeft == 0)
            {
                // Said before the breaker is asked: a refusal of our own must not pass for the probe's success.
                return ProviderLimits.AtRequestLimit(TimeSpan.FromSeconds(1));
            }
            else
            {
                answer = await ProbeAsync(call, state, cancellationToken);
            }

            Learn(answer);
            if (lease is not null)
            {
                lease.Spend(answer.Usage);
                if (answer.Stream is { } stream)
                {
                    // The call goes on for as long as its stream is open.
                    stream.Keep(lease);
                    lease = null;
                }
            }

            return answer;
        }
        catch (OperationCanceledException)
        {
            // Given up by us, not by the provider, who has read the request by then and charges for it.
            lease?.Spend(new TokenUsage(estimatedTokens, 0, 0));
            throw;
        }
        finally
        {
            lease?.Dispose();
        }
    }

    /// <summary>Counts a failure that came after the call was taken for a success: a stream that broke off.</summary>
    public ValueTask ReportAsync(AttemptOutcome failure) => CountAsync(new ProviderAnswer { Outcome = failure });

    /// <summary>While the circuit is not closed it is the breaker that decides: nobody is let through, or one call as a probe.</summary>
    private async ValueTask<ProviderAnswer> ProbeAsync<TState>(Func<TState, CancellationToken, Task<ProviderAnswer>> call, TState state, CancellationToken cancellationToken)
    {
        var context = ResilienceContextPool.Shared.Get(cancellationToken);
        try
        {
            var outcome = await _circuit.ExecuteOutcomeAsync(
                static async (context, arguments) =>
                {
                    try
                    {
                        // The permit is taken within the circuit, so that a call an open circuit refuses does not cost one.
                        return Outcome.FromResult(arguments.gate._limits.TakeRequest() ?? await arguments.call(arguments.state, context.CancellationToken));
                    }
                    catch (OperationCanceledException left)
                    {
                        // The breaker sees outcomes only; thrown past it, this would leave the probe's place taken.
                        return Outcome.FromException<ProviderAnswer>(left);
                    }
                },
                context,
                (gate: this, call, state));
            switch (outcome.Exception)
            {
                case null:
                    return outcome.Result!;
                case BrokenCircuitException open:
                    return new ProviderAnswer { Outcome = AttemptOutcome.CircuitOpen, Wait = open.RetryAfter };
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
    /// probe, which it is as good as: the provider has just answered, or failed. What was not sent says nothing, and is not counted.
    /// </summary>
    private async ValueTask CountAsync(ProviderAnswer answer)
    {
        if (answer.WasNotSent)
        {
            return;
        }

        var context = ResilienceContextPool.Shared.Get(CancellationToken.None);
        await _circuit.ExecuteOutcomeAsync(static (_, answer) => new ValueTask<Outcome<ProviderAnswer>>(Outcome.FromResult(answer)), context, answer);
        ResilienceContextPool.Shared.Return(context);
    }

    private void Learn(ProviderAnswer answer)
    {
        switch (answer.Outcome)
        {
            case AttemptOutcome.KeyRefused:
                _limits.KeyRefused.Begin(KeyRefusedPause);
                break;
            case AttemptOutcome.ProviderLimited:
                _coolDown.Begin(answer.RetryAfter ?? answer.Headers.Pause ?? DefaultLimitedPause);
                break;
            case AttemptOutcome.ProviderFailed when answer.RetryAfter is { } wait:
                _coolDown.Begin(wait);
                break;
            default:
                if (answer.Headers.Pause is { } exhausted)
                {
                    _coolDown.Begin(exhausted);
                }

                break;
        }
    }

    private static TimeSpan Longer(TimeSpan one, TimeSpan other) => one > other ? one : other;
}
