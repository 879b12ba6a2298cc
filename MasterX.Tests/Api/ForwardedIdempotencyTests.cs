using System.Net;
using System.Text;
using MasterX.Tests.Hosts;
using Microsoft.AspNetCore.Http;

namespace MasterX.Tests.Api;

/// <summary><c>Idempotency-Key</c> under <c>/v1</c>: an answer that was paid for once is not paid for again.</summary>
public sealed class ForwardedIdempotencyTests
{
    private const string Question = """{"model":"openai/gpt-4.1-mini","messages":[{"role":"user","content":"hello"}]}""";
    private const string StreamedQuestion = """{"model":"openai/gpt-4.1-mini","stream":true,"messages":[{"role":"user","content":"hello"}]}""";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("/v1/chat/completions", Question, "openai")]
    [InlineData("/v1/chat/completions", StreamedQuestion, "openai")]
    [InlineData("/v1/responses", """{"model":"openai/gpt-4.1-mini","input":"hello"}""", "openai")]
    [InlineData("/v1/responses", """{"model":"openai/gpt-4.1-mini","input":"hello","stream":true}""", "openai")]
    [InlineData("/v1/embeddings", """{"model":"openai/text-embedding-3-small","input":"hello"}""", "openai")]
    [InlineData("/v1/messages", """{"model":"openai/gpt-4.1-mini","max_tokens":100,"messages":[{"role":"user","content":"hello"}]}""", "openai")]
    [InlineData("/v1/messages", """{"model":"openai/gpt-4.1-mini","max_tokens":100,"stream":true,"messages":[{"role":"user","content":"hello"}]}""", "openai")]
    public async Task The_same_request_again_gets_the_same_bytes_and_costs_nothing(string path, string body, string provider)
    {
        await using var api = new ApiHost();
        await api.WaitReadyAsync();

        using var first = await PostAsync(api, path, body);
        using var second = await PostAsync(api, path, body);

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (first.StatusCode, second.StatusCode));
        Assert.Equal(await first.Content.ReadAsByteArrayAsync(Token), await second.Content.ReadAsByteArrayAsync(Token));
        Assert.Equal(first.Content.Headers.ContentType, second.Content.Headers.ContentType);
        Assert.Null(first.Header("Idempotency-Replayed"));
        Assert.Equal("true", second.Header("Idempotency-Replayed"));
        Assert.NotNull(first.Header("x-masterx-provider"));
        Assert.Equal(first.Header("x-masterx-provider"), second.Header("x-masterx-provider"));
        Assert.Equal(1, await api.Emulator.CallsAsync(provider));
        Assert.Equal("1", (await api.Http.GetJsonAsync("/api/usage")).Text("total", "requests"));
    }

    [Fact]
    public async Task Fifty_at_once_are_one_call_of_a_provider_and_one_that_is_paid()
    {
        await using var api = new ApiHost();
        await api.WaitReadyAsync();
        await api.Emulator.BreakAsync("openai", new { latency_ms = 500 });

        var answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => PostAsync(api, "/v1/chat/completions", Question)));

        Assert.Single((await Task.WhenAll(answers.Select(answer => answer.Content.ReadAsStringAsync(Token)))).Distinct());
        Assert.Equal(1, await api.Emulator.CallsAsync("openai"));
        Assert.Equal("1", (await api.Http.GetJsonAsync("/api/usage")).Text("total", "requests"));
    }

    [Theory]
    [InlineData("/v1/chat/completions", "invalid_request_error")]
    [InlineData("/v1/messages", "invalid_request_error")]
    public async Task Another_body_under_the_same_name_is_refused_in_the_form_that_is_spoken_there(string path, string type)
    {
        await using var api = new ApiHost();
        await api.WaitReadyAsync();
        const string Body = """{"model":"openai/gpt-4.1-mini","max_tokens":100,"messages":[{"role":"user","content":"hello"}]}""";
        using var first = await PostAsync(api, path, Body);

        using var second = await PostAsync(api, path, Body.Replace("hello", "bye", StringComparison.Ordinal));

        Assert.Equal(HttpStatusCode.UnprocessableEntity, second.StatusCode);
        var error = await second.JsonAsync();
        Assert.Equal(type, error.Text("error", "type"));
        Assert.Contains("Idempotency-Key", error.Text("error", "message"), StringComparison.Ordinal);
        Assert.Equal(path == "/v1/messages" ? "error" : null, error.Text("type"));
    }

    [Fact]
    public async Task A_refusal_is_not_given_again_when_its_cause_is_gone()
    {
        await using var api = new ApiHost();
        await api.WaitReadyAsync();
        foreach (var status in new[] { 400, 404, 429, 500 })
        {
            await api.Emulator.BreakAsync("openai", new { status });
            using var failed = await PostAsync(api, "/v1/chat/completions", Question, $"name-{status}");
            using var repaired = await api.Emulator.Http.DeleteAsync(new Uri("/_faults", UriKind.Relative), Token);

            using var second = await PostAsync(api, "/v1/chat/completions", Question, $"name-{status}");

            Assert.False(failed.IsSuccessStatusCode);
            Assert.Null(second.Header("Idempotency-Replayed"));
        }
    }

    [Fact]
    public async Task A_stream_that_broke_off_is_not_kept()
    {
        await using var api = new ApiHost();
        await api.WaitReadyAsync();
        await api.Emulator.BreakAsync("openai", new { cut_after = 4, trickle_ms = 40 });
        using var failed = await PostAsync(api, "/v1/chat/completions", StreamedQuestion);
        Assert.DoesNotContain("[DONE]", await failed.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
        using var repaired = await api.Emulator.Http.DeleteAsync(new Uri("/_faults", UriKind.Relative), Token);

        using var second = await PostAsync(api, "/v1/chat/completions", StreamedQuestion);

        Assert.Null(second.Header("Idempotency-Replayed"));
        Assert.Contains("[DONE]", await second.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stream_whose_caller_leaves_ends_and_is_not_kept()
    {
        var calls = 0;
        var left = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var provider = await ScriptedProvider.StartAsync(async context =>
        {
            var isFirst = Interlocked.Increment(ref calls) == 1;
            context.Response.ContentType = "text/event-stream";
            await context.Response.WriteAsync("data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"first \"}}]}\n\n", Token);
            await context.Response.Body.FlushAsync(Token);
            if (isFirst)
            {
                _ = context.RequestAborted.Register(() => left.TrySetResult());
                await Task.Delay(Timeout.Infinite, context.RequestAborted);
            }

            await context.Response.WriteAsync("data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n", Token);
        });
        await using var api = new ApiHost(gateway: new GatewayHost([("Gateway:Providers:openai:BaseUrl", provider.Url)]));
        await api.WaitReadyAsync();
        using (var leaving = await api.Http.SendAsync(Request("/v1/chat/completions", StreamedQuestion, "name"), HttpCompletionOption.ResponseHeadersRead, Token))
        {
            Assert.Equal(HttpStatusCode.OK, leaving.StatusCode);
        }

        await left.Task.WaitAsync(TimeSpan.FromSeconds(30), Token);
        using var second = await PostAsync(api, "/v1/chat/completions", StreamedQuestion);

        Assert.Contains("[DONE]", await second.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
        Assert.Null(second.Header("Idempotency-Replayed"));
        Assert.Equal(2, calls);
    }

    [Fact]
    public async Task A_caller_who_leaves_a_whole_answer_and_asks_again_gets_the_one_that_was_paid_for()
    {
        await using var api = new ApiHost();
        await api.WaitReadyAsync();
        await api.Emulator.BreakAsync("openai", new { latency_ms = 1000 });
        using var impatient = new CancellationTokenSource(200);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => api.Http.SendAsync(Request("/v1/chat/completions", Question, "name"), impatient.Token));
        using var second = await PostAsync(api, "/v1/chat/completions", Question);

        Assert.Equal(HttpStatusCode.OK, second.StatusCode);
        Assert.Equal(1, await api.Emulator.CallsAsync("openai"));
    }

    [Theory]
    [InlineData("data: {\"a\":1}\n\ndata: [DONE]\n\n", true)]
    [InlineData("data: {\"a\":1}\r\n\r\ndata: [DONE]\r\n\r\n: waiting\r\n\r\n", true)]
    [InlineData("event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n", true)]
    [InlineData("event: response.completed\ndata: {}\n\n", true)]
    [InlineData("event: response.incomplete\ndata: {}\n\ndata: [DONE]\n\n", true)]
    [InlineData("data: [DONE]\n\nevent: error\ndata: {}\n\n", false)]
    [InlineData("data: {\"content\":\"data: [DONE]\"}\n\n", false)]
    [InlineData("event: message_stop\ndata: {}\n\ndata: {\"error\":{}}\n\n", false)]
    [InlineData("event: response.failed\ndata: {}\n\n", false)]
    [InlineData("", false)]
    public void The_end_of_a_stream_is_known_by_its_last_event(string events, bool isWhole) =>
        Assert.Equal(isWhole, MasterX.Api.Idempotency.StreamEnd.IsWhole(Encoding.UTF8.GetBytes(events)));

    private static Task<HttpResponseMessage> PostAsync(ApiHost api, string path, string body, string name = "name") => api.Http.SendAsync(Request(path, body, name), Token);

    private static HttpRequestMessage Request(string path, string body, string name) =>
        new(HttpMethod.Post, path) { Content = new StringContent(body, Encoding.UTF8, "application/json"), Headers = { { "Idempotency-Key", name }, { "x-masterx-cache", "off" } } };
}
