using System.Net.Http.Json;
using MasterX.Tests.Hosts;
using Microsoft.AspNetCore.Http;

namespace MasterX.Tests.Gateway;

/// <summary>A caller whose stream is silent hears comments, before its content and behind it, and is told all the same how it ended.</summary>
public sealed class KeepAliveTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Comments_come_until_the_provider_speaks_and_who_it_was_is_in_the_record()
    {
        var heard = new TaskCompletionSource();
        await using var provider = await ScriptedProvider.StartAsync(async context =>
        {
            context.Response.ContentType = "text/event-stream";
            await context.Response.Body.FlushAsync();
            await heard.Task.WaitAsync(context.RequestAborted);
            await context.Response.WriteAsync("data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hi\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n");
        });
        await using var gateway = new GatewayHost(("Gateway:Providers:openai:BaseUrl", provider.Url), ("Gateway:KeepAlive", "00:00:00.050"));
        gateway.Http.DefaultRequestHeaders.Add("x-masterx-call", "c");

        using var answer = await AskAsync(gateway, "openai/m");
        using var lines = new StreamReader(await answer.Content.ReadAsStreamAsync(Token));
        var first = await lines.ReadLineAsync(Token);
        heard.SetResult();
        var rest = await lines.ReadToEndAsync(Token);

        Assert.Equal((200, ": keep-alive"), ((int)answer.StatusCode, first));
        Assert.Contains("\"hi\"", rest, StringComparison.Ordinal);
        Assert.EndsWith("data: [DONE]\n\n", rest, StringComparison.Ordinal);
        var attempt = Assert.Single((await gateway.RecordAsync("c")).GetProperty("attempts").EnumerateArray());
        Assert.Equal(("openai", "m", "success"), (attempt.Text("provider"), attempt.Text("model"), attempt.Text("outcome")));
    }

    [Theory]
    [InlineData("chat/completions", "data: {\"error\":{")]
    [InlineData("messages", "event: error\ndata: {\"type\":\"error\"")]
    public async Task A_failure_behind_a_comment_is_an_error_event(string path, string expected)
    {
        var heard = new TaskCompletionSource();
        await using var provider = await ScriptedProvider.StartAsync(async context =>
        {
            await heard.Task.WaitAsync(context.RequestAborted);
            await ScriptedProvider.JsonAsync(context, """{"error":{"message":"down"}}""", 500);
        });
        await using var gateway = new GatewayHost(("Gateway:Providers:openai:BaseUrl", provider.Url), ("Gateway:KeepAlive", "00:00:00.050"));

        using var answer = await AskAsync(gateway, "openai/m", path);
        using var lines = new StreamReader(await answer.Content.ReadAsStreamAsync(Token));
        await lines.ReadLineAsync(Token);
        heard.SetResult();
        var rest = await lines.ReadToEndAsync(Token);

        Assert.Contains(expected, rest, StringComparison.Ordinal);
        Assert.Contains("All providers failed: openai (500, provider_failed).", rest, StringComparison.Ordinal);
        Assert.DoesNotContain("[DONE]", rest, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_follows_another_callers_stream_hears_comments_too_and_how_it_ended()
    {
        var heard = new TaskCompletionSource();
        await using var provider = await ScriptedProvider.StartAsync(async context =>
        {
            context.Response.ContentType = "text/event-stream";
            await heard.Task.WaitAsync(context.RequestAborted);
            await context.Response.WriteAsync("data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hi\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n");
        });
        await using var gateway = new GatewayHost(
            ("Gateway:Providers:openai:BaseUrl", provider.Url), ("Gateway:KeepAlive", "00:00:00.050"), ("Gateway:Routes:kept:Cache", "00:05:00"), ("Gateway:Routes:kept:Candidates:0", "openai/m"));

        using var first = await AskAsync(gateway, "kept");
        using var second = await AskAsync(gateway, "kept");
        using var lines = new StreamReader(await first.Content.ReadAsStreamAsync(Token));
        using var others = new StreamReader(await second.Content.ReadAsStreamAsync(Token));
        var comments = (await lines.ReadLineAsync(Token), await others.ReadLineAsync(Token));
        heard.SetResult();
        var (rest, rests) = (await lines.ReadToEndAsync(Token), await others.ReadToEndAsync(Token));

        Assert.Equal((": keep-alive", ": keep-alive"), comments);
        Assert.Contains("\"hi\"", rest, StringComparison.Ordinal);
        Assert.Contains("\"hi\"", rests, StringComparison.Ordinal);
        Assert.EndsWith("data: [DONE]\n\n", rests, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_failure_behind_a_followers_comment_is_an_error_event()
    {
        var heard = new TaskCompletionSource();
        await using var provider = await ScriptedProvider.StartAsync(async context =>
        {
            await heard.Task.WaitAsync(context.RequestAborted);
            await ScriptedProvider.JsonAsync(context, """{"error":{"message":"down"}}""", 500);
        });
        await using var gateway = new GatewayHost(
            ("Gateway:Providers:openai:BaseUrl", provider.Url), ("Gateway:KeepAlive", "00:00:00.050"), ("Gateway:Routes:kept:Cache", "00:05:00"), ("Gateway:Routes:kept:Candidates:0", "openai/m"));

        using var answer = await AskAsync(gateway, "kept");
        using var lines = new StreamReader(await answer.Content.ReadAsStreamAsync(Token));
        await lines.ReadLineAsync(Token);
        heard.SetResult();

        Assert.Contains("All providers failed: openai (500, provider_failed).", await lines.ReadToEndAsync(Token), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_provider_spent_that_broke_off_is_in_the_bill_and_all_attempts_are_told()
    {
        await using var breaking = await ScriptedProvider.StartAsync(context =>
        {
            // It ends before its finish.
            context.Response.ContentType = "text/event-stream";
            return context.Response.WriteAsync("data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"one \"}}],\"usage\":{\"prompt_tokens\":100,\"completion_tokens\":10}}\n\n");
        });
        await using var going = await ScriptedProvider.StartAsync(context =>
        {
            context.Response.ContentType = "text/event-stream";
            return context.Response.WriteAsync("data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"two\"},\"finish_reason\":\"stop\"}]}\n\ndata: {\"choices\":[],\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":2}}\n\ndata: [DONE]\n\n");
        });
        await using var gateway = new GatewayHost(
            ("Gateway:Providers:openai:BaseUrl", breaking.Url), ("Gateway:Providers:groq:BaseUrl", going.Url), ("Gateway:Routes:both:Resume", "true"),
            ("Gateway:Routes:both:Candidates:0", "openai/a"), ("Gateway:Routes:both:Candidates:1", "groq/b"));

        gateway.Http.DefaultRequestHeaders.Add("x-masterx-call", "resumed");
        using var answer = await AskAsync(gateway, "both");
        var text = await answer.Content.ReadAsStringAsync(Token);

        Assert.Contains("\"one \"", text, StringComparison.Ordinal);
        Assert.Contains("\"two\"", text, StringComparison.Ordinal);
        var record = await gateway.RecordAsync("resumed");
        Assert.Equal(
            [("openai", "broken_answer", 100, 10, true), ("groq", "success", 5, 2, false)],
            record.GetProperty("spent").EnumerateArray().Select(spent => (
                spent.Text("provider")!, spent.Text("outcome")!, spent.GetProperty("input_tokens").GetInt32(), spent.GetProperty("output_tokens").GetInt32(), spent.GetProperty("estimated").GetBoolean())));
        Assert.Equal(
            [("openai", "a", "broken_answer"), ("groq", "b", "success")],
            record.GetProperty("attempts").EnumerateArray().Select(attempt => (attempt.Text("provider")!, attempt.Text("model")!, attempt.Text("outcome")!)));
    }

    private static async Task<HttpResponseMessage> AskAsync(GatewayHost gateway, string model, string path = "chat/completions")
    {
        using var message = new HttpRequestMessage(HttpMethod.Post, new Uri($"/v1/{path}", UriKind.Relative))
        {
            Content = JsonContent.Create(new { model, stream = true, max_tokens = 10, messages = new[] { new { role = "user", content = "x" } } }),
        };
        return await gateway.Http.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, Token);
    }
}
