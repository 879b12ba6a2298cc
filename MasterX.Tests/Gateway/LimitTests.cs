using System.Net;
using MasterX.Tests.Hosts;

namespace MasterX.Tests.Gateway;

/// <summary>A provider at its limit is skipped; when all are, the caller is told when to come back.</summary>
public sealed class LimitTests
{
    [Fact]
    public async Task A_provider_at_its_requests_per_minute_is_skipped()
    {
        await using var gateway = new GatewayHost(("Gateway:Providers:gemini:RequestsPerMinute", "2"));

        using var first = await gateway.AskAsync("one");
        using var second = await gateway.AskAsync("two");
        using var third = await gateway.AskAsync("three");

        Assert.Equal("gemini", first.Header("x-masterx-provider"));
        Assert.Equal("gemini", second.Header("x-masterx-provider"));
        Assert.Equal("groq", third.Header("x-masterx-provider"));
        Assert.Equal(2, await gateway.Emulator.CallsAsync("gemini"));
    }

    [Fact]
    public async Task All_at_their_limit_is_a_429_with_Retry_After()
    {
        await using var gateway = new GatewayHost(
            ("Gateway:Providers:gemini:RequestsPerMinute", "1"), ("Gateway:Providers:groq:RequestsPerMinute", "1"), ("Gateway:Providers:openai:RequestsPerMinute", "1"));
        for (var i = 0; i < 3; i++)
        {
            using var answer = await gateway.AskAsync("hello");
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        }

        using var refused = await gateway.AskAsync("one more");

        Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
        Assert.InRange(refused.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 60);
        Assert.Equal("rate_limit_exceeded", (await refused.JsonAsync()).Text("error", "code"));
    }

    [Fact]
    public async Task A_thousand_requests_at_once_against_sixty_per_minute_let_sixty_pass()
    {
        await using var gateway = new GatewayHost();

        var answers = await Task.WhenAll(Enumerable.Range(0, 1000).Select(_ => gateway.AskAsync("hello", "openai/some-model")));

        Assert.Equal(60, answers.Count(answer => answer.StatusCode == HttpStatusCode.OK));
        Assert.Equal(940, answers.Count(answer => answer.StatusCode == HttpStatusCode.TooManyRequests));
        Assert.Equal(60, await gateway.Emulator.CallsAsync("openai"));
        Array.ForEach(answers, answer => answer.Dispose());
    }

    [Fact]
    public async Task No_more_calls_at_once_than_allowed()
    {
        await using var gateway = new GatewayHost(("Gateway:Providers:openai:MaxConcurrency", "3"), ("Gateway:Providers:openai:RequestsPerMinute", "0"));
        await gateway.Emulator.BreakAsync("openai", new { latency_ms = 1000 });

        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => gateway.AskAsync("hello", "openai/some-model")));

        Assert.Equal(3, answers.Count(answer => answer.StatusCode == HttpStatusCode.OK));
        Assert.All(answers.Where(answer => answer.StatusCode != HttpStatusCode.OK), answer => Assert.Equal(HttpStatusCode.TooManyRequests, answer.StatusCode));
        Assert.Equal(3, await gateway.Emulator.CallsAsync("openai"));
        Array.ForEach(answers, answer => answer.Dispose());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Tokens_per_minute_are_settled_with_what_the_answers_cost(bool stream)
    {
        await using var gateway = new GatewayHost(("Gateway:Providers:openai:TokensPerMinute", "250"));
        var request = new { model = "openai/m", stream, messages = new[] { new { role = "user", content = string.Join(' ', Enumerable.Repeat("a", 100)) } } };

        using var first = await gateway.ChatAsync(request);
        await first.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        using var second = await gateway.ChatAsync(request);
        await second.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        using var refused = await gateway.ChatAsync(request);

        // The estimate of the request alone would let three pass; with the answers counted, two fill the minute.
        Assert.Equal((200, 200, 429), ((int)first.StatusCode, (int)second.StatusCode, (int)refused.StatusCode));
        Assert.Contains("outcome=token_limited", refused.Header("x-masterx-attempt-list"), StringComparison.Ordinal);
        Assert.InRange(refused.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 60);
    }

    [Fact]
    public async Task A_call_that_failed_costs_no_tokens()
    {
        await using var gateway = new GatewayHost(("Gateway:Providers:openai:TokensPerMinute", "30"), ("Gateway:Providers:openai:Circuit:MinimumThroughput", "100"));
        await gateway.Emulator.BreakAsync("openai", new { status = 500 });
        for (var i = 0; i < 5; i++)
        {
            using var failed = await gateway.AskAsync("hello", "openai/m");
            Assert.Equal(503, (int)failed.StatusCode);
        }

        await gateway.Emulator.Http.DeleteAsync(new Uri("/_faults", UriKind.Relative), TestContext.Current.CancellationToken);
        using var answer = await gateway.AskAsync("hello", "openai/m");

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }
}
