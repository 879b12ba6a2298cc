using System.Text;
using MasterX.Tests.Hosts;

namespace MasterX.Tests.Sharing;

/// <summary>What one gateway has kept another answers with; to whom it was said, and to nobody else.</summary>
public sealed class SharedCacheTests
{
    private static readonly (string, string?)[] Kept = [("Gateway:Routes:kept:Candidates:0", "openai"), ("Gateway:Routes:kept:Cache", "00:05:00")];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_answer_of_one_gateway_is_given_by_another(bool stream)
    {
        await using var redis = await RedisServer.StartAsync();
        var gateways = await Replicas.GatewaysAsync(redis, Kept);

        var (text, cached) = await AskAsync(gateways[0], "hello", "one", stream);
        await UntilKeptAsync(redis, 1);
        var (again, cachedAgain) = await AskAsync(gateways[1], "hello", "one", stream);
        var (third, cachedThird) = await AskAsync(gateways[1], "hello", "one", stream);

        Assert.Equal(("false", "true", "true"), (cached, cachedAgain, cachedThird));
        Assert.Equal((text, text), (again, third));
        Assert.Equal(1, await gateways[0].Emulator.CallsAsync("openai"));
        await gateways.DisposeAsync();
    }

    [Fact]
    public async Task Consumers_are_kept_apart_even_where_their_entries_are_exchanged()
    {
        await using var redis = await RedisServer.StartAsync();
        var gateways = await Replicas.GatewaysAsync(redis, Kept);
        await AskAsync(gateways[0], "hello", "one", stream: false);
        var (_, others) = await AskAsync(gateways[1], "hello", "two", stream: false);
        await UntilKeptAsync(redis, 2);

        await using var look = await redis.ConnectAsync();
        var database = look.GetDatabase();
        var keys = look.GetServers()[0].Keys(pattern: "*:answer:*").ToArray();
        var values = await Task.WhenAll(keys.Select(key => database.StringGetAsync(key)));
        await database.StringSetAsync(keys[0], values[1]);
        await database.StringSetAsync(keys[1], values[0]);
        var (_, exchanged) = await AskAsync(gateways[2], "hello", "one", stream: false);

        Assert.Equal(("false", "false"), (others, exchanged));
        Assert.All(values, value => Assert.DoesNotContain("choices", Encoding.Latin1.GetString((byte[])value!), StringComparison.Ordinal));
        Assert.All(keys, key => Assert.InRange(database.KeyTimeToLive(keys[0])?.TotalMinutes ?? 5, 0, 5));
        await gateways.DisposeAsync();
    }

    private static async Task<(string Text, string? Cached)> AskAsync(GatewayHost gateway, string prompt, string consumer, bool stream)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions")
        {
            Content = new StringContent($$"""{"model":"kept","stream":{{(stream ? "true" : "false")}},"messages":[{"role":"user","content":"{{prompt}}"}]}""", Encoding.UTF8, "application/json"),
            Headers = { { "x-masterx-consumer", consumer } },
        };
        using var answer = await gateway.Http.SendAsync(request, Token);
        return (await answer.Content.ReadAsStringAsync(Token), answer.Header("x-masterx-cached"));
    }

    private static async Task UntilKeptAsync(RedisServer redis, int count)
    {
        await using var look = await redis.ConnectAsync();
        while (look.GetServers()[0].Keys(pattern: "*:answer:*").Count() < count)
        {
            await Task.Delay(20, Token);
        }
    }
}
