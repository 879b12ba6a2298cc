using MasterX.AiGateway.Providers;
using MasterX.AiGateway.Providers.Classification;
using MasterX.AiGateway.Requests;
using MasterX.AiGateway.Telemetry;

namespace MasterX.AiGateway.Limits;

/// <summary>
/// Decides whether a model of a provider may be called now: not while it or its provider cools down, not while its circuit is open, not
/// beyond its provider's limits; and learns from every answer's <see cref="Verdict"/>. Circuits are a model's own, as providers lose their
/// models one by one; a cool-down is the model's, the key's or the provider's, as the verdict says; the limits are the provider's.
/// </summary>
internal sealed class ModelGate(ProviderLimits limits, CircuitOptions circuit, TimeProvider time)
{
    private readonly CoolDown _coolDown = new(time);
    private readonly Circuit _circuit = new(circuit, time);

    /// <summary><c>closed</c>, <c>open</c>, <c>half_open</c>.</summary>
    public string CircuitName => _circuit.State;

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
        if ((limits.Skip() ?? _coolDown.Skip()) is { } cooling)
        {
            return cooling;
        }

        if (!_circuit.TryEnter(out var isProbe, out var wait))
        {
            return new ProviderAnswer { Verdict = Verdicts.CircuitOpen, Wait = wait };
        }

        // What is known of the call when this ends: nothing, when a limit of our own refused it or its caller left.
        var signal = CircuitSignal.Nothing;
        CallLease? lease = null;
        try
        {
            if ((limits.TryEnter(estimatedTokens, out lease) ?? limits.TakeRequest()) is { } full)
            {
                return full;
            }

            var answer = await call(state, cancellationToken);
            lease?.Spend(answer.Usage);
            if (answer.Stream is { } stream)
            {
                // The call goes on for as long as its stream is open, and is counted by how that ends. A probe has proved enough.
                stream.Keep(lease, this);
                lease = null;
                signal = isProbe ? CircuitSignal.Healthy : CircuitSignal.Nothing;
            }
            else
            {
                signal = answer.Verdict.Circuit;
            }

            Learn(answer);
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
            _circuit.Report(signal, isProbe);
        }
    }

    /// <summary>
    /// Counts what came of a call after <see cref="TryCallAsync"/> had ended: a stream came to its end or broke off, a hedge hung.
    /// </summary>
    public void Report(ProviderAnswer end)
    {
        _circuit.Report(end.Verdict.Circuit);
        Learn(end);
    }

    private void Learn(ProviderAnswer answer)
    {
        var verdict = answer.Verdict;
        if (verdict.Outcome == AttemptOutcome.Success)
        {
            _coolDown.Succeeded();
            limits.Succeeded();
        }
        else if ((answer.Told ?? (verdict.Pause > TimeSpan.Zero ? verdict.Pause : null)) is not null)
        {
            var coolDown = verdict.Scope switch
            {
                Scope.Model => _coolDown,
                Scope.Key => limits.Key,
                Scope.Provider => limits.Whole,
                _ => null,
            };
            coolDown?.Begin(answer, answer.Told);
            answer.Wait ??= coolDown?.Left;
        }

        if (answer.Headers.Pause is { } untilFilled)
        {
            // An allowance was used up, by a good answer as well: whoever comes now would be refused.
            _coolDown.Begin(new ProviderAnswer { Verdict = Verdicts.Limited }, untilFilled);
        }
    }
}
