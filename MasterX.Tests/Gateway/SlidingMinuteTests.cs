using MasterX.AiGateway.Limits;
using Microsoft.Extensions.Time.Testing;

namespace MasterX.Tests.Gateway;

/// <summary>Calls and tokens per sliding minute, with time in the test's hands.</summary>
public sealed class SlidingMinuteTests
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void What_was_reserved_is_free_again_after_a_minute_and_not_before()
    {
        var window = new SlidingMinute(100, _time);
        Assert.True(window.TryReserve(60, out _, out _));
        _time.Advance(TimeSpan.FromSeconds(20));
        Assert.True(window.TryReserve(40, out _, out _));

        Assert.False(window.TryReserve(1, out _, out var wait));
        Assert.Equal(TimeSpan.FromSeconds(40), wait);
        _time.Advance(TimeSpan.FromSeconds(39));
        Assert.False(window.TryReserve(1, out _, out _));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(window.TryReserve(60, out _, out _));
        Assert.Equal(0, window.Left);
    }

    [Fact]
    public void An_estimate_gives_way_to_what_was_spent()
    {
        var window = new SlidingMinute(100, _time);
        window.TryReserve(10, out var dear, out _);
        window.TryReserve(50, out var cheap, out _);
        window.TryReserve(20, out var failed, out _);

        window.Settle(dear, 30);
        window.Settle(cheap, 40);
        window.Settle(failed, 0);

        Assert.Equal(30, window.Left);
    }

    [Fact]
    public void What_an_answer_cost_beyond_its_estimate_counts_from_when_it_was_known()
    {
        var window = new SlidingMinute(100, _time);
        window.TryReserve(10, out var call, out _);
        _time.Advance(TimeSpan.FromSeconds(50));
        window.Settle(call, 100);

        _time.Advance(TimeSpan.FromSeconds(15));
        Assert.Equal(10, window.Left);
        _time.Advance(TimeSpan.FromSeconds(45));
        Assert.Equal(100, window.Left);
    }

    [Fact]
    public void A_refund_of_what_has_been_forgotten_already_gives_nothing_twice()
    {
        var window = new SlidingMinute(100, _time);
        window.TryReserve(80, out var call, out _);
        _time.Advance(TimeSpan.FromSeconds(90));

        window.Settle(call, 0);

        Assert.Equal(100, window.Left);
        Assert.True(window.TryReserve(100, out _, out _));
        Assert.False(window.TryReserve(1, out _, out _));
    }

    [Fact]
    public void A_request_above_the_whole_limit_waits_for_an_idle_minute()
    {
        var window = new SlidingMinute(100, _time);
        window.TryReserve(1, out _, out _);
        Assert.False(window.TryReserve(1_000, out _, out _));

        _time.Advance(TimeSpan.FromMinutes(1));

        Assert.True(window.TryReserve(1_000, out _, out _));
    }

    [Fact]
    public void No_more_than_the_limit_is_reserved_at_once()
    {
        var window = new SlidingMinute(1_000, _time);
        var reserved = 0;

        Parallel.For(0, 1_000, _ =>
        {
            if (window.TryReserve(7, out var _, out var _))
            {
                Interlocked.Increment(ref reserved);
            }
        });

        Assert.Equal(142, reserved);
    }
}
