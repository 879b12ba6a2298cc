using System.Net;
using MasterX.Tests.Hosts;

namespace MasterX.Tests.Gateway;

/// <summary>A route that hedges asks the next candidate as well when the first is slow.</summary>
[Collection(MeasuredAlone.Name)]
public sealed class HedgingTests
{
    private static readonly (string, string?)[] Hedged =
    [
        ("Gateway:Routes:h:Candidates:0", "groq/m"), ("Gateway:Routes:h:Candidates:1", "openai/m"), ("Gateway:Routes:h:HedgeAfter", "00:00:00.150"),
        ("Gateway:Providers:groq:RequestsPerMinute", "0"), ("Gateway:Providers:openai:RequestsPerMinute", "0"),
    ];

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_next_candidate_answers_for_a_slow_one_which_is_given_up_and_accounted(bool stream)
    {
        await using var gateway = new GatewayHost(Hedged);
        await gateway.Emulator.BreakAsync("groq", new { hang = true });

        using var answer = await gateway.ChatAsync(new { model = "h", stream, messages = new[] { new { role = "user", content = "hello" } } });

        Assert.Equal(200, (int)answer.StatusCode);
        Assert.Equal("openai", answer.Header("x-masterx-provider"));
        Assert.Contains("hello", (await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)), StringComparison.Ordinal);
        if (!stream)
        {
            Assert.Matches("openai;model=\"m\";outcome=success;.*groq;model=\"m\";outcome=hedge_lost", answer.Header("x-masterx-attempt-list"));
        }

        var metrics = await PrometheusText.ReadAsync(gateway.Anonymous);
        Assert.Equal(1, metrics.Value("gateway_attempts_total", ("provider", "groq"), ("outcome", "hedge_lost")));
        Assert.True(metrics.Value("gateway_tokens_abandoned_total", ("provider", "groq")) > 0);
    }

    [Fact]
    public async Task A_fast_candidate_is_alone()
    {
        await using var gateway = new GatewayHost([.. Hedged, ("Gateway:Routes:h:HedgeAfter", "00:00:05")]);

        using var answer = await gateway.AskAsync("hello", "h");

        Assert.Equal(("groq", "1"), (answer.Header("x-masterx-provider"), answer.Header("x-masterx-attempts")));
        Assert.Equal(0, await gateway.Emulator.CallsAsync("openai"));
    }

    [Fact]
    public async Task A_failure_does_not_wait_for_the_hedge()
    {
        await using var gateway = new GatewayHost([.. Hedged, ("Gateway:Routes:h:HedgeAfter", "00:10:00")]);
        await gateway.Emulator.BreakAsync("groq", new { status = 503 });

        using var answer = await gateway.AskAsync("hello", "h");

        Assert.Equal("openai", answer.Header("x-masterx-provider"));
    }

    [Fact]
    public async Task The_slow_one_still_wins_when_the_other_fails()
    {
        await using var gateway = new GatewayHost(Hedged);
        await gateway.Emulator.BreakAsync("groq", new { latency_ms = 600 });
        await gateway.Emulator.BreakAsync("openai", new { status = 500 });

        using var answer = await gateway.AskAsync("hello", "h");

        Assert.Equal(("groq", "2"), (answer.Header("x-masterx-provider"), answer.Header("x-masterx-attempts")));
    }

    [Fact]
    public async Task All_failing_is_a_503_with_every_attempt()
    {
        await using var gateway = new GatewayHost(Hedged);
        await gateway.Emulator.BreakAsync("groq", new { latency_ms = 400, status = 500 });
        await gateway.Emulator.BreakAsync("openai", new { status = 500 });

        using var answer = await gateway.AskAsync("hello", "h");

        Assert.Equal(503, (int)answer.StatusCode);
        Assert.Equal("2", answer.Header("x-masterx-attempts"));
    }

    /// <summary>What hedging is for: of a provider that leaves every tenth call without an answer for ever, no caller notices.</summary>
    [Fact]
    public async Task A_provider_that_hangs_now_and_then_holds_nobody_up()
    {
        var (calls, hung) = (0, 0);
        await using var hangsAtTimes = await ScriptedProvider.StartAsync(async context =>
        {
            if (Interlocked.Increment(ref calls) % 10 == 0)
            {
                Interlocked.Increment(ref hung);
                await Task.Delay(Timeout.Infinite, context.RequestAborted);
            }

            await ScriptedProvider.JsonAsync(context, ScriptedProvider.Completion);
        });
        await using var steady = await ScriptedProvider.StartAsync(context => ScriptedProvider.JsonAsync(context, ScriptedProvider.Completion));
        // The circuit stays closed: were it to open, the calls would go to the other provider alone and prove nothing.
        await using var gateway = new GatewayHost([
            .. Hedged, ("Gateway:Providers:groq:BaseUrl", hangsAtTimes.Url), ("Gateway:Providers:openai:BaseUrl", steady.Url),
            ("Gateway:Providers:groq:Circuit:MinimumThroughput", "1000000"),
        ]);

        // Which of the callers meet them is for chance where the machine is slow: a hedged call may be given up before it arrives.
        while (Volatile.Read(ref hung) < 3)
        {
            using var answer = await gateway.AskAsync("hello", "h");

            Assert.True(answer.StatusCode == HttpStatusCode.OK, $"Call {calls}: {(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)}");
        }
    }
}
