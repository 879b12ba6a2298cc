using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Json;
using MasterX.Tests.Hosts;
using Microsoft.AspNetCore.Http;

namespace MasterX.Tests.Api;

/// <summary><c>/v1</c>: the gateway behind a consumer's key.</summary>
public sealed class OpenAiDoorTests
{
    private static readonly object Question = new { model = "openai/gpt-4.1-mini", messages = new[] { new { role = "user", content = "hello" } } };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_answer_is_passed_on_and_accounted()
    {
        await using var api = new ApiHost();
        var (_, _, client) = await api.MakeKeyAsync();
        using var consumer = client;

        using var answer = await consumer.SendAsync("POST", "/v1/chat/completions", Question);

        var usage = (await answer.JsonAsync()).GetProperty("usage");
        var total = (await consumer.GetJsonAsync("/api/usage")).GetProperty("total");
        Assert.Equal((usage.Text("prompt_tokens"), usage.Text("completion_tokens")), (total.Text("input_tokens"), total.Text("output_tokens")));
        Assert.Equal(decimal.Parse(answer.Header("x-masterx-cost-usd")!, System.Globalization.CultureInfo.InvariantCulture), total.GetProperty("cost_usd").GetDecimal());
    }

    [Fact]
    public async Task A_stream_is_passed_on_as_it_comes_and_accounted_by_its_end()
    {
        await using var api = new ApiHost();
        var (_, _, client) = await api.MakeKeyAsync();
        using var consumer = client;

        var stream = await ChatStream.ReadAsync(consumer, new { model = "openai/gpt-4.1-mini", stream = true, stream_options = new { include_usage = true }, messages = new[] { new { role = "user", content = "hello" } } });

        Assert.True(stream.IsWhole);
        var usage = stream.Chunks.Last().GetProperty("usage");
        var total = (await consumer.GetJsonAsync("/api/usage")).GetProperty("total");
        Assert.Equal((usage.Text("prompt_tokens"), usage.Text("completion_tokens")), (total.Text("input_tokens"), total.Text("output_tokens")));
        Assert.True(total.GetProperty("cost_usd").GetDecimal() > 0);
    }

    [Fact]
    public async Task Events_are_not_held_back_and_who_leaves_ends_the_providers_call_and_pays_for_what_was_heard()
    {
        var more = new SemaphoreSlim(0);
        var left = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var stepwise = await ScriptedProvider.StartAsync(async context =>
        {
            context.Response.ContentType = "text/event-stream";
            _ = context.RequestAborted.Register(() => left.TrySetResult());
            while (true)
            {
                await context.Response.WriteAsync("data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"one more \"}}]}\n\n", context.RequestAborted);
                await context.Response.Body.FlushAsync(context.RequestAborted);
                await more.WaitAsync(context.RequestAborted);
            }
        });
        await using var api = new ApiHost(gateway: new GatewayHost(("Gateway:Providers:openai:BaseUrl", stepwise.Url)));
        await api.WaitReadyAsync();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = JsonContent.Create(new { model = "openai/gpt-4.1-mini", stream = true, messages = new[] { new { role = "user", content = "hello" } } }) };

