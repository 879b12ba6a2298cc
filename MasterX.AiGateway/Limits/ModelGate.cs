using MasterX.AiGateway.Providers;
using MasterX.AiGateway.Providers.Classification;
using MasterX.AiGateway.Providers.Keys;
using MasterX.AiGateway.Requests;
using MasterX.AiGateway.Telemetry;

namespace MasterX.AiGateway.Limits;

/// <summary>
/// Decides whether a model of a provider may be called now, and with which key: not while the model, the key or the provider cools down,
/// not while the model's circuit is open, not beyond the key's limits; and learns from every answer's <see cref="Verdict"/>. Circuits are a
/// model's own, as providers lose their models one by one; a cool-down is the model's, the key's, the model's with that key, or the
/// provider's, as the verdict says; the limits are the key's.
/// </summary>
/// <param name="limits">The provider's.</param>
/// <param name="circuit">How its circuit is set.</param>
/// <param name="time">Clock.</param>
/// <param name="model">Its name, by which all replicas know its cool-downs.</param>
internal sealed class ModelGate(ProviderLimits limits, CircuitOptions circuit, TimeProvider time, string model = "")
{
    private readonly CoolDown _coolDown = new(time, limits.Shared?.Notes, limits.NameOf(model));
    private readonly Circuit _circuit = new(circuit, time);

    /// <summary>Of the model with one of several keys, by the key's index.</summary>
    private readonly CoolDown[]? _coolDowns =
        limits.HasSeveralKeys ? [.. limits.Keys.Span.ToArray().Select(key => new CoolDown(time, limits.Shared?.Notes, $"{limits.NameOf(model)}/{key.Label}"))] : null;

    /// <summary><c>closed</c>, <c>open</c>, <c>half_open</c>.</summary>
    public string CircuitName => _circuit.State;

    /// <summary>How long the model is still left alone, with every key; zero when it is not.</summary>
    public TimeSpan CoolingFor
    {
        get
        {
            if (_coolDowns is null)
            {
                return _coolDown.Left;
            }

            var shortest = _coolDowns.Min(coolDown => coolDown.Left);
            return shortest > _coolDown.Left ? shortest : _coolDown.Left;
        }
    }

    /// <summary>Whether calls are let through with one of the keys, as far as circuit and cool-downs go.</summary>
    public bool IsAvailable => CircuitName != "open" && _coolDown.Left == TimeSpan.Zero && HasKey();

