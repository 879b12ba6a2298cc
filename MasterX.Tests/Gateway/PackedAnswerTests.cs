using System.Collections.Concurrent;
using System.Net;
using System.Text;
using MasterX.Tests.Hosts;
using Microsoft.AspNetCore.Http;

namespace MasterX.Tests.Gateway;

/// <summary>A provider that packs its answers, though nobody asks it to, is understood.</summary>
public sealed class PackedAnswerTests
{
    public static TheoryData<string> Codings => ["gzip", "br", "deflate", "zstd"];

    [Theory]
    [MemberData(nameof(Codings))]
    public async Task A_whole_answer_is_unpacked(string coding)
    {
        var asked = new ConcurrentQueue<string>();
        await using var provider = await ScriptedProvider.StartAsync(context =>
        {
            asked.Enqueue(context.Request.Headers.AcceptEncoding.ToString());
            return SendAsync(context, coding, Packed.Bytes(ScriptedProvider.Completion, coding));
        });
        await using var gateway = Gateway(provider);

        using var answer = await gateway.AskAsync("hello", "packed/m");

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal("10", answer.Header("x-masterx-tokens-in"));
        Assert.Equal("c1", (await answer.JsonAsync()).Text("id"));
        Assert.Equal(["identity"], asked);
    }

    [Theory]
    [MemberData(nameof(Codings))]
    public async Task A_stream_is_unpacked_event_by_event(string coding)
    {
        var heard = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var provider = await ScriptedProvider.StartAsync(async context =>
        {
            (context.Response.ContentType, context.Response.Headers.ContentEncoding) = ("text/event-stream", coding);
            await using var packing = Packed.Open(context.Response.Body, coding);
            await SayAsync(packing, """{"id":"c1","choices":[{"index":0,"delta":{"content":"one"}}]}""");
            await context.Response.Body.FlushAsync();
            await heard.Task;
            await SayAsync(packing, """{"id":"c1","choices":[{"index":0,"delta":{"content":"two"},"finish_reason":"stop"}]}""");
            await SayAsync(packing, "[DONE]");
        });
        await using var gateway = Gateway(provider);

        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions")
        {
            Content = new StringContent(
                """{"model":"packed/m","stream":true,"messages":[{"role":"user","content":"hello"}]}""", Encoding.UTF8, "application/json"),
        };
        using var answer = await gateway.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken));
        Assert.Contains("one", await reader.ReadLineAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        heard.SetResult();
        var rest = await reader.ReadToEndAsync(TestContext.Current.CancellationToken);

        Assert.Contains("two", rest, StringComparison.Ordinal);
        Assert.Contains("[DONE]", rest, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Codings))]
    public async Task The_reason_of_a_failure_is_unpacked(string coding)
    {
        const string Error = """{"error":{"message":"no such parameter: frobnicate","type":"invalid_request_error","param":"frobnicate"}}""";
        await using var provider = await ScriptedProvider.StartAsync(context => SendAsync(context, coding, Packed.Bytes(Error, coding), 400));
        await using var gateway = Gateway(provider);

        using var answer = await gateway.AskAsync("hello", "packed/m");

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains("frobnicate", (await answer.JsonAsync()).Text("error", "message"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("compress", false)]
    [InlineData("gzip", false)]
    [InlineData("br", false)]
    [InlineData("zstd", false)]
    [InlineData("gzip", true)]
    [InlineData("zstd", true)]
    public async Task What_cannot_be_unpacked_or_comes_to_too_much_asks_the_next_candidate(string coding, bool isLarge)
    {
        byte[] body = isLarge ? Packed.Bytes(new byte[17 * 1024 * 1024], coding) : [.. "This is not packed."u8];
        await using var provider = await ScriptedProvider.StartAsync(context => SendAsync(context, coding, body));
        await using var gateway = Gateway(provider);

        using var answer = await gateway.AskAsync("hello", "both");

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(("openai", "2"), (answer.Header("x-masterx-provider"), answer.Header("x-masterx-attempts")));
    }

    private static GatewayHost Gateway(ScriptedProvider provider) => new(
        ("Gateway:Providers:packed:BaseUrl", provider.Url), ("Gateway:Routes:both:Candidates:0", "packed/m"), ("Gateway:Routes:both:Candidates:1", "openai/m"));

    private static Task SendAsync(HttpContext context, string coding, byte[] body, int status = 200)
    {
        context.Response.StatusCode = status;
        (context.Response.ContentType, context.Response.Headers.ContentEncoding, context.Response.ContentLength) = ("application/json", coding, body.Length);
        return context.Response.Body.WriteAsync(body, context.RequestAborted).AsTask();
    }

    private static async Task SayAsync(Stream packing, string data)
    {
        await packing.WriteAsync(Encoding.UTF8.GetBytes($"data: {data}\n\n"));
        await packing.FlushAsync();
    }
}
