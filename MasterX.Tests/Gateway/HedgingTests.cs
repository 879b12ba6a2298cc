using System.Diagnostics;
using System.Globalization;
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

    /// <summary>What hedging is for; the figures are in the test's report, as times are no matter for an assertion.</summary>
    [Fact]
    public async Task One_slow_call_in_ten_is_hidden()
    {
        await using var slow = await ScriptedProvider.StartAsync(Answer(slowEvery: 10));
        await using var steady = await ScriptedProvider.StartAsync(Answer(slowEvery: int.MaxValue));
        await using var gateway = new GatewayHost([.. Hedged, ("Gateway:Providers:groq:BaseUrl", slow.Url), ("Gateway:Providers:openai:BaseUrl", steady.Url)]);
        var healthy = await MeasureAsync(gateway, "openai/m", 10);
        var hedged = await MeasureAsync(gateway, "h", 30);
        var alone = await MeasureAsync(gateway, "groq/m", 20);

        var report = string.Create(
            CultureInfo.InvariantCulture,
            $"One call in ten takes 2 s. Worst call: {alone[^1]:0} ms alone, {hedged[^1]:0} ms hedged after 150 ms. Twice the healthy median + HedgeAfter: {2 * healthy[5] + 150:0} ms.");
        TestContext.Current.TestOutputHelper!.WriteLine(report);
        TestContext.Current.AddAttachment("hedging.txt", report);
        Assert.Equal((0, 2), (hedged.Count(time => time > 1900), alone.Count(time => time > 1900)));
    }

    private static Func<Microsoft.AspNetCore.Http.HttpContext, Task> Answer(int slowEvery)
    {
        var calls = 0;
        return async context =>
        {
            await Task.Delay(Interlocked.Increment(ref calls) % slowEvery == 0 ? 2000 : 50, context.RequestAborted);
            await ScriptedProvider.JsonAsync(context, ScriptedProvider.Completion);
        };
    }

    /// <returns>Milliseconds, in ascending order.</returns>
    private static async Task<List<double>> MeasureAsync(GatewayHost gateway, string model, int calls)
    {
        List<double> times = [];
        for (var i = 0; i < calls; i++)
        {
            var begun = Stopwatch.GetTimestamp();
            using var answer = await gateway.AskAsync("hello", model);
            Assert.Equal(200, (int)answer.StatusCode);
            times.Add(Stopwatch.GetElapsedTime(begun).TotalMilliseconds);
        }

        times.Sort();
        return times;
    }
}
