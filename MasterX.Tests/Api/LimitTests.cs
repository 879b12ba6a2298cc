using System.Net;
using MasterX.Api.Keys;
using MasterX.Tests.Hosts;
using Microsoft.Extensions.DependencyInjection;

namespace MasterX.Tests.Api;

/// <summary>What a caller is told of its limits is true, and nothing is kept of who has left.</summary>
public sealed class LimitTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Retry_After_is_when_the_next_request_is_let_in_and_not_a_second_more()
    {
        var time = new ShiftedTime();
        await using var api = new ApiHost(time: time);
        var (_, _, client) = await api.MakeKeyAsync(new { requests_per_minute = 2 });
        using var consumer = client;

        using var first = await consumer.SendAsync("GET", "/api/users");
        time.Advance(TimeSpan.FromSeconds(30));
        using var second = await consumer.SendAsync("GET", "/api/users");
        using var refused = await consumer.SendAsync("GET", "/api/users");
        var wait = refused.Headers.RetryAfter!.Delta!.Value.TotalSeconds;

        Assert.Equal(("2", "1"), (first.Header("RateLimit-Limit"), first.Header("RateLimit-Remaining")));
        Assert.Equal("0", second.Header("RateLimit-Remaining"));
        Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
        Assert.InRange(wait, 1, 31);
        Assert.Equal(("2", "0", $"{wait}"), (refused.Header("RateLimit-Limit"), refused.Header("RateLimit-Remaining"), refused.Header("RateLimit-Reset")));

        time.Advance(TimeSpan.FromSeconds(wait));
        using var third = await consumer.SendAsync("GET", "/api/users");
        Assert.Equal((HttpStatusCode.OK, "0"), (third.StatusCode, third.Header("RateLimit-Remaining")));
    }

    [Fact]
    public void A_window_lets_in_what_it_may_to_the_second_whoever_asks_when()
    {
        var limits = new KeyLimits(3, null);

        Assert.Equal((Admission.Admitted, new Standing(3, 2, 61)), Enter(100));
        Assert.Equal((Admission.Admitted, new Standing(3, 1, 51)), Enter(110));
        Assert.Equal((Admission.Admitted, new Standing(3, 0, 41)), Enter(120));
        Assert.Equal((Admission.TooManyPerMinute, new Standing(3, 0, 1)), Enter(160));
        Assert.Equal((Admission.Admitted, new Standing(3, 0, 10)), Enter(161));
        Assert.Equal((Admission.TooManyPerMinute, new Standing(3, 0, 1)), Enter(170));
        Assert.Equal((Admission.Admitted, new Standing(3, 2, 61)), Enter(1000));

        // Two processors do not see the clock move in the same order.
        Assert.Equal((Admission.Admitted, new Standing(3, 1, 61)), Enter(999));

        (Admission, Standing?) Enter(long second)
        {
            var admission = limits.TryEnter(second, out var standing);
            if (admission == Admission.Admitted)
            {
                limits.Leave();
            }

            return (admission, standing);
        }
    }

    [Fact]
    public async Task How_a_key_stands_is_told_with_errors_too()
    {
        await using var api = new ApiHost();
        var (_, _, client) = await api.MakeKeyAsync(new { requests_per_minute = 100, max_concurrency = 1 });
        using var consumer = client;

        using var missing = await consumer.SendAsync("GET", "/api/users/usr_nobody");
        using var forbidden = await consumer.SendAsync("GET", "/api/keys");
        using var unread = await consumer.PostAsync(new Uri("/api/users", UriKind.Relative), new StringContent("{bad", System.Text.Encoding.UTF8, "application/json"), Token);

        Assert.Equal((HttpStatusCode.NotFound, "99"), (missing.StatusCode, missing.Header("RateLimit-Remaining")));
        Assert.Equal((HttpStatusCode.Forbidden, "98"), (forbidden.StatusCode, forbidden.Header("RateLimit-Remaining")));
        Assert.Equal((HttpStatusCode.BadRequest, "97"), (unread.StatusCode, unread.Header("RateLimit-Remaining")));

        await api.Emulator.BreakAsync("gemini", new { latency_ms = 1500 });
        var both = await Task.WhenAll(Enumerable.Range(0, 2).Select(_ => consumer.SendAsync("POST", "/api/ai/generate", new { prompt = "slow" })));
        var tooMany = Assert.Single(both, answer => answer.StatusCode == HttpStatusCode.TooManyRequests);
        Assert.Equal(("96", "1"), (tooMany.Header("RateLimit-Remaining"), tooMany.Header("Retry-After")));
    }

    [Fact]
    public async Task Nothing_is_kept_of_a_key_that_has_asked_for_nothing_in_the_last_minute()
    {
        var time = new ShiftedTime();
        await using var api = new ApiHost(time: time);
        var limits = api.Services.GetRequiredService<ConsumerLimits>();
        List<HttpClient> consumers = [];
        for (var i = 0; i < 20; i++)
        {
            consumers.Add((await api.MakeKeyAsync(new { requests_per_minute = 60, max_concurrency = 2 })).Client);
            await consumers[i].GetJsonAsync("/api/users");
        }

        Assert.Equal(20, limits.Count);
        time.Advance(TimeSpan.FromSeconds(70));
        await consumers[0].GetJsonAsync("/api/users");
        limits.Sweep();

        Assert.Equal(1, limits.Count);
        using var again = await consumers[1].SendAsync("GET", "/api/users");
        Assert.Equal((HttpStatusCode.OK, "59"), (again.StatusCode, again.Header("RateLimit-Remaining")));
        consumers.ForEach(consumer => consumer.Dispose());
    }
}
