using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using MasterX.AiGateway.Caching;
using MasterX.Tests.Hosts;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace MasterX.Tests.Gateway;

/// <summary>What one caller of a shared stream does with its socket is nobody else's matter.</summary>
public sealed class SlowCallerTests
{
    private const int Chunks = 400;

    private const string End = "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";

    private static readonly string Chunk =
        $"data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{new string('x', 40_000)}\"}},\"finish_reason\":null}}]}}\n\n";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_creator_who_does_not_read_holds_up_nobody()
    {
        var joined = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var provider = await ScriptedProvider.StartAsync(async context =>
        {
            context.Response.ContentType = "text/event-stream";
            await context.Response.WriteAsync(Chunk, context.RequestAborted);
            await context.Response.Body.FlushAsync(context.RequestAborted);
            await joined.Task.WaitAsync(context.RequestAborted);
            for (var i = 1; i < Chunks; i++)
            {
                await context.Response.WriteAsync(Chunk, context.RequestAborted);
            }

            await context.Response.WriteAsync(End, context.RequestAborted);
        });
        await using var gateway = Gateway(provider.Url);
        using var stuck = await CallAndDoNotReadAsync(gateway);
        await UntilAsync(() => Followers(gateway) == 1);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = JsonContent.Create(Request) };
        using var follower = await gateway.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Token);
        Assert.Equal("true", follower.Header("x-masterx-cached"));
        joined.SetResult();

        var answer = await follower.Content.ReadAsStringAsync(Token);

        Assert.EndsWith("data: [DONE]\n\n", answer, StringComparison.Ordinal);
        Assert.True(answer.Length > Chunks * 40_000);
        stuck.Dispose();
        await UntilAsync(() => gateway.Services.GetRequiredService<StreamRecordings>().Held == (0, 0));
    }

    [Fact]
    public async Task Creator_and_follower_of_a_stream_without_content_are_told_the_same_when_the_gateway_goes_down()
    {
        await using var silent = await ScriptedProvider.StartAsync(async context =>
        {
            context.Response.ContentType = "text/event-stream";
            await context.Response.WriteAsync(": wait\n\n", context.RequestAborted);
            await context.Response.Body.FlushAsync(context.RequestAborted);
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        });
        await using var gateway = Gateway(silent.Url, ("shutdownTimeoutSeconds", "3"));
        var answers = Enumerable.Range(0, 2).Select(_ => gateway.ChatAsync(Request)).ToArray();
        await UntilAsync(() => Followers(gateway) == 2);

        gateway.Services.GetRequiredService<IHostApplicationLifetime>().StopApplication();

        foreach (var answer in await Task.WhenAll(answers))
        {
            Assert.Equal(503, (int)answer.StatusCode);
            Assert.Equal("shutting_down", (await answer.JsonAsync()).Text("error", "code"));
            answer.Dispose();
        }
    }

    private static object Request => new { model = "kept", stream = true, messages = new[] { new { role = "user", content = "hello" } } };

    private static GatewayHost Gateway(string provider, params (string, string?)[] settings) => new(
    [
        ("Gateway:Routes:kept:Candidates:0", "openai"), ("Gateway:Routes:kept:Cache", "00:05:00"),
        ("Gateway:Providers:openai:BaseUrl", provider), .. settings,
    ]);

    private static int Followers(GatewayHost gateway) => gateway.Services.GetRequiredService<StreamRecordings>().Followers;

    private static async Task UntilAsync(Func<bool> condition)
    {
        while (!condition())
        {
            await Task.Delay(5, Token);
        }
    }

    private static async Task<Socket> CallAndDoNotReadAsync(GatewayHost gateway)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 4096 };
        await socket.ConnectAsync(gateway.Address.Host, gateway.Address.Port, Token);
        var body = System.Text.Json.JsonSerializer.Serialize(Request);
        await socket.SendAsync(Encoding.ASCII.GetBytes(
            $"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {GatewayHost.Token}\r\n"
            + $"content-type: application/json\r\ncontent-length: {body.Length}\r\n\r\n{body}"), Token);
        return socket;
    }
}
