using System.Net;
using System.Net.Http.Json;
using System.Net.ServerSentEvents;
using System.Text.Json;
using MasterX.Tests.Hosts;
using Microsoft.AspNetCore.Http;

namespace MasterX.Tests.Api;

/// <summary><c>POST /api/ai/generate</c> as a stream of events.</summary>
public sealed class GenerateStreamTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(true, null)]
    [InlineData(null, "text/event-stream")]
    public async Task The_text_comes_in_pieces_and_then_what_it_was(bool? stream, string? accept)
    {
        await using var api = new ApiHost();
        await api.WaitReadyAsync();

        var events = await ReadAsync(api, new { prompt = "What is a circuit breaker?", model = "openai/gpt-4.1-mini", stream }, accept);

        var (type, done) = events[^1];
        Assert.Equal("done", type);
        Assert.True(events.Count > 5);
        Assert.All(events.SkipLast(1), item => Assert.Equal("delta", item.Type));
        Assert.Equal(done.Text("content"), string.Concat(events.SkipLast(1).Select(item => item.Data.Text("content"))));
        Assert.Equal(("openai", "success"), (done.Text("provider"), done.Text("attempts", "0", "outcome")));
        Assert.InRange(done.GetProperty("confidence").GetDouble(), 0.5, 1);
        Assert.True(done.GetProperty("cost").GetDecimal() > 0);
        var kept = await api.Http.GetJsonAsync($"/api/ai/generations/{done.Text("id")}");
        Assert.Equal((done.Text("content"), "False"), (kept.Text("content"), kept.Text("interrupted")));
        var usage = await api.Http.GetJsonAsync("/api/usage");
        Assert.Equal((done.Text("usage", "output_tokens"), done.Text("cost")), (usage.Text("total", "output_tokens"), usage.Text("total", "cost_usd")));
    }

    [Fact]
    public async Task Before_the_first_piece_a_failure_is_a_problem_with_its_status()
    {
        await using var api = new ApiHost();
        await api.WaitReadyAsync();
        foreach (var provider in new[] { "gemini", "groq", "openai" })
        {
            await api.Emulator.BreakAsync(provider, new { status = 500 });
        }

        using var answer = await api.GenerateAsync(new { prompt = "x", stream = true });

        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.Equal(3, (await answer.JsonAsync()).GetProperty("attempts").GetArrayLength());
    }

    [Fact]
    public async Task A_stream_that_breaks_off_ends_with_an_error_and_what_came_is_kept_and_marked()
    {
        await using var api = new ApiHost();
        await api.WaitReadyAsync();
        await api.Emulator.BreakAsync("openai", new { cut_after = 4, trickle_ms = 40 });

        var events = await ReadAsync(api, new { prompt = "x", model = "openai/m", stream = true });

        var (type, error) = events[^1];
        Assert.Equal(("error", "503"), (type, error.Text("status")));
        var kept = await api.Http.GetJsonAsync($"/api/ai/generations/{error.Text("id")}");
        Assert.Equal(("True", "False"), (kept.Text("interrupted"), kept.Text("success")));
        Assert.Equal(string.Concat(events.SkipLast(1).Select(item => item.Data.Text("content"))), kept.Text("content"));
        Assert.NotEmpty(kept.Text("content")!);
    }

    [Fact]
    public async Task A_caller_who_leaves_ends_the_providers_call_and_what_came_is_kept_marked_and_accounted()
    {
        var left = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var endless = await ScriptedProvider.StartAsync(async context =>
        {
            context.Response.ContentType = "text/event-stream";
            try
            {
                while (true)
                {
                    await context.Response.WriteAsync("data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"more and more \"}}]}\n\n", context.RequestAborted);
                    await context.Response.Body.FlushAsync(context.RequestAborted);
                    await Task.Delay(20, context.RequestAborted);
                }
            }
            finally
            {
                // Told here and not by a callback of the token: the delay above hears of it before that, and takes the callback along.
                left.TrySetResult();
            }
        });
        await using var api = new ApiHost(gateway: new GatewayHost(("Gateway:Providers:openai:BaseUrl", endless.Url)));
        await api.WaitReadyAsync();

        using (var response = await SendAsync(api, new { prompt = "never ends", model = "openai/gpt-4.1-mini", stream = true }))
        await using (var events = Events(response).GetAsyncEnumerator(Token))
        {
            Assert.True(await events.MoveNextAsync());
        }

        await left.Task.WaitAsync(TimeSpan.FromSeconds(20), Token);
        await ApiCalls.UntilAsync(async () => (await api.Http.GetJsonAsync("/api/ai/generations")).GetProperty("items").GetArrayLength() == 1, "the partial text is kept");
        var kept = (await api.Http.GetJsonAsync("/api/ai/generations")).GetProperty("items")[0];
        Assert.Equal("True", kept.Text("interrupted"));
        Assert.StartsWith("more and more ", kept.Text("content"), StringComparison.Ordinal);
        Assert.True(kept.GetProperty("cost").GetDecimal() > 0);
        Assert.True((await api.Http.GetJsonAsync("/api/usage")).GetProperty("total").GetProperty("cost_usd").GetDecimal() > 0);
    }

    private static async Task<List<(string Type, JsonElement Data)>> ReadAsync(ApiHost api, object request, string? accept = null)
    {
        using var response = await SendAsync(api, request, accept);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType!.MediaType);
        List<(string, JsonElement)> events = [];
        await foreach (var item in Events(response))
        {
            events.Add((item.EventType, JsonElement.Parse(item.Data)));
        }

        return events;
    }

    private static Task<HttpResponseMessage> SendAsync(ApiHost api, object request, string? accept = null)
    {
        var message = new HttpRequestMessage(HttpMethod.Post, "/api/ai/generate") { Content = JsonContent.Create(request) };
        if (accept is not null)
        {
            message.Headers.Accept.ParseAdd(accept);
        }

        return api.Http.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, Token);
    }

    private static async IAsyncEnumerable<SseItem<string>> Events(HttpResponseMessage response)
    {
        await foreach (var item in SseParser.Create(await response.Content.ReadAsStreamAsync(Token)).EnumerateAsync(Token))
        {
            yield return item;
        }
    }
}