    /// <summary>Calls the provider if it may be called, with the first key that may be used.</summary>
    /// <typeparam name="TState">Whatever the call needs.</typeparam>
    /// <param name="estimatedTokens">Of the request.</param>
    /// <param name="keys">In the order in which they are tried.</param>
    /// <param name="call">The call.</param>
    /// <param name="state">Handed to it.</param>
    /// <param name="cancellationToken">Handed to it.</param>
    /// <returns>
    /// The call's answer, with its key; or one that says why the provider was skipped, with the wait after which it would not be.
    /// </returns>
    public async ValueTask<ProviderAnswer> TryCallAsync<TState>(
        int estimatedTokens, ReadOnlyMemory<ProviderKey> keys, Func<TState, ProviderKey, CancellationToken, Task<ProviderAnswer>> call, TState state,
        CancellationToken cancellationToken)
    {
        if ((limits.Whole.Skip() ?? _coolDown.Skip()) is { } cooling)
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
            ProviderAnswer? full;
            ProviderKey? key;
            if (limits.Shared is null)
            {
                full = TryEnter(estimatedTokens, keys.Span, out key, out lease);
            }
            else
            {
                (full, key, lease) = await TryEnterSharedAsync(estimatedTokens, keys);
            }

            if (full is not null)
            {
                return full;
            }

            var answer = await call(state, key!, cancellationToken);
            answer.Key = key;
            lease?.Spend(answer.Spent);
            if (answer.Stream is { } stream)
            {
                // The call goes on for as long as its stream is open, and is counted by how that ends. A probe has proved enough.
                stream.Keep(lease, this, key!);
                lease = null;
                signal = isProbe ? CircuitSignal.Healthy : CircuitSignal.Nothing;
            }
            else
            {
                signal = answer.Verdict.Circuit;
            }

            Learn(answer, key!);
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

    /// <summary>Counts a stream that came to its end or broke off, after <see cref="TryCallAsync"/> had ended.</summary>
    /// <param name="end">How.</param>
    /// <param name="key">The call's.</param>
    public void Report(ProviderAnswer end, ProviderKey key)
    {
        _circuit.Report(end.Verdict.Circuit);
        Learn(end, key);
    }

    /// <summary>Counts a call that was given up for another candidate.</summary>
    public void GaveUp(Verdict verdict) => _circuit.Report(verdict.Circuit);

    /// <summary>Enters by the first key that may be used.</summary>
    /// <returns>When none may: the refusal that says most about when one will.</returns>
    private ProviderAnswer? TryEnter(int estimatedTokens, ReadOnlySpan<ProviderKey> keys, out ProviderKey? entered, out CallLease? lease)
    {
        ProviderAnswer? nearest = null;
        lease = null;
        foreach (var key in keys)
        {
            if ((key.Limits.CoolDown.Skip() ?? _coolDowns?[key.Index].Skip() ?? key.Limits.TryEnter(estimatedTokens, out lease)) is not { } refused)
            {
                entered = key;
                return null;
            }

            nearest = nearest is null || IsNearer(refused, nearest) ? refused : nearest;
        }

        entered = null;
        return nearest;
    }

    /// <summary>The same where limits are shared: one question to Redis for each key that may be used, and is not known to be at its limit.</summary>
    private async ValueTask<(ProviderAnswer? Refusal, ProviderKey? Entered, CallLease? Lease)> TryEnterSharedAsync(int estimatedTokens, ReadOnlyMemory<ProviderKey> keys)
    {
        ProviderAnswer? nearest = null;
        for (var i = 0; i < keys.Length; i++)
        {
            var key = keys.Span[i];
            var refused = key.Limits.CoolDown.Skip() ?? _coolDowns?[key.Index].Skip();
            if (refused is null)
            {
                (refused, var lease) = await key.Limits.TryEnterSharedAsync(estimatedTokens);
                if (refused is null)
                {
                    return (null, key, lease);
                }
            }

            nearest = nearest is null || IsNearer(refused, nearest) ? refused : nearest;
        }

        return (nearest, null, null);
    }

    /// <summary>A key at a limit is one that works.</summary>
    private static bool IsNearer(ProviderAnswer one, ProviderAnswer other) =>
        one.Verdict.IsLimit != other.Verdict.IsLimit ? one.Verdict.IsLimit : one.Wait < other.Wait;

    private bool HasKey()
    {
        if (_coolDowns is null)
        {
            return true;
        }

        foreach (var key in limits.Keys.Span)
        {
            if (key.Limits.CoolDown.Left == TimeSpan.Zero && _coolDowns[key.Index].Left == TimeSpan.Zero)
            {
                return true;
            }
        }

        return false;
    }

    private void Learn(ProviderAnswer answer, ProviderKey key)
    {
        var verdict = answer.Verdict;
        var ofBoth = _coolDowns is null ? _coolDown : _coolDowns[key.Index];
        if (verdict.Outcome == AttemptOutcome.Success)
        {
            _coolDown.Succeeded();
            _coolDowns?[key.Index].Succeeded();
            key.Limits.CoolDown.Succeeded();
            limits.Whole.Succeeded();
        }
        else if ((answer.Told ?? (verdict.Pause > TimeSpan.Zero ? verdict.Pause : null)) is not null)
        {
            var coolDown = verdict.Scope switch
            {
                Scope.Model => _coolDown,
                Scope.ModelWithKey => ofBoth,
                Scope.Key => key.Limits.CoolDown,
                Scope.Provider => limits.Whole,
                _ => null,
            };
            coolDown?.Begin(answer, answer.Told);
            answer.Wait ??= coolDown?.Left;
        }

        if (answer.Headers.Pause is { } untilFilled)
        {
            // An allowance was used up, by a good answer as well: whoever comes now would be refused.
            ofBoth.Begin(new ProviderAnswer { Verdict = Verdicts.Limited }, untilFilled);
        }
    }
}
