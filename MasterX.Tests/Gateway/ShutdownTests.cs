using System.Net;
using System.Net.Http.Json;
using MasterX.Tests.Hosts;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace MasterX.Tests.Gateway;

/// <summary>A gateway that is asked to stop finishes what runs, and never cuts a stream silently.</summary>
public sealed class ShutdownTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_running_stream_is_finished()
    {
        await using var gateway = new GatewayHost();
        await gateway.Emulator.BreakAsync("openai", new { trickle_ms = 20 });

        var text = await StopWhileStreamingAsync(gateway);

        Assert.EndsWith("data: [DONE]\n\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stream_that_does_not_end_in_time_is_told_so()
    {
        await using var gateway = new GatewayHost(("shutdownTimeoutSeconds", "3"));
        await gateway.Emulator.BreakAsync("openai", new { stall_after = 3 });

        var text = await StopWhileStreamingAsync(gateway);

        Assert.Contains("\"code\":\"shutting_down\"", text, StringComparison.Ordinal);
        Assert.DoesNotContain("[DONE]", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stream_without_content_yet_is_refused_with_a_status_and_not_cut()
    {
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var silent = await ScriptedProvider.StartAsync(async context =>
        {
            context.Response.ContentType = "text/event-stream";
            await context.Response.WriteAsync("data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n", context.RequestAborted);
            await context.Response.Body.FlushAsync(context.RequestAborted);
            asked.TrySetResult();
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        });
        await using var gateway = new GatewayHost(("shutdownTimeoutSeconds", "3"), ("Gateway:Providers:openai:BaseUrl", silent.Url));
        var answer = gateway.ChatAsync(new { model = "openai/m", stream = true, messages = new[] { new { role = "user", content = "hello" } } });
        await asked.Task.WaitAsync(Token);

        gateway.Services.GetRequiredService<IHostApplicationLifetime>().StopApplication();

        using var refused = await answer;
        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        Assert.Equal("shutting_down", (await refused.JsonAsync()).Text("error", "code"));
    }

    /// <summary>Asks the gateway to stop once the stream has begun, and reads the stream to its end.</summary>
    private static async Task<string> StopWhileStreamingAsync(GatewayHost gateway)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions")
        {
            Content = JsonContent.Create(new { model = "openai/m", stream = true, messages = new[] { new { role = "user", content = "hello" } } }),
        };
        using var response = await gateway.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Token);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(Token));
        var begun = await reader.ReadLineAsync(Token);

        gateway.Services.GetRequiredService<IHostApplicationLifetime>().StopApplication();

        return begun + await reader.ReadToEndAsync(Token);
    }
}
