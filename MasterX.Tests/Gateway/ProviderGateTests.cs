using MasterX.AiGateway.Chat;
using MasterX.AiGateway.Limits;
using MasterX.AiGateway.Providers;
using Microsoft.Extensions.Time.Testing;

namespace MasterX.Tests.Gateway;

/// <summary>The gate in front of a provider, with time in the test's hands.</summary>
public sealed class ProviderGateTests
{
    private readonly FakeTimeProvider _time = new();
    private int _calls;

    [Fact]
    public async Task An_open_circuit_lets_one_probe_through_after_its_break_and_closes_when_it_succeeds()
    {
        using var gate = Gate(requestsPerMinute: 0);
        await OpenAsync(gate);

        Assert.Equal(AttemptOutcome.CircuitOpen, (await CallAsync(gate, AttemptOutcome.Success)).Outcome);
        _time.Advance(TimeSpan.FromSeconds(6));
        Assert.Equal(AttemptOutcome.Success, (await CallAsync(gate, AttemptOutcome.Success)).Outcome);

        Assert.Equal("closed", gate.CircuitName);
        Assert.Equal(5, _calls);
    }

    [Fact]
    public async Task A_refusal_by_our_own_limit_is_no_probe_and_does_not_close_the_circuit()
    {
        using var gate = Gate(requestsPerMinute: 4);
        await OpenAsync(gate);
        _time.Advance(TimeSpan.FromSeconds(6));

        var refused = await CallAsync(gate, AttemptOutcome.Success);

        Assert.Equal(AttemptOutcome.RateLimited, refused.Outcome);
        Assert.Equal("open", gate.CircuitName);
        Assert.Equal(4, _calls);
    }

    private ProviderGate Gate(int requestsPerMinute) => new(
        new ProviderOptions { RequestsPerMinute = requestsPerMinute, Circuit = new() { MinimumThroughput = 4, BreakDuration = TimeSpan.FromSeconds(5) } }, _time);

    private async Task OpenAsync(ProviderGate gate)
    {
        for (var i = 0; i < 4; i++)
        {
            await CallAsync(gate, AttemptOutcome.ProviderFailed);
        }

        Assert.Equal("open", gate.CircuitName);
    }

    private async Task<ProviderAnswer> CallAsync(ProviderGate gate, AttemptOutcome outcome) => await gate.TryCallAsync(
        (result, _) =>
        {
            _calls++;
            return Task.FromResult(new ProviderAnswer { Outcome = result });
        },
        outcome,
        TestContext.Current.CancellationToken);
}
