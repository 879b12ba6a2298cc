using System.Text;
using MasterX.AiGateway.Providers;
using MasterX.AiGateway.Requests;
using MasterX.AiGateway.Streaming;
using MasterX.Tests.Hosts;
using Microsoft.Extensions.DependencyInjection;

namespace MasterX.Tests.Gateway;

/// <summary>What a provider's stream holds is given back, whatever goes wrong at its end.</summary>
public sealed class ProviderStreamTests
{
    [Fact]
    public async Task A_stream_that_cannot_be_ended_gives_its_place_back_once()
    {
        await using var gateway = new GatewayHost();
        using var provider = new Provider(
            "p", new ProviderOptions { BaseUrl = "http://127.0.0.1:1/v1", MaxConcurrency = 1, TokensPerMinute = 1000 }, TimeProvider.System);
        var candidate = provider.CandidateOf("m");
        var key = provider.Limits.Keys.Span[0];
        Assert.Null(key.Limits.TryEnter(100, out var lease));
        Assert.True(ModelRequest.TryParse(Operation.Chat, PoisoningPool.Buffer("""{"messages":[{}],"stream":true}"""), out var request, out _, out _));
        using var asked = request;
        using var response = new HttpResponseMessage();
        var stream = new ProviderStream(
            response, new BadStream(), candidate, request!, default, new OpenAiFrames { CallerWantsUsage = false }, null,
            gateway.Services.GetRequiredService<Accounting>(),
            new AttemptClock(TimeProvider.System, TimeProvider.System.GetTimestamp(), TimeSpan.FromMinutes(1)), 1_000_000, default);
        stream.Keep(lease, candidate.Gate, key);
        await stream.ReadAsync(TimeSpan.FromMinutes(1));
        Assert.NotNull(key.Limits.TryEnter(100, out _));

        Assert.Throws<IOException>(stream.Dispose);
        Assert.Throws<IOException>(stream.Dispose);

        Assert.Null(key.Limits.TryEnter(100, out var next));
        Assert.NotNull(key.Limits.TryEnter(100, out _));
        next!.Dispose();
    }

    /// <summary>A stream that cannot be closed.</summary>
    private sealed class BadStream() : MemoryStream(Encoding.ASCII.GetBytes("data: {\"choices\":[]}\n\n"))
    {
        protected override void Dispose(bool disposing)
        {
            base.Dispose(disposing);
            throw new IOException("It cannot be closed.");
        }
    }
}
