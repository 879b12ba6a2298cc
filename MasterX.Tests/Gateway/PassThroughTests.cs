using System.Text;
using MasterX.AiGateway.Chat;
using MasterX.AiGateway.Providers;
using MasterX.AiGateway.Routing;
using MasterX.Tests.Hosts;

namespace MasterX.Tests.Gateway;

/// <summary>For providers that speak OpenAI's format the body passes byte for byte, but for the model and the fields they refuse.</summary>
public sealed class PassThroughTests
{
    [Theory]
    [InlineData("""{"model":"fast","messages":[{"role":"user","content":"é\u00e9 \"model\""}],"x_unknown":{"model":"inner"}}""", """{"model":"m-1","messages":[{"role":"user","content":"é\u00e9 \"model\""}],"x_unknown":{"model":"inner"}}""")]
    [InlineData("""{"messages":[{"role":"user","content":"x"}],  "model" : "fast" , "seed":1}""", """{"messages":[{"role":"user","content":"x"}],  "model" : "m-1" , "seed":1}""")]
    [InlineData("""  {"messages":[{"role":"user","content":"x"}]}""", """  {"model":"m-1","messages":[{"role":"user","content":"x"}]}""")]
    [InlineData("""{"model":null,"messages":[{"role":"user","content":"x"}]}""", """{"model":"m-1","messages":[{"role":"user","content":"x"}]}""")]
    public void Only_the_model_is_replaced(string request, string expected) => Assert.Equal(expected, Write(request, new ProviderOptions { BaseUrl = "http://127.0.0.1" }));

    [Fact]
    public void Fields_a_provider_refuses_are_left_out()
    {
        var options = new ProviderOptions { BaseUrl = "http://127.0.0.1" };
        options.DropFields.Add("logprobs");

        Assert.Equal(
            """{"model":"m-1","messages":[{"role":"user","content":"x"}],"temperature":0.10}""",
            Write("""{"messages":[{"role":"user","content":"x"}],"logprobs":true,"temperature":0.10,"model":"auto"}""", options));
    }

    [Fact]
    public async Task The_same_request_is_answered_from_the_cache_where_the_route_keeps_answers()
    {
        await using var gateway = new GatewayHost(("Gateway:Routes:kept:Candidates:0", "openai"), ("Gateway:Routes:kept:Cache", "00:05:00"));

        using var first = await gateway.AskAsync("hello", "kept");
        using var second = await gateway.AskAsync("hello", "kept");
        using var other = await gateway.AskAsync("hello!", "kept");

        Assert.Equal(("false", "true", "false"), (first.Header("x-masterx-cached"), second.Header("x-masterx-cached"), other.Header("x-masterx-cached")));
        Assert.Equal(await first.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), await second.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        Assert.Equal("0", second.Header("x-masterx-cost-usd"));
        Assert.Equal(2, await gateway.Emulator.CallsAsync("openai"));
    }

    [Fact]
    public async Task Failures_are_not_kept()
    {
        await using var gateway = new GatewayHost(("Gateway:Routes:kept:Candidates:0", "openai"), ("Gateway:Routes:kept:Cache", "00:05:00"));
        await gateway.Emulator.BreakAsync("openai", new { status = 500 });
        using var failed = await gateway.AskAsync("hello", "kept");
        await gateway.Emulator.Http.DeleteAsync(new Uri("/_faults", UriKind.Relative), TestContext.Current.CancellationToken);

        using var answered = await gateway.AskAsync("hello", "kept");

        Assert.Equal(503, (int)failed.StatusCode);
        Assert.Equal(200, (int)answered.StatusCode);
    }

    private static string Write(string request, ProviderOptions options)
    {
        Assert.True(ChatRequest.TryParse(Encoding.UTF8.GetBytes(request), out var parsed, out var problem, out _), problem);
        using var provider = new Provider("p", options, TimeProvider.System);
        using var scratch = new PooledBuffer(256);
        return Encoding.UTF8.GetString(OpenAiWireFormat.Instance.WriteChatRequest(parsed!, new Candidate(provider, "m-1"), scratch).Span);
    }
}
