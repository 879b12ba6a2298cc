using System.Net.Http.Json;
using MasterX.AiGateway.Caching;
using MasterX.AiGateway.Requests;
using MasterX.AiGateway.Routing;
using MasterX.Tests.Hosts;

namespace MasterX.Tests.Gateway;

/// <summary>The same request is answered again without a provider, where the route or the request asks for it.</summary>
public sealed class CacheTests
{
    private static readonly (string, string?)[] Kept = [("Gateway:Routes:kept:Candidates:0", "openai"), ("Gateway:Routes:kept:Cache", "00:05:00")];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_same_request_is_answered_from_the_cache_where_the_route_keeps_answers()
    {
        await using var gateway = new GatewayHost(Kept);

        using var first = await gateway.AskAsync("hello", "kept");
        using var second = await gateway.AskAsync("hello", "kept");
        using var other = await gateway.AskAsync("hello, you", "kept");

        Assert.Equal(("false", "true", "false"), (first.Header("x-masterx-cached"), second.Header("x-masterx-cached"), other.Header("x-masterx-cached")));
        Assert.Equal(("1", "0"), (first.Header("x-masterx-attempts"), second.Header("x-masterx-attempts")));
        Assert.Equal("0", second.Header("x-masterx-cost-usd"));
        Assert.NotEqual("0", first.Header("x-masterx-cost-usd"));
        Assert.Equal(await first.Content.ReadAsStringAsync(Token), await second.Content.ReadAsStringAsync(Token));
        Assert.Equal(2, await gateway.Emulator.CallsAsync("openai"));
    }

