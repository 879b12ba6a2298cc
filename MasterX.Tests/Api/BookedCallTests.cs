using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using MasterX.Api.Calls;
using MasterX.Api.Storage;
using MasterX.Tests.Hosts;
using Microsoft.Extensions.DependencyInjection;

namespace MasterX.Tests.Api;

/// <summary>What is booked of calls that no model was asked for, and how long anybody waits for a booking.</summary>
public sealed class BookedCallTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>It is a fault of ours, and costs a consumer nothing: not even what was held for the call.</summary>
    [Theory]
    [InlineData("/v1/chat/completions", "Gateway:Token", "another-token-than-its-own")]
    [InlineData("/api/ai/generate", "Gateway:Token", "another-token-than-its-own")]
    [InlineData("/v1/chat/completions", "services:aigateway:http:0", "http://127.0.0.1:1")]
    [InlineData("/api/ai/generate", "services:aigateway:http:0", "http://127.0.0.1:1")]
    public async Task A_gateway_that_lets_nobody_in_leaves_nothing_to_be_booked(string path, string setting, string value)
    {
        await using var api = new ApiHost([(setting, value)]);
        await api.WaitReadyAsync();
        object question = path.StartsWith("/v1", StringComparison.Ordinal)
            ? new { model = "openai/m", messages = new[] { new { role = "user", content = "hello" } } }
            : new { model = "openai/m", prompt = "hello" };

        using var answer = await api.Http.SendAsync("POST", path, question);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        await api.Services.GetRequiredService<CallBook>().FlushAsync(TimeSpan.FromHours(1), Token).WaitAsync(TimeSpan.FromSeconds(30), Token);
        Assert.Equal(("0", "0"), ((await api.Http.GetJsonAsync("/api/usage")).Text("total", "requests"), (await api.Http.GetJsonAsync("/api/usage")).Text("total", "estimated")));
    }

    [Fact]
    public async Task Who_waits_for_a_call_that_has_ended_waits_no_longer_than_until_it_is_booked()
    {
        await using var api = new ApiHost();
        await api.WaitReadyAsync();
        var book = api.Services.GetRequiredService<CallBook>();
        var call = new Call { Id = Identifier.New("call"), KeyId = "key_1", At = DateTimeOffset.UtcNow, Instance = book.Instance, Expected = new(1, 1, null) };

        book.End(call);
        var waiting = book.FlushAsync(TimeSpan.FromHours(1), Token);
        book.Settle(new Settlement(call, []));

        await waiting.WaitAsync(TimeSpan.FromSeconds(30), Token);
    }

    /// <summary>From its start, and not from the first who asks: what it does not know then has not come to it.</summary>
    [Fact]
    public async Task A_gateway_tells_for_how_long_it_has_kept_records()
    {
        await using var gateway = new GatewayHost();
        using var started = await gateway.Http.GetAsync(new Uri("/v1/models", UriKind.Relative), Token);
        var since = Stopwatch.StartNew();
        using var another = await gateway.Http.GetAsync(new Uri("/v1/models", UriKind.Relative), Token);
        var elapsed = since.ElapsedMilliseconds;

        using var answer = await gateway.Http.PostAsJsonAsync("/calls", new { ids = new[] { "unknown" } }, Token);

        Assert.True((await answer.JsonAsync()).GetProperty("uptime_ms").GetInt64() >= elapsed);
    }
}
