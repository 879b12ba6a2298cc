using System.Net;
using MasterX.Api.Keys;
using MasterX.Api.Storage;
using MasterX.Api.Storage.Embedded;
using MasterX.Tests.Hosts;
using Microsoft.Extensions.Time.Testing;

namespace MasterX.Tests.Api;

/// <summary>Keys as admins make and revoke them; what each may see, ask and spend.</summary>
public sealed class ConsumerTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void Keys_are_long_random_and_carry_their_checksum()
    {
        var keys = Enumerable.Range(0, 200).Select(_ => ConsumerKeySecret.New()).ToArray();

        Assert.Equal(200, keys.Distinct().Count());
        Assert.All(keys, key => Assert.Matches("^mx_[0-9A-Za-z]{49}$", key));
        Assert.All(keys, key => Assert.True(ConsumerKeySecret.IsWellFormed(key)));
        foreach (var key in keys)
        {
            Assert.False(ConsumerKeySecret.IsWellFormed(key[..^1]));
            Assert.False(ConsumerKeySecret.IsWellFormed(key + "0"));
            Assert.False(ConsumerKeySecret.IsWellFormed(key[..20] + (key[20] == 'a' ? 'b' : 'a') + key[21..]));
        }
    }

    [Fact]
    public async Task A_key_is_shown_once_and_stored_as_its_hash_alone()
    {
        using var folder = new DataFolder();
        string secret;
        await using (var api = new ApiHost(folder: folder))
        {
            (var id, secret, var client) = await api.MakeKeyAsync(new { name = "shop", scopes = new[] { "generate" }, requests_per_minute = 100, max_concurrency = 5, monthly_budget_usd = 1.5 });
            using (client)
            {
                await client.GetJsonAsync("/api/users");
            }

            var listed = (await api.Http.GetJsonAsync("/api/keys")).ToString();
            var read = await api.Http.GetJsonAsync($"/api/keys/{id}");

            Assert.DoesNotContain(secret, listed, StringComparison.Ordinal);
            Assert.DoesNotContain(secret, read.ToString(), StringComparison.Ordinal);
            Assert.Equal(("shop", "100", "5", "1.5", secret[..8]), (read.Text("name"), read.Text("requests_per_minute"), read.Text("max_concurrency"), read.Text("monthly_budget_usd"), read.Text("preview")));
        }

        await folder.WaitClosedAsync();
        foreach (var file in Directory.EnumerateFiles(folder.Path))
        {
            Assert.DoesNotContain(secret, System.Text.Encoding.Latin1.GetString(await File.ReadAllBytesAsync(file, Token)), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("""{}""", "name is required")]
    [InlineData("""{"name":"a","scopes":["root"]}""", "'root'")]
    [InlineData("""{"name":"a","expires_at":"2020-01-01T00:00:00Z"}""", "past")]
    [InlineData("""{"name":"a","expires_at":"tomorrow"}""", "'expires_at'")]
    [InlineData("""{"name":"a","requests_per_minute":0}""", "requests_per_minute must be")]
    [InlineData("""{"name":"a","max_concurrency":-1}""", "max_concurrency must be")]
    [InlineData("""{"name":"a","monthly_budget_usd":-0.01}""", "monthly_budget_usd must be")]
    [InlineData("""{"name":"a","hash":"00"}""", "'hash'")]
    [InlineData("""{"name":"a","key":"mx_mine"}""", "'key'")]
    [InlineData("""{"name":"a","id":"key_mine"}""", "'id'")]
    public async Task A_bad_key_is_refused_and_not_made(string body, string said)
    {
        await using var api = new ApiHost();
        await api.WaitReadyAsync();

        using var answer = await api.PostRawAsync("/api/keys", body);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains(said, (await answer.JsonAsync()).ToString(), StringComparison.Ordinal);
        Assert.Equal(0, (await api.Http.GetJsonAsync("/api/keys")).GetProperty("items").GetArrayLength());
    }

    [Fact]
    public async Task Only_an_admin_sees_and_makes_keys()
    {
        await using var api = new ApiHost();
        var (id, _, client) = await api.MakeKeyAsync();
        using var consumer = client;
        var (_, _, admin) = await api.MakeKeyAsync(new { scopes = new[] { "admin" } });
        using var other = admin;

        foreach (var (method, path) in new[] { ("GET", "/api/keys"), ("GET", $"/api/keys/{id}"), ("DELETE", $"/api/keys/{id}"), ("POST", "/api/keys") })
        {
            using var refused = await consumer.SendAsync(method, path, method == "POST" ? new { name = "more", scopes = new[] { "admin" } } : null);
            Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
            Assert.Equal("application/problem+json", refused.Content.Headers.ContentType!.MediaType);
        }

        Assert.Equal(2, (await other.GetJsonAsync("/api/keys")).GetProperty("items").GetArrayLength());
    }

    [Fact]
    public async Task A_revoked_key_stops_working_on_every_replica()
    {
        using var folder = new DataFolder();
        await using var one = new ApiHost(folder: folder);
        var (id, key, client) = await one.MakeKeyAsync();
        await using var another = new ApiHost(folder: folder);
        await another.WaitReadyAsync();
        using var here = client;
        using var there = another.ClientWith(key);
        await here.GetJsonAsync("/api/users");
        await there.GetJsonAsync("/api/users");

        using var revoked = await one.Http.SendAsync("DELETE", $"/api/keys/{id}");
        using var refusedHere = await here.SendAsync("GET", "/api/users");

        Assert.Equal(HttpStatusCode.NoContent, revoked.StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, refusedHere.StatusCode);
        await ApiCalls.UntilAsync(
            async () =>
            {
                using var answer = await there.SendAsync("GET", "/api/users");
                return answer.StatusCode == HttpStatusCode.Unauthorized;
            },
            "the other replica refuses the key");
        Assert.NotNull((await one.Http.GetJsonAsync($"/api/keys/{id}")).Text("revoked_at"));
    }

    [Theory]
    [InlineData(true, 4.9)]
    [InlineData(false, 1.1)]
    public async Task What_a_replica_remembers_of_a_key_is_never_five_seconds_old_and_expires_to_the_second(bool revoked, double seconds)
    {
        using var folder = new DataFolder();
        using var database = new EmbeddedDatabase(folder.Path);
        await database.InitializeAsync(Token);
        var (keys, time) = ((IKeyStore)new EmbeddedKeyStore(database), new FakeTimeProvider(DateTimeOffset.UtcNow));
        var cache = new ConsumerKeyCache(keys, new EmbeddedProjectStore(database), time);
        var hash = ConsumerKeyHash.Of(ConsumerKeySecret.New());
        await keys.TryAddAsync(
            new() { Id = "key_1", Hash = hash.ToString(), Preview = "mx_12345", Name = "test", Scopes = [ConsumerScopes.Generate], CreatedAt = time.GetUtcNow(), ExpiresAt = revoked ? null : time.GetUtcNow().AddSeconds(1) }, Token);
        Assert.NotNull(await cache.FindAsync(hash, Token));

        if (revoked)
        {
            await keys.RevokeAsync("key_1", time.GetUtcNow(), Token);
        }

        time.Advance(TimeSpan.FromSeconds(seconds));

        Assert.Null(await cache.FindAsync(hash, Token));
    }

    [Fact]
    public async Task A_key_sees_nothing_of_another_key()
    {
        await using var api = new ApiHost();
        var (oneId, _, first) = await api.MakeKeyAsync();
        var (twoId, _, second) = await api.MakeKeyAsync();
        using var one = first;
        using var two = second;
        var user = await one.MakeUserAsync("of-one@example.com");
        using var generated = await one.SendAsync("POST", "/api/ai/generate", new { prompt = "of one", user_id = user });
        var generation = (await generated.JsonAsync()).Text("id");

        foreach (var (method, path, body) in new (string, string, object?)[]
        {
            ("GET", $"/api/users/{user}", null), ("PATCH", $"/api/users/{user}", new { name = "taken over" }), ("DELETE", $"/api/users/{user}", null), ("GET", $"/api/ai/generations/{generation}", null),
        })
        {
            using var answer = await two.SendAsync(method, path, body);
            Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        }

        using var onBehalf = await two.SendAsync("POST", "/api/ai/generate", new { prompt = "x", user_id = user });
        using var usage = await two.SendAsync("GET", $"/api/usage?key_id={oneId}");
        Assert.Equal((HttpStatusCode.BadRequest, HttpStatusCode.BadRequest), (onBehalf.StatusCode, usage.StatusCode));
        Assert.Equal(0, Items(await two.GetJsonAsync("/api/users")));
        Assert.Equal(0, Items(await two.GetJsonAsync("/api/ai/generations")));
        Assert.Equal(0, Items(await two.GetJsonAsync("/api/usage")));

        // A cursor names a place, not a right.
        Assert.Equal(0, Items(await two.GetJsonAsync("/api/ai/generations?cursor=gen_ffffffffffffffffffffffffffffffff")));
        Assert.Equal("test", (await one.GetJsonAsync($"/api/users/{user}")).Text("name"));
        Assert.Equal(1, Items(await one.GetJsonAsync("/api/usage")));
        Assert.Equal(1, Items(await api.Http.GetJsonAsync("/api/ai/generations")));
        Assert.Equal(1, Items(await api.Http.GetJsonAsync($"/api/usage?key_id={oneId}")));
        Assert.Equal(0, Items(await api.Http.GetJsonAsync($"/api/usage?key_id={twoId}")));

        static int Items(System.Text.Json.JsonElement page) => page.GetProperty("items").GetArrayLength();
    }

    [Fact]
    public async Task Requests_per_minute_are_counted_exactly_and_told_in_headers()
    {
        await using var api = new ApiHost();
        var (_, _, client) = await api.MakeKeyAsync(new { requests_per_minute = 10 });
        using var consumer = client;

        var answers = await Task.WhenAll(Enumerable.Range(0, 40).Select(_ => consumer.SendAsync("GET", "/api/users")));

        Assert.Equal(10, answers.Count(answer => answer.StatusCode == HttpStatusCode.OK));
        var refused = answers.Where(answer => answer.StatusCode == HttpStatusCode.TooManyRequests).ToArray();
        Assert.Equal(30, refused.Length);
        Assert.All(refused, answer => Assert.True(answer.Headers.RetryAfter!.Delta > TimeSpan.Zero));
        Assert.All(answers, answer => Assert.Equal("10", answer.Header("RateLimit-Limit")));
        Assert.Equal("0", refused[0].Header("RateLimit-Remaining"));
        Assert.Contains("10 requests per minute", (await refused[0].JsonAsync()).Text("detail"), StringComparison.Ordinal);

        // The others are not held back by this one.
        await api.Http.GetJsonAsync("/api/users");
    }

    [Fact]
    public async Task Calls_at_once_are_limited_and_a_place_is_free_again_when_a_call_ends()
    {
        await using var api = new ApiHost();
        await api.Emulator.BreakAsync("gemini", new { latency_ms = 1500 });
        var (_, _, client) = await api.MakeKeyAsync(new { max_concurrency = 2 });
        using var consumer = client;

        var answers = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => consumer.SendAsync("POST", "/api/ai/generate", new { prompt = "slow" })));
        using var after = await consumer.ReadOnceThereIsRoomAsync("/api/users");

        Assert.Equal(2, answers.Count(answer => answer.StatusCode == HttpStatusCode.OK));
        Assert.Equal(4, answers.Count(answer => answer.StatusCode == HttpStatusCode.TooManyRequests));
        Assert.Equal(HttpStatusCode.OK, after.StatusCode);
    }

    [Fact]
    public async Task A_spent_budget_refuses_what_costs_money_and_nothing_else()
    {
        await using var api = new ApiHost();
        var (_, _, client) = await api.MakeKeyAsync(new { monthly_budget_usd = 0.00001 });
        using var consumer = client;
        using var first = await consumer.SendAsync("POST", "/api/ai/generate", new { prompt = "What does this cost?" });
        Assert.Equal(HttpStatusCode.OK, first.StatusCode);

        using var second = await consumer.SendAsync("POST", "/api/ai/generate", new { prompt = "And this?" });
        using var third = await consumer.SendAsync("POST", "/v1/chat/completions", new { messages = new[] { new { role = "user", content = "x" } } });

        Assert.Equal(HttpStatusCode.PaymentRequired, second.StatusCode);
        Assert.Contains("0.00001 US dollars", (await second.JsonAsync()).Text("detail"), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.TooManyRequests, third.StatusCode);
        Assert.Equal(("insufficient_quota", "false"), ((await third.JsonAsync()).Text("error", "code"), third.Header("x-should-retry")));
        await consumer.GetJsonAsync("/v1/models");
        Assert.Equal("1", (await consumer.GetJsonAsync("/api/usage")).Text("total", "requests"));
    }

    [Fact]
    public async Task A_budget_is_held_while_a_call_is_under_way_and_what_is_left_is_told()
    {
        var (asked, go) = (new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously), new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        await using var provider = await ScriptedProvider.StartAsync(async context =>
        {
            asked.TrySetResult();
            await go.Task;
            await ScriptedProvider.JsonAsync(context, ScriptedProvider.Completion);
        });
        await using var api = new ApiHost(gateway: new GatewayHost(
            ("Gateway:Providers:openai:BaseUrl", provider.Url), ("Gateway:Prices:openai/m:Input", "1"), ("Gateway:Prices:openai/m:Output", "10")));
        var (_, _, client) = await api.MakeKeyAsync(new { monthly_budget_usd = 0.002 });
        using var consumer = client;
        var question = new { model = "openai/m", max_tokens = 100, messages = new[] { new { role = "user", content = "x" } } };

        var first = consumer.SendAsync("POST", "/v1/chat/completions", question);
        await asked.Task.WaitAsync(Token);
        var held = (await consumer.GetJsonAsync("/api/keys/self")).GetProperty("budget");
        using var second = await consumer.SendAsync("POST", "/v1/chat/completions", question);
        using var larger = await consumer.SendAsync("POST", "/api/ai/generate", new { model = "openai/m", prompt = "x", max_tokens = 1000 });
        go.SetResult();
        using var answered = await first;

        // 100 tokens of output, and what the body has.
        Assert.InRange(held.GetProperty("held_usd").GetDecimal(), 0.001m, 0.0011m);
        Assert.Equal(0, held.GetProperty("spent_usd").GetDecimal());
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.TooManyRequests, HttpStatusCode.PaymentRequired), (answered.StatusCode, second.StatusCode, larger.StatusCode));
        Assert.Contains("max_tokens", (await larger.JsonAsync()).Text("detail"), StringComparison.Ordinal);
        Assert.Equal(held.GetProperty("left_usd").GetDecimal(), decimal.Parse(answered.Header("x-masterx-budget-left-usd")!, System.Globalization.CultureInfo.InvariantCulture));
        await ApiCalls.UntilAsync(async () => (await consumer.GetJsonAsync("/api/keys/self")).Text("budget", "held_usd") == "0", "the call is settled");
        Assert.Equal(0.00006m, (await consumer.GetJsonAsync("/api/keys/self")).GetProperty("budget").GetProperty("spent_usd").GetDecimal());
    }

    [Fact]
    public async Task What_has_no_price_is_refused_to_a_key_with_a_budget_and_to_no_other()
    {
        await using var api = new ApiHost();
        var (_, _, client) = await api.MakeKeyAsync(new { monthly_budget_usd = 100 });
        using var consumer = client;
        var question = new { model = "openai/nobody-knows-what-it-costs", prompt = "x" };

        using var refused = await consumer.SendAsync("POST", "/api/ai/generate", question);
        using var answered = await api.Http.SendAsync("POST", "/api/ai/generate", question);

        Assert.Equal((HttpStatusCode.PaymentRequired, HttpStatusCode.OK), (refused.StatusCode, answered.StatusCode));
        Assert.Contains("Gateway__DefaultPrice", (await refused.JsonAsync()).Text("detail"), StringComparison.Ordinal);
        Assert.Equal("1", (await api.Http.GetJsonAsync("/api/usage")).Text("total", "unpriced"));
    }

    [Fact]
    public async Task When_a_key_was_last_used_is_noted()
    {
        using var folder = new DataFolder();
        await using (var api = new ApiHost(folder: folder))
        {
            var (_, _, client) = await api.MakeKeyAsync();
            using var consumer = client;
            await consumer.GetJsonAsync("/api/users");
        }

        // What is not written yet is written when the service stops.
        await using var again = new ApiHost(folder: folder);
        await again.WaitReadyAsync();
        Assert.NotNull((await again.Http.GetJsonAsync("/api/keys")).Text("items", "0", "last_used_at"));
    }
}
