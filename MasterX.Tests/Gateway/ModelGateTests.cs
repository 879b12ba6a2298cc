using MasterX.AiGateway.Limits;
using MasterX.AiGateway.Providers;
using MasterX.AiGateway.Providers.Classification;
using MasterX.AiGateway.Requests;
using Microsoft.Extensions.Time.Testing;

namespace MasterX.Tests.Gateway;

/// <summary>The gate in front of a model of a provider, with time in the test's hands.</summary>
public sealed class ModelGateTests : IDisposable
{
    private readonly FakeTimeProvider _time = new();
    private ProviderLimits? _limits;
    private int _calls;

    [Fact]
    public async Task An_open_circuit_lets_one_probe_through_after_its_break_and_closes_when_it_succeeds()
    {
        var gate = Gate(requestsPerMinute: 0);
        await OpenAsync(gate);

        Assert.Equal(AttemptOutcome.CircuitOpen, (await CallAsync(gate, Verdicts.Success)).Outcome);
        _time.Advance(TimeSpan.FromSeconds(6));
        Assert.Equal(AttemptOutcome.Success, (await CallAsync(gate, Verdicts.Success)).Outcome);

        Assert.Equal("closed", gate.CircuitName);
        Assert.Equal(5, _calls);
    }

    [Fact]
    public async Task A_refusal_by_our_own_limit_is_no_probe_and_does_not_close_the_circuit()
    {
        var gate = Gate(requestsPerMinute: 4);
        await OpenAsync(gate);
        _time.Advance(TimeSpan.FromSeconds(6));

        var refused = await CallAsync(gate, Verdicts.Success);

        Assert.Equal(AttemptOutcome.RateLimited, refused.Outcome);
        Assert.Equal("open", gate.CircuitName);
        Assert.Equal(4, _calls);
    }

    [Fact]
    public async Task A_probe_whose_caller_leaves_proves_nothing_and_does_not_close_the_circuit()
    {
        var gate = Gate(requestsPerMinute: 0);
        await OpenAsync(gate);
        _time.Advance(TimeSpan.FromSeconds(6));

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await gate.TryCallAsync<object?>(1, _limits!.Keys, (_, _, _) => throw new OperationCanceledException(), null, TestContext.Current.CancellationToken));

        Assert.Equal("open", gate.CircuitName);
    }

    [Fact]
    public async Task A_request_that_cannot_be_translated_says_nothing_about_the_provider()
    {
        var gate = Gate(requestsPerMinute: 0);
        await OpenAsync(gate);
        _time.Advance(TimeSpan.FromSeconds(6));

        await gate.TryCallAsync<object?>(
            1, _limits!.Keys, (_, _, _) => Task.FromResult(Judgement.Of(Verdicts.NotSent)), null, TestContext.Current.CancellationToken);

        Assert.Equal("open", gate.CircuitName);
    }

    [Fact]
    public async Task Who_is_at_the_limit_is_told_when_the_oldest_call_is_a_minute_old()
    {
        var gate = Gate(requestsPerMinute: 2);
        await CallAsync(gate, Verdicts.Success);
        _time.Advance(TimeSpan.FromSeconds(45));
        await CallAsync(gate, Verdicts.Success);

        var refused = await CallAsync(gate, Verdicts.Success);
        _time.Advance(refused.RetryAfter!.Value);
        var accepted = await CallAsync(gate, Verdicts.Success);
        var refusedAgain = await CallAsync(gate, Verdicts.Success);

        Assert.Equal((AttemptOutcome.RateLimited, TimeSpan.FromSeconds(15)), (refused.Outcome, refused.RetryAfter));
        Assert.Equal(AttemptOutcome.Success, accepted.Outcome);
        Assert.Equal(TimeSpan.FromSeconds(45), refusedAgain.RetryAfter);
    }

    public void Dispose() => _limits?.Dispose();

    private ModelGate Gate(int requestsPerMinute)
    {
        var options = new ProviderOptions { RequestsPerMinute = requestsPerMinute, Circuit = new() { MinimumThroughput = 4, BreakDuration = TimeSpan.FromSeconds(5) } };
        _limits = new ProviderLimits(options, _time);
        return new(_limits, options.Circuit, _time);
    }

    private async Task OpenAsync(ModelGate gate)
    {
        for (var i = 0; i < 4; i++)
        {
            await CallAsync(gate, Verdicts.Failed);
        }

        Assert.Equal("open", gate.CircuitName);
    }

    private async Task<ProviderAnswer> CallAsync(ModelGate gate, Verdict verdict) => await gate.TryCallAsync(
        1,
        _limits!.Keys,
        (result, _, _) =>
        {
            _calls++;
            return Task.FromResult(Judgement.Of(result));
        },
        verdict,
        TestContext.Current.CancellationToken);
}
