using System.Net;
using MasterX.Tests.Hosts;

namespace MasterX.Tests.Sharing;

/// <summary>Redis is killed, hangs, refuses: each gateway goes on with its share and says so; and when it is back, all is as if it had been there.</summary>
public sealed class RedisLostTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Killed_each_keeps_to_its_share_and_what_was_had_meanwhile_counts_when_it_is_back()
    {
        await using var redis = await RedisServer.StartAsync();
        var gateways = await Replicas.GatewaysAsync(redis, ("Gateway:Providers:openai:RequestsPerMinute", "30"));
        using var shared = await gateways[0].AskAsync("hello", "openai/m");
        await redis.KillAsync();
        await Replicas.WaitAsync(gateways.Select(gateway => gateway.Http), "degraded");

        // The one that was had before counts too.
        Assert.Equal((9, 10, 10), (await PassedAsync(gateways[0], 12), await PassedAsync(gateways[1], 12), await PassedAsync(gateways[2], 12)));
        var told = (await Replicas.SharedAsync(gateways[1].Http)).GetProperty("description").GetString()!;
        Assert.Contains("each replica allows 1/3 of every limit", told, StringComparison.Ordinal);
        using var ready = await gateways[1].Http.GetAsync(new Uri("/health/ready", UriKind.Relative), Token);
        Assert.Equal(HttpStatusCode.OK, ready.StatusCode);

        await redis.ReturnAsync();
        await Replicas.WaitAsync(gateways.Select(gateway => gateway.Http), "healthy");

        Assert.Equal((0, 0, 0), (await PassedAsync(gateways[0], 3), await PassedAsync(gateways[1], 3), await PassedAsync(gateways[2], 3)));
        Assert.Equal(30, await gateways[0].Emulator.CallsAsync("openai"));
        await gateways.DisposeAsync();
    }

    [Fact]
    public async Task Hung_nobody_waits_for_it_and_when_it_goes_on_limits_are_shared_again()
    {
        await using var redis = await RedisServer.StartAsync();
        var gateways = await Replicas.GatewaysAsync(redis, ("Gateway:Providers:openai:RequestsPerMinute", "30"), ("Redis:Wait", "00:00:00.300"));
        await redis.HangAsync();

        // Not even the first ones, who ask it in vain, are kept.
        var first = await Task.WhenAll(Enumerable.Range(0, 45).Select(i => gateways[i % 3].AskAsync("hello", "openai/m")));
        Assert.Equal(30, first.Count(answer => answer.StatusCode == HttpStatusCode.OK));
        await Replicas.WaitAsync(gateways.Select(gateway => gateway.Http), "degraded");

        await redis.GoOnAsync();
        await Replicas.WaitAsync(gateways.Select(gateway => gateway.Http), "healthy");
        Assert.Equal(0, await PassedAsync(gateways[1], 3));
        await gateways.DisposeAsync();
    }

    [Fact]
    public async Task Calls_that_were_under_way_have_their_places_again_in_a_Redis_that_knew_nothing_of_them()
    {
        var (hold, all, calls) = (new TaskCompletionSource(), new TaskCompletionSource(), 0);
        await using var provider = await ScriptedProvider.StartAsync(async context =>
        {
            if (Interlocked.Increment(ref calls) == 3)
            {
                all.SetResult();
            }

            await hold.Task.WaitAsync(context.RequestAborted);
            await ScriptedProvider.JsonAsync(context, ScriptedProvider.Completion);
        });
        await using var redis = await RedisServer.StartAsync();
        var gateways = await Replicas.GatewaysAsync(redis, ("Gateway:Providers:openai:MaxConcurrency", "3"), ("Gateway:Providers:openai:RequestsPerMinute", "0"), ("Gateway:Providers:openai:BaseUrl", provider.Url));
        var held = gateways.Select(gateway => gateway.AskAsync("hold", "openai/m")).ToArray();
        await all.Task;
        await redis.KillAsync();
        await Replicas.WaitAsync(gateways.Select(gateway => gateway.Http), "degraded");
        using var beyondShare = await gateways[0].AskAsync("one more", "openai/m");
        await redis.ReturnAsync();
        await Replicas.WaitAsync(gateways.Select(gateway => gateway.Http), "healthy");
        using var beyond = await gateways[1].AskAsync("one more", "openai/m");
        hold.SetResult();
        var answers = await Task.WhenAll(held);
        var after = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => gateways[2].AskAsync("free again", "openai/m")));

        Assert.Equal((HttpStatusCode.TooManyRequests, HttpStatusCode.TooManyRequests), (beyondShare.StatusCode, beyond.StatusCode));
        Assert.All([.. answers, .. after], answer => Assert.Equal(HttpStatusCode.OK, answer.StatusCode));
        await gateways.DisposeAsync();
    }

    [Fact]
    public async Task A_gateway_that_is_killed_during_its_calls_leaves_their_places_to_the_others()
    {
        var called = new TaskCompletionSource();
        await using var provider = await ScriptedProvider.StartAsync(async context =>
        {
            if (called.TrySetResult())
            {
                await Task.Delay(Timeout.Infinite, context.RequestAborted);
            }

            await ScriptedProvider.JsonAsync(context, ScriptedProvider.Completion);
        });
        await using var redis = await RedisServer.StartAsync();
        (string Key, string? Value)[] settings =
        [
            .. redis.Settings(), ("Redis:Lease", "00:00:02"), ("Gateway:Providers:openai:MaxConcurrency", "1"), ("Gateway:Providers:openai:RequestsPerMinute", "0"),
            ("Gateway:Providers:openai:BaseUrl", provider.Url), ("Gateway:Providers:openai:ApiKey", "key-of-openai-1234567890"),
        ];
        await using var gateway = new GatewayHost(settings);
        using var folder = new DataFolder();
        await using var dying = await ServiceProcess.StartAsync(
            "MasterX.AiGateway", folder.Path, [("ASPNETCORE_URLS", "http://127.0.0.1:0"), .. settings.Select(setting => (setting.Key.Replace(":", "__", StringComparison.Ordinal), setting.Value!))]);
        await dying.UntilLoggedAsync("Limits are shared through Redis");
        await Replicas.WaitAsync([gateway.Http], "healthy");
        _ = dying.Http.PostAsync(new Uri("/v1/chat/completions", UriKind.Relative), new StringContent("""{"model":"openai/m","messages":[{"role":"user","content":"held for ever"}]}""", System.Text.Encoding.UTF8, "application/json"), Token);
        await called.Task;

        using var refused = await gateway.AskAsync("hello", "openai/m");
        await dying.KillAsync();
        HttpResponseMessage freed;
        while ((freed = await gateway.AskAsync("hello", "openai/m")).StatusCode == HttpStatusCode.TooManyRequests)
        {
            freed.Dispose();
            await Task.Delay(50, Token);
        }

        Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
        Assert.Equal(HttpStatusCode.OK, freed.StatusCode);
        freed.Dispose();
    }

    [Fact]
    public async Task Metrics_tell_and_the_log_has_one_line_for_each_change()
    {
        await using var redis = await RedisServer.StartAsync();
        using var folder = new DataFolder();
        await using var gateway = await ServiceProcess.StartAsync(
            "MasterX.AiGateway", folder.Path, [("ASPNETCORE_URLS", "http://127.0.0.1:0"), ("ConnectionStrings__redis", redis.Connection), ("Redis__Replicas", "3"), ("Gateway__Providers__openai__ApiKey", "key-of-openai-1234567890")]);
        await gateway.UntilLoggedAsync("Limits are shared through Redis");
        await redis.KillAsync();
        await gateway.UntilLoggedAsync("Limits are not shared");
        await gateway.UntilAsync(async () => await MetricAsync("masterx_shared_limits_up") == 0, "the gauge to be 0");
        await redis.ReturnAsync();
        await Replicas.WaitAsync([gateway.Http], "healthy");
        await gateway.UntilAsync(async () => await MetricAsync("masterx_shared_limits_up") == 1, "the gauge to be 1");

        Assert.Equal(1, await MetricAsync("masterx_shared_limits_fallbacks_total"));
        var log = await gateway.StopAsync();
        Assert.Equal((2, 1), (log.Split("Limits are shared through Redis").Length - 1, log.Split("Limits are not shared").Length - 1));

        async Task<double> MetricAsync(string name) => Value(await gateway.Http.GetStringAsync(new Uri("/metrics", UriKind.Relative), Token), name);
    }

    [Fact]
    public async Task A_wrong_password_is_said_and_never_shown()
    {
        await using var redis = await RedisServer.StartAsync(password: "the-right-one");
        await using var gateway = new GatewayHost(("ConnectionStrings:redis", $"127.0.0.1:{redis.Port},password=the-wrong-secret"));

        await Replicas.WaitAsync([gateway.Http], "degraded");
        string told;
        while (!(told = (await Replicas.SharedAsync(gateway.Http)).GetProperty("description").GetString()!).Contains("refuses the user or the password", StringComparison.Ordinal))
        {
            await Task.Delay(50, Token);
        }

        Assert.Contains("ConnectionStrings__redis", told, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", told, StringComparison.Ordinal);
        using var answer = await gateway.AskAsync("hello");
        using var ready = await gateway.Http.GetAsync(new Uri("/health/ready", UriKind.Relative), Token);
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (answer.StatusCode, ready.StatusCode));
    }

    private static async Task<int> PassedAsync(GatewayHost gateway, int asked)
    {
        var passed = 0;
        for (var i = 0; i < asked; i++)
        {
            using var answer = await gateway.AskAsync("hello", "openai/m");
            passed += answer.StatusCode == HttpStatusCode.OK ? 1 : 0;
        }

        return passed;
    }

    private static double Value(string metrics, string name) => double.Parse(
        metrics.Split('\n').Single(line => line.StartsWith(name + "{", StringComparison.Ordinal) || line.StartsWith(name + " ", StringComparison.Ordinal)).Split(' ')[1],
        System.Globalization.CultureInfo.InvariantCulture);
}
