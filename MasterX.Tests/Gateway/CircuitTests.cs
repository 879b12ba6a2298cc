using MasterX.AiGateway.Limits;
using MasterX.AiGateway.Providers;
using MasterX.AiGateway.Providers.Classification;
using Microsoft.Extensions.Time.Testing;

namespace MasterX.Tests.Gateway;

/// <summary>The circuit breaker, told how calls ended, with time in the test's hands.</summary>
public sealed class CircuitTests
{
    private readonly FakeTimeProvider _time = new();

    [Theory]
    [InlineData(0.5, 2, 2, "open")]
    [InlineData(0.5, 3, 2, "closed")]
    [InlineData(1.0, 1, 9, "closed")]
    [InlineData(1.0, 0, 4, "open")]
    [InlineData(0.1, 0, 3, "closed")]
    public void It_opens_when_enough_calls_were_made_and_enough_of_them_failed(double ratio, int good, int failed, string state)
    {
        var circuit = Circuit(ratio);

        Report(circuit, CircuitSignal.Healthy, good);
        Report(circuit, CircuitSignal.Failed, failed);

        Assert.Equal(state, circuit.State);
    }

    [Fact]
    public void Calls_that_are_longer_ago_than_the_sampling_no_longer_count()
    {
        var circuit = Circuit();
        Report(circuit, CircuitSignal.Failed, 3);
        _time.Advance(TimeSpan.FromSeconds(31));
        Report(circuit, CircuitSignal.Failed, 3);

        Assert.Equal("closed", circuit.State);
    }

    [Fact]
    public void What_says_nothing_counts_for_nothing()
    {
        var circuit = Circuit();
        Report(circuit, CircuitSignal.Failed, 3);
        Report(circuit, CircuitSignal.Nothing, 100);

        Assert.Equal("closed", circuit.State);
    }

    [Fact]
    public void Half_open_lets_one_through_and_its_end_decides()
    {
        var circuit = Opened();
        Assert.False(circuit.TryEnter(out _, out var wait));
        Assert.Equal(TimeSpan.FromSeconds(5), wait);
        _time.Advance(wait);

        Assert.True(circuit.TryEnter(out var isProbe, out _));
        Assert.True(isProbe);
        Assert.Equal("half_open", circuit.State);
        Assert.False(circuit.TryEnter(out _, out _));

        circuit.Report(CircuitSignal.Failed, isProbe);
        Assert.Equal("open", circuit.State);
        Assert.False(circuit.TryEnter(out _, out _));

        _time.Advance(TimeSpan.FromSeconds(5));
        Assert.True(circuit.TryEnter(out isProbe, out _));
        circuit.Report(CircuitSignal.Healthy, isProbe);
        Assert.Equal("closed", circuit.State);
        Report(circuit, CircuitSignal.Failed, 3);
        Assert.Equal("closed", circuit.State);
    }

    [Fact]
    public void A_probe_of_which_nobody_knows_the_end_leaves_its_place_to_the_next()
    {
        var circuit = Opened();
        _time.Advance(TimeSpan.FromSeconds(5));
        Assert.True(circuit.TryEnter(out var isProbe, out _));
        circuit.Report(CircuitSignal.Nothing, isProbe);

        Assert.Equal("open", circuit.State);
        Assert.True(circuit.TryEnter(out isProbe, out _));
        Assert.True(isProbe);
    }

    [Fact]
    public void Ends_of_calls_from_before_it_opened_neither_close_it_nor_keep_it_open()
    {
        var circuit = Opened();
        circuit.Report(CircuitSignal.Healthy);
        _time.Advance(TimeSpan.FromSeconds(4));
        circuit.Report(CircuitSignal.Failed);
        _time.Advance(TimeSpan.FromSeconds(1));

        Assert.True(circuit.TryEnter(out var isProbe, out _));
        circuit.Report(CircuitSignal.Failed);
        circuit.Report(CircuitSignal.Healthy, isProbe);
        Assert.Equal("closed", circuit.State);
    }

    [Fact]
    public void A_probe_that_was_given_up_because_it_hung_opens_it_again()
    {
        var circuit = Opened();
        _time.Advance(TimeSpan.FromSeconds(5));
        Assert.True(circuit.TryEnter(out var isProbe, out _));
        circuit.Report(CircuitSignal.Nothing, isProbe);
        circuit.Report(CircuitSignal.Failed);

        Assert.False(circuit.TryEnter(out _, out var wait));
        Assert.Equal(TimeSpan.FromSeconds(5), wait);
    }

    [Fact]
    public async Task Many_at_once_lose_no_count_and_get_one_probe()
    {
        var circuit = new Circuit(new CircuitOptions { FailureRatio = 1, MinimumThroughput = 8000 }, _time);
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => Report(circuit, CircuitSignal.Failed, 999))));
        Assert.Equal("closed", circuit.State);
        Report(circuit, CircuitSignal.Failed, 8);
        Assert.Equal("open", circuit.State);
        _time.Advance(TimeSpan.FromSeconds(5));

        var entered = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => circuit.TryEnter(out var _, out var _))));

        Assert.Single(entered, one => one);
    }

    private Circuit Circuit(double ratio = 0.5) => new(new CircuitOptions { FailureRatio = ratio, MinimumThroughput = 4 }, _time);

    private Circuit Opened()
    {
        var circuit = Circuit();
        Report(circuit, CircuitSignal.Failed, 4);
        return circuit;
    }

    private static void Report(Circuit circuit, CircuitSignal signal, int times)
    {
        for (var i = 0; i < times; i++)
        {
            circuit.Report(signal);
        }
    }
}
