using System.Net;
using MasterX.Tests.Api;
using MasterX.Tests.Hosts;
using StackExchange.Redis;

namespace MasterX.Tests.Sharing;

/// <summary>Three gateways on one Redis keep a provider's limits as one does.</summary>
public sealed class SharedGatewayLimitTests
{
    [Fact]
    public async Task Three_gateways_let_exactly_as_many_pass_in_a_minute_as_one()
    {
        await using var redis = await RedisServer.StartAsync();
        var gateways = await Replicas.GatewaysAsync(redis, ("Gateway:Providers:openai:RequestsPerMinute", "100"));

        var answers = await Task.WhenAll(Enumerable.Range(0, 600).Select(i => gateways[i % 3].AskAsync("hello", "openai/some-model")));

        Assert.Equal(100, answers.Count(answer => answer.StatusCode == HttpStatusCode.OK));
        Assert.Equal(500, answers.Count(answer => answer.StatusCode == HttpStatusCode.TooManyRequests));
        Assert.All(answers.Where(answer => answer.StatusCode != HttpStatusCode.OK), answer => Assert.InRange(answer.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 60));
        Assert.Equal(100, await gateways[0].Emulator.CallsAsync("openai"));
        await gateways.DisposeAsync();
    }

    [Fact]
    public async Task No_more_calls_at_once_than_allowed_and_a_place_is_anybodys_once_it_is_free()
    {
        await using var redis = await RedisServer.StartAsync();
        var gateways = await Replicas.GatewaysAsync(redis, ("Gateway:Providers:openai:MaxConcurrency", "4"), ("Gateway:Providers:openai:RequestsPerMinute", "0"));
        await gateways[0].Emulator.BreakAsync("openai", new { latency_ms = 1500 });

        var answers = await Task.WhenAll(Enumerable.Range(0, 30).Select(i => gateways[i % 3].AskAsync("hello", "openai/some-model")));
        var others = await Task.WhenAll(Enumerable.Range(0, 30).Select(_ => gateways[2].AskAsync("hello", "openai/some-model")));

        Assert.Equal((4, 26), (answers.Count(answer => answer.StatusCode == HttpStatusCode.OK), answers.Count(answer => answer.StatusCode == HttpStatusCode.TooManyRequests)));
        Assert.Equal(4, others.Count(answer => answer.StatusCode == HttpStatusCode.OK));
        Assert.Equal(8, await gateways[0].Emulator.CallsAsync("openai"));
        await gateways.DisposeAsync();
    }

    [Fact]
    public async Task Tokens_are_settled_for_all()
    {
        await using var redis = await RedisServer.StartAsync();
        var gateways = await Replicas.GatewaysAsync(redis, ("Gateway:Providers:openai:TokensPerMinute", "250"));
        var request = new { model = "openai/m", messages = new[] { new { role = "user", content = string.Join(' ', Enumerable.Repeat("a", 100)) } } };

        await using var link = await redis.ConnectAsync();

        List<int> statuses = [];
        var spent = 0;
        foreach (var gateway in gateways)
        {
            using var answer = await gateway.ChatAsync(request);
            statuses.Add((int)answer.StatusCode);
            if (answer.IsSuccessStatusCode)
            {
                // What an answer has had is told behind it, a moment later.
                spent += (await answer.JsonAsync()).GetProperty("usage").GetProperty("total_tokens").GetInt32();
                await ApiCalls.UntilAsync(() => IsUsedAsync(link, spent), "what was answered is settled");
            }
        }

        // The estimates of the requests alone would let three pass; with the answers counted, two fill the minute.
        Assert.Equal([200, 200, 429], statuses);
        await gateways.DisposeAsync();
    }

    /// <summary>Whether Redis counts so much in a minute of somebody's.</summary>
    private static async Task<bool> IsUsedAsync(ConnectionMultiplexer link, int amount)
    {
        await foreach (var key in link.GetServers()[0].KeysAsync())
        {
            if (await link.GetDatabase().KeyTypeAsync(key) == RedisType.Hash && await link.GetDatabase().HashGetAsync(key, "used") == amount)
            {
                return true;
            }
        }

        return false;
    }

    [Fact]
    public async Task A_pause_that_a_provider_asks_one_for_is_kept_by_all()
    {
        await using var redis = await RedisServer.StartAsync();
        var gateways = await Replicas.GatewaysAsync(redis);
        await gateways[0].Emulator.BreakAsync("openai", new { status = 429, retry_after = 120 });
        using var told = await gateways[0].AskAsync("hello", "openai/m");
        await gateways[0].Emulator.Http.DeleteAsync(new Uri("/_faults", UriKind.Relative), TestContext.Current.CancellationToken);

        // What is told is on its way for a moment.
        HttpResponseMessage other;
        while ((other = await gateways[1].AskAsync("hello", "openai/m")).StatusCode == HttpStatusCode.OK)
        {
            other.Dispose();
        }

        Assert.Equal(HttpStatusCode.TooManyRequests, other.StatusCode);
        Assert.InRange(other.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 60, 120);
        Assert.Contains("outcome=cooling_down", other.Header("x-masterx-attempt-list"), StringComparison.Ordinal);
        other.Dispose();

        // Another model of it is not concerned, and who comes later knows as well.
        using var model = await gateways[1].AskAsync("hello", "openai/other");
        Assert.Equal(HttpStatusCode.OK, model.StatusCode);
        await using var late = new GatewayHost([.. redis.Settings(), ("Gateway:Providers:openai:BaseUrl", gateways[0].Emulator.UrlOf("openai"))]);
        await Replicas.WaitAsync([late.Http], "healthy");
        HttpResponseMessage again;
        while ((again = await late.AskAsync("hello", "openai/m")).StatusCode == HttpStatusCode.OK)
        {
            again.Dispose();
        }

        Assert.Contains("outcome=cooling_down", again.Header("x-masterx-attempt-list"), StringComparison.Ordinal);
        again.Dispose();
        await gateways.DisposeAsync();
    }
}
