using System.Net.Http.Json;
using MasterX.AiGateway.Providers.Classification;
using MasterX.Tests.Hosts;

namespace MasterX.Tests.Gateway;

/// <summary>What a provider says in headers: some of it is heeded, little of it is passed on.</summary>
public sealed class ProviderHeadersTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("1s", 1)]
    [InlineData("6m0s", 360)]
    [InlineData("1h2m3.5s", 3723.5)]
    [InlineData("120ms", 0.12)]
    [InlineData("2m59.56s", 179.56)]
    [InlineData("17", 17)]
    [InlineData("2026-01-01T00:00:30Z", 30)]
    public void A_reset_is_a_duration_seconds_or_a_time(string text, double seconds) =>
        Assert.Equal(seconds, WaitText.Parse(text, Now)!.Value.TotalSeconds, 0.001);

    [Theory]
    [InlineData("")]
    [InlineData("soon")]
    [InlineData("1w")]
    [InlineData("-5")]
    [InlineData("1e300")]
    [InlineData("2025-01-01T00:00:30Z")]
    public void Anything_else_is_no_reset(string text) => Assert.Null(WaitText.Parse(text, Now));

    [Theory]
    [InlineData("x-ratelimit-remaining-requests", "x-ratelimit-reset-requests", "30s")]
    [InlineData("x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens", "30s")]
    [InlineData("anthropic-ratelimit-output-tokens-remaining", "anthropic-ratelimit-output-tokens-reset", "2999-01-01T00:00:00Z")]
    public async Task A_model_whose_allowance_is_used_up_is_left_alone_until_it_is_filled_and_others_are_not(string remaining, string reset, string value)
    {
        var calls = 0;
        await using var provider = await ScriptedProvider.StartAsync(context =>
        {
            calls++;
            context.Response.Headers[remaining] = "0";
            context.Response.Headers[reset] = value;
            return ScriptedProvider.JsonAsync(context, ScriptedProvider.Completion);
        });
        await using var gateway = new GatewayHost(("Gateway:Providers:openai:BaseUrl", provider.Url));

        using var answered = await gateway.AskAsync("hello", "openai/one");
        using var refused = await gateway.AskAsync("hello", "openai/one");
        using var other = await gateway.AskAsync("hello", "openai/two");

        Assert.Equal((200, 429, 200), ((int)answered.StatusCode, (int)refused.StatusCode, (int)other.StatusCode));
        Assert.InRange(refused.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 28, 600);
        Assert.Equal(2, calls);
    }

    [Fact]
    public async Task A_429_without_Retry_After_is_heeded_by_its_reset()
    {
        await using var provider = await ScriptedProvider.StartAsync(context =>
        {
            context.Response.Headers["x-ratelimit-remaining-requests"] = "0";
            context.Response.Headers["x-ratelimit-reset-requests"] = "2m0s";
            return ScriptedProvider.JsonAsync(context, """{"error":{"message":"slow down"}}""", 429);
        });
        await using var gateway = new GatewayHost(("Gateway:Providers:openai:BaseUrl", provider.Url));

        using var limited = await gateway.AskAsync("hello", "openai/m");
        using var cooling = await gateway.AskAsync("hello", "openai/m");

        Assert.Equal((429, 429), ((int)limited.StatusCode, (int)cooling.StatusCode));
        Assert.InRange(cooling.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 115, 120);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Only_allowed_headers_reach_the_caller(bool stream)
    {
        await using var provider = await ScriptedProvider.StartAsync(async context =>
        {
            context.Response.Headers["x-request-id"] = "req_123";
            context.Response.Headers["openai-processing-ms"] = "17";
            context.Response.Headers["openai-organization"] = "our-organization";
            context.Response.Headers["x-masterx-cost-usd"] = "1000";
            context.Response.Headers.SetCookie = "a=b";
            context.Response.Headers["x-ratelimit-remaining-requests"] = "999";
            if (stream)
            {
                context.Response.ContentType = "text/event-stream";
                await Microsoft.AspNetCore.Http.HttpResponseWritingExtensions.WriteAsync(context.Response, "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"I\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n");
            }
            else
            {
                await ScriptedProvider.JsonAsync(context, ScriptedProvider.Completion);
            }
        });
        await using var gateway = new GatewayHost(("Gateway:Providers:openai:BaseUrl", provider.Url));

        using var answer = await gateway.ChatAsync(new { model = "openai/m", stream, messages = new[] { new { role = "user", content = "hello" } } });

        Assert.Equal(("req_123", "17"), (answer.Header("x-request-id"), answer.Header("openai-processing-ms")));
        Assert.DoesNotContain(answer.Headers, header => header.Key.StartsWith("openai-org", StringComparison.OrdinalIgnoreCase) || header.Key.Contains("ratelimit", StringComparison.OrdinalIgnoreCase) || header.Key == "Set-Cookie");
        Assert.NotEqual("1000", answer.Header("x-masterx-cost-usd"));
    }

    [Fact]
    public async Task The_callers_credentials_and_headers_never_reach_a_provider()
    {
        List<string> seen = [];
        await using var provider = await ScriptedProvider.StartAsync(context =>
        {
            seen.AddRange(context.Request.Headers.Select(header => $"{header.Key}: {header.Value}"));
            return ScriptedProvider.JsonAsync(context, ScriptedProvider.Completion);
        });
        await using var gateway = new GatewayHost(("Gateway:Providers:openai:BaseUrl", provider.Url), ("Gateway:Providers:openai:ApiKey", "sk-ours"));
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = JsonContent.Create(new { model = "openai/m", messages = new[] { new { role = "user", content = "x" } } }) };
        request.Headers.TryAddWithoutValidation("Cookie", "session=1");
        request.Headers.TryAddWithoutValidation("x-masterx-consumer", "someone");
        request.Headers.TryAddWithoutValidation("OpenAI-Organization", "theirs");
        request.Headers.TryAddWithoutValidation("X-Forwarded-For", "10.0.0.1");

        using var answer = await gateway.Http.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(200, (int)answer.StatusCode);
        Assert.Contains("Authorization: Bearer sk-ours", seen);
        Assert.Equal(["Accept", "Accept-Encoding", "Authorization", "Content-Length", "Content-Type", "Host", "User-Agent"], seen.Select(header => header.Split(':')[0]).Order(StringComparer.Ordinal));
    }
}
