using System.Net.Http.Json;
using MasterX.Tests.Hosts;
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
