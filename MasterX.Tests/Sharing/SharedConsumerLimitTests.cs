using System.Net;
using MasterX.Tests.Api;
using MasterX.Tests.Hosts;

namespace MasterX.Tests.Sharing;

/// <summary>Three replicas of the API on one Redis keep a key's limits as one does.</summary>
public sealed class SharedConsumerLimitTests
{
    [Fact]
    public async Task Three_replicas_let_exactly_as_many_pass_in_a_minute_as_one_and_say_so()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var replicas = await ApiReplicas.StartAsync(redis);
        var consumers = await replicas.ConsumersAsync(new { requests_per_minute = 30 });

        var answers = await Task.WhenAll(Enumerable.Range(0, 180).Select(i => consumers[i % 3].SendAsync("GET", "/api/users")));

        var passed = answers.Where(answer => answer.StatusCode == HttpStatusCode.OK).ToArray();
        var refused = answers.Where(answer => answer.StatusCode == HttpStatusCode.TooManyRequests).ToArray();
        Assert.Equal((30, 150), (passed.Length, refused.Length));
        Assert.Equal(Enumerable.Range(0, 30), passed.Select(answer => int.Parse(answer.Header("RateLimit-Remaining")!, System.Globalization.CultureInfo.InvariantCulture)).Order());
        Assert.All(refused, answer =>
        {
            Assert.Equal(("30", "0"), (answer.Header("RateLimit-Limit"), answer.Header("RateLimit-Remaining")));
            Assert.InRange(answer.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 61);
            Assert.Equal(answer.Header("Retry-After"), answer.Header("RateLimit-Reset"));
        });
    }

    [Fact]
    public async Task No_more_calls_at_once_than_allowed_and_who_is_refused_for_them_has_spent_nothing()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var replicas = await ApiReplicas.StartAsync(redis);
        var consumers = await replicas.ConsumersAsync(new { requests_per_minute = 100, max_concurrency = 2 });
        await Task.WhenAll(replicas.Emulators.Select(emulator => emulator.BreakAsync("gemini", new { latency_ms = 1500 })));

        var answers = await Task.WhenAll(Enumerable.Range(0, 12).Select(i => consumers[i % 3].SendAsync("POST", "/api/ai/generate", new { prompt = $"slow {i}" })));
        using var after = await consumers[0].ReadOnceThereIsRoomAsync("/api/users");

        Assert.Equal((2, 10), (answers.Count(answer => answer.StatusCode == HttpStatusCode.OK), answers.Count(answer => answer.StatusCode == HttpStatusCode.TooManyRequests)));
        Assert.All(answers.Where(answer => answer.StatusCode != HttpStatusCode.OK), answer => Assert.Equal("1", answer.Header("Retry-After")));
        Assert.Equal((HttpStatusCode.OK, "97"), (after.StatusCode, after.Header("RateLimit-Remaining")));
    }

    [Fact]
    public async Task Each_keeps_to_its_share_while_Redis_is_lost()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var replicas = await ApiReplicas.StartAsync(redis);
        var consumers = await replicas.ConsumersAsync(new { requests_per_minute = 30, max_concurrency = 7 });
        await redis.KillAsync();
        await Replicas.WaitAsync(replicas.Clients, "degraded");

        foreach (var consumer in consumers)
        {
            List<HttpStatusCode> statuses = [];
            for (var i = 0; i < 12; i++)
            {
                using var answer = await consumer.SendAsync("GET", "/api/users");
                statuses.Add(answer.StatusCode);
            }

            Assert.Equal([.. Enumerable.Repeat(HttpStatusCode.OK, 10), HttpStatusCode.TooManyRequests, HttpStatusCode.TooManyRequests], statuses);
        }
    }
}