    [Theory]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":"é"}],"seed":1}""", """{ "seed": 1, "messages": [ {"content":"\u00e9","role":"user"} ] }""", true)]
    [InlineData("""{"messages":[{"role":"user","content":"a"}]}""", """{"messages":[{"role":"user","content":"b"}]}""", false)]
    [InlineData("""{"messages":[{"role":"user","content":"a"}]}""", """{"messages":[{"role":"user","content":"a"}],"temperature":0}""", false)]
    [InlineData("""{"messages":[{"role":"user","content":"a"}]}""", """{"messages":[{"role":"user","content":"a"}],"stream":true}""", false)]
    [InlineData(
        """{"messages":[{"role":"user","content":"a"}],"tools":[{"function":{"name":"f","parameters":{"properties":{"x":{},"y":{}}}}}]}""",
        """{"messages":[{"role":"user","content":"a"}],"tools":[{"function":{"name":"f","parameters":{"properties":{"y":{},"x":{}}}}}]}""", false)]
    public void Requests_are_alike_when_they_mean_the_same(string one, string other, bool alike) => Assert.Equal(alike, Key(one, "c") == Key(other, "c"));

    [Fact]
    public void Callers_are_kept_apart() =>
        Assert.NotEqual(Key("""{"messages":[{"role":"user","content":"a"}]}""", "one"), Key("""{"messages":[{"role":"user","content":"a"}]}""", "two"));

    [Theory]
    [InlineData(false, "false")]
    [InlineData(true, "true")]
    public async Task Another_callers_answer_is_given_only_where_the_route_shares(bool shared, string cached)
    {
        await using var gateway = new GatewayHost([.. Kept, ("Gateway:Routes:kept:CacheShared", shared ? "true" : "false")]);

        using var first = await SendAsync(gateway, "kept", ("x-masterx-consumer", "one"));
        using var second = await SendAsync(gateway, "kept", ("x-masterx-consumer", "two"));

        Assert.Equal(cached, second.Header("x-masterx-cached"));
    }

    [Fact]
    public async Task A_request_can_ask_for_it_itself_and_decline_it()
    {
        await using var gateway = new GatewayHost(Kept);

        using var asked = await SendAsync(gateway, "openai", ("x-masterx-cache", "60"));
        using var again = await SendAsync(gateway, "openai", ("x-masterx-cache", "60"));
        using var kept = await SendAsync(gateway, "kept");
        using var declined = await SendAsync(gateway, "kept", ("x-masterx-cache", "off"));
        using var nonsense = await SendAsync(gateway, "kept", ("x-masterx-cache", "for ever"));

        Assert.Equal(("false", "true", "false"), (asked.Header("x-masterx-cached"), again.Header("x-masterx-cached"), declined.Header("x-masterx-cached")));
        Assert.Equal(400, (int)nonsense.StatusCode);
    }

    [Fact]
    public async Task Failures_are_not_kept()
    {
        await using var gateway = new GatewayHost(Kept);
        await gateway.Emulator.BreakAsync("openai", new { status = 500 });
        using var failed = await gateway.AskAsync("hello", "kept");
        var failedStream = await StreamAsync(gateway);
        await gateway.Emulator.Http.DeleteAsync(new Uri("/_faults", UriKind.Relative), Token);

        using var answered = await gateway.AskAsync("hello", "kept");
        var stream = await StreamAsync(gateway);

        Assert.Equal((503, 503), ((int)failed.StatusCode, failedStream.Status));
        Assert.Equal((200, 200), ((int)answered.StatusCode, stream.Status));
    }

    [Theory]
    [InlineData(false, "content_filter", "chat/completions", "content_filter")]
    [InlineData(true, "content_filter", "chat/completions", "content_filter")]
    [InlineData(false, "length", "chat/completions", "length")]
    [InlineData(true, "length", "chat/completions", "length")]
    [InlineData(false, "content_filter", "messages", "refusal")]
    [InlineData(true, "content_filter", "messages", "refusal")]
    [InlineData(false, "length", "messages", "max_tokens")]
    [InlineData(true, "length", "messages", "max_tokens")]
    [InlineData(false, "length", "responses", "max_output_tokens")]
    [InlineData(true, "length", "responses", "max_output_tokens")]
    public async Task Filtered_and_truncated_answers_are_given_and_not_kept(bool stream, string reason, string path, string told)
    {
        var calls = 0;
        await using var provider = await ScriptedProvider.StartAsync(async context =>
        {
            calls++;
            if (stream)
            {
                context.Response.ContentType = "text/event-stream";
                await Microsoft.AspNetCore.Http.HttpResponseWritingExtensions.WriteAsync(
                    context.Response, "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"I\"},\"finish_reason\":null}]}\n\ndata: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"" + reason + "\"}]}\n\ndata: [DONE]\n\n");
                return;
            }

            await ScriptedProvider.JsonAsync(context, ScriptedProvider.Completion.Replace("\"stop\"", $"\"{reason}\"", StringComparison.Ordinal));
        });
        await using var gateway = new GatewayHost([.. Kept, ("Gateway:Providers:openai:BaseUrl", provider.Url), ("Gateway:Providers:openai:ResponsesApi", "false")]);
        object body = path == "responses"
            ? new { model = "kept", stream, input = "hello" }
            : new { model = "kept", stream, max_tokens = 9, messages = new[] { new { role = "user", content = "hello" } } };

        for (var i = 0; i < 2; i++)
        {
            using var answer = await gateway.Http.PostAsJsonAsync(new Uri($"/v1/{path}", UriKind.Relative), body, Token);
            Assert.Equal("false", answer.Header("x-masterx-cached"));
            Assert.Contains(told, await answer.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
        }

        Assert.Equal(2, calls);
    }

    [Theory]
    [InlineData("\"\"")]
    [InlineData("\"\\ud800\"")]
    public async Task Empty_and_unreadable_answers_are_given_and_not_kept(string content)
    {
        var calls = 0;
        await using var provider = await ScriptedProvider.StartAsync(async context =>
        {
            calls++;
            await ScriptedProvider.JsonAsync(
                context, $$"""{"choices":[{"index":0,"message":{"role":"assistant","content":{{content}}},"finish_reason":"stop"}]}""");
        });
        await using var gateway = new GatewayHost([.. Kept, ("Gateway:Providers:openai:BaseUrl", provider.Url)]);

        for (var i = 0; i < 2; i++)
        {
            using var answer = await gateway.AskAsync("hello", "kept");
            Assert.Equal((200, "false"), ((int)answer.StatusCode, answer.Header("x-masterx-cached")));
        }

        Assert.Equal(2, calls);
    }

    [Fact]
    public async Task A_stream_is_replayed_as_a_stream()
    {
        await using var gateway = new GatewayHost(Kept);

        var first = await StreamAsync(gateway);
        var second = await StreamAsync(gateway);

        Assert.True(second.IsWhole);
        Assert.Equal(first.Events, second.Events);
        Assert.Equal(("false", "true"), (first.Response.Header("x-masterx-cached"), second.Response.Header("x-masterx-cached")));
        Assert.Equal(1, await gateway.Emulator.CallsAsync("openai"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Requests_that_are_alike_and_under_way_share_one_call(bool stream)
    {
        await using var gateway = new GatewayHost(Kept);
        await gateway.Emulator.BreakAsync("openai", stream ? new { trickle_ms = 10 } : new { latency_ms = 300 });

        if (stream)
        {
            var streams = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => StreamAsync(gateway)));
            Assert.All(streams, answer => Assert.Equal((streams[0].Text, true), (answer.Text, answer.IsWhole)));
            Assert.Equal(1, streams.Count(answer => answer.Response.Header("x-masterx-cached") == "false"));
        }
        else
        {
            var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => gateway.AskAsync("hello", "kept")));
            Assert.All(answers, answer => Assert.Equal(200, (int)answer.StatusCode));
            Array.ForEach(answers, answer => answer.Dispose());
        }

        Assert.Equal(1, await gateway.Emulator.CallsAsync("openai"));
    }

    [Fact]
    public async Task The_one_call_goes_on_when_the_caller_it_was_made_for_leaves()
    {
        await using var gateway = new GatewayHost(Kept);
        await gateway.Emulator.BreakAsync("openai", new { trickle_ms = 30 });
        using var leaving = CancellationTokenSource.CreateLinkedTokenSource(Token);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = JsonContent.Create(Request()) };
        using var first = await gateway.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, leaving.Token);
        var following = StreamAsync(gateway);
        using var begun = await first.Content.ReadAsStreamAsync(Token);
        await begun.ReadExactlyAsync(new byte[100], Token);

        first.Dispose();
        await leaving.CancelAsync();

        var followed = await following;
        Assert.True(followed.IsWhole);
        Assert.Equal(1, await gateway.Emulator.CallsAsync("openai"));
    }

    private static object Request() => new { model = "kept", stream = true, messages = new[] { new { role = "user", content = "hello" } } };

    private static Task<ChatStream> StreamAsync(GatewayHost gateway) => ChatStream.ReadAsync(gateway.Http, Request());

    private static async Task<HttpResponseMessage> SendAsync(GatewayHost gateway, string model, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions")
        {
            Content = JsonContent.Create(new { model = model == "openai" ? "openai/m" : model, messages = new[] { new { role = "user", content = "hello" } } }),
        };
        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        return await gateway.Http.SendAsync(request, Token);
    }

    private static string Key(string body, string caller)
    {
        Assert.True(ModelRequest.TryParse(Operation.Chat, PoisoningPool.Buffer(body), out var request, out var problem, out _), problem);
        using (request)
        {
            return CacheKey.Of(new ModelRoute("kept", []), caller, request!);
        }
    }
}
