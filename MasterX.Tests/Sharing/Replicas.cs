using System.Text.Json;
using MasterX.Tests.Hosts;

namespace MasterX.Tests.Sharing;

/// <summary>What the tests of shared limits ask of a replica.</summary>
internal static class Replicas
{
    /// <summary>Three gateways, with one emulator behind them.</summary>
    public static async Task<GatewayHost[]> GatewaysAsync(RedisServer redis, params IEnumerable<(string Key, string? Value)> settings)
    {
        var first = new GatewayHost([.. redis.Settings(), .. settings]);
        (string, string?)[] same = [.. new[] { "gemini", "groq", "openai", "anthropic" }.Select(provider => ($"Gateway:Providers:{provider}:BaseUrl", (string?)first.Emulator.UrlOf(provider)))];
        GatewayHost[] all = [first, new GatewayHost([.. redis.Settings(), .. same, .. settings]), new GatewayHost([.. redis.Settings(), .. same, .. settings])];
        await WaitAsync(all.Select(gateway => gateway.Http), "healthy");
        return all;
    }

    /// <summary>Waits until each says of its shared limits what it is to say.</summary>
    public static async Task WaitAsync(IEnumerable<HttpClient> replicas, string status)
    {
        foreach (var replica in replicas)
        {
            while ((await SharedAsync(replica)).GetProperty("status").GetString() != status)
            {
                await Task.Delay(50, TestContext.Current.CancellationToken);
            }
        }
    }

    /// <summary>What a replica's health says of its shared limits.</summary>
    public static async Task<JsonElement> SharedAsync(HttpClient replica)
    {
        using var answer = await replica.GetAsync(new Uri("/health", UriKind.Relative), TestContext.Current.CancellationToken);
        return (await answer.JsonAsync()).GetProperty("checks").GetProperty("shared_limits");
    }

    public static async ValueTask DisposeAsync(this IEnumerable<IAsyncDisposable> replicas)
    {
        foreach (var replica in replicas)
        {
            await replica.DisposeAsync();
        }
    }
}