        using (var response = await api.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Token))
        using (var lines = new StreamReader(await response.Content.ReadAsStreamAsync(Token)))
        {
            for (var i = 0; i < 5; i++)
            {
                // Each is asked for only when the one before has arrived.
                Assert.Contains("one more", await lines.ReadLineAsync(Token), StringComparison.Ordinal);
                await lines.ReadLineAsync(Token);
                more.Release();
            }
        }

        await left.Task.WaitAsync(TimeSpan.FromSeconds(20), Token);
        await ApiCalls.UntilAsync(async () => (await api.Http.GetJsonAsync("/api/usage")).GetProperty("total").GetProperty("cost_usd").GetDecimal() > 0, "what was heard is accounted");
    }

    [Fact]
    public async Task What_the_gateway_is_told_is_its_token_and_the_consumers_id_and_nothing_of_the_consumers_own()
    {
        var seen = new ConcurrentBag<(string Name, string Value)>();
        await using var gateway = await ScriptedProvider.StartAsync(context =>
        {
            foreach (var header in context.Request.Headers)
            {
                seen.Add((header.Key.ToUpperInvariant(), header.Value.ToString()));
            }

            return ScriptedProvider.JsonAsync(context, ScriptedProvider.Completion);
        });
        await using var api = new ApiHost([("services:aigateway:http:0", gateway.Url)]);
        var (id, key, client) = await api.MakeKeyAsync();
        using var consumer = client;

        using var answer = await consumer.SendAsync(
            "POST", "/v1/chat/completions", Question,
            ("Cookie", "session=secret"), ("X-Api-Key", key), ("X-Forwarded-For", "203.0.113.7"), ("x-masterx-consumer", "admin"), ("Connection", "x-smuggled"), ("x-smuggled", "1"), ("OpenAI-Organization", "org"));

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Contains(("AUTHORIZATION", $"Bearer {GatewayHost.Token}"), seen);
        Assert.Contains(("X-MASTERX-CONSUMER", id), seen);
        Assert.DoesNotContain(seen, header => header.Value.Contains(key, StringComparison.Ordinal) || header.Value.Contains("secret", StringComparison.Ordinal) || header.Value == "admin");
        Assert.DoesNotContain(seen, header => header.Name is "COOKIE" or "X-FORWARDED-FOR" or "X-SMUGGLED" or "X-API-KEY");
    }

    [Theory]
    [InlineData("POST", "/v1/chat/completions", null, 401, "invalid_api_key")]
    [InlineData("POST", "/v1/chat/completions", "Bearer mx_wrong", 401, "invalid_api_key")]
    [InlineData("GET", "/v1/models", null, 401, "invalid_api_key")]
    [InlineData("GET", "/v1/nothing", "Bearer mx-dev", 404, "unknown_url")]
    [InlineData("DELETE", "/v1/models", "Bearer mx-dev", 405, "method_not_allowed")]
    [InlineData("GET", "/v1/models/no-such-model", "Bearer mx-dev", 404, "model_not_found")]
    public async Task Refusals_are_OpenAI_errors(string method, string path, string? authorization, int status, string code)
    {
        await using var api = new ApiHost();
        await api.WaitReadyAsync();

        using var answer = await api.Anonymous.SendAsync(method, path, method == "POST" ? Question : null, authorization is null ? [] : [("Authorization", authorization)]);

        Assert.Equal(status, (int)answer.StatusCode);
        var error = (await answer.JsonAsync()).GetProperty("error");
        Assert.Equal(code, error.Text("code"));
        Assert.NotEmpty(error.Text("message")!);
        Assert.NotEmpty(error.Text("trace_id")!);
    }

    [Fact]
    public async Task A_photo_of_20_MiB_gets_through_to_the_provider()
    {
        await using var api = new ApiHost();
        await api.WaitReadyAsync();
        var image = $$$"""{"type":"image_url","image_url":{"url":"data:image/png;base64,{{{new string('A', 20 * 1024 * 1024)}}}"}}""";

        using var answer = await api.PostRawAsync(
            "/v1/chat/completions", $$"""{"model":"openai/m","messages":[{"role":"user","content":[{{image}}]}]}""");

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(1, await api.Emulator.CallsAsync("openai"));
    }

    [Theory]
    [InlineData("{", 400)]
    [InlineData("""{"messages":[]}""", 400)]
    [InlineData("""{"model":"no-such-model","messages":[{"role":"user","content":"x"}]}""", 404)]
    public async Task A_bad_request_is_refused_by_the_gateway_and_costs_nothing(string body, int status)
    {
        await using var api = new ApiHost();
        await api.WaitReadyAsync();

        using var answer = await api.PostRawAsync("/v1/chat/completions", body);

        Assert.Equal(status, (int)answer.StatusCode);
        Assert.Equal("invalid_request_error", (await answer.JsonAsync()).Text("error", "type"));
        Assert.Equal("0", (await api.Http.GetJsonAsync("/api/usage")).Text("total", "requests"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_gateway_that_is_gone_or_does_not_know_this_service_is_a_503_and_not_the_consumers_fault(bool gone)
    {
        await using var api = new ApiHost(gone ? [("services:aigateway:http:0", "http://127.0.0.1:1")] : [("Gateway:Token", "another-token-than-its-own")]);
        await api.WaitReadyAsync();

        using var answer = await api.Http.SendAsync("POST", "/v1/chat/completions", Question);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.Contains("AI gateway", (await answer.JsonAsync()).Text("error", "message"), StringComparison.Ordinal);
        Assert.NotNull(answer.Headers.RetryAfter);
    }
}
