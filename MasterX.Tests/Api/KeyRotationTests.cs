using System.Net;
using MasterX.Api.Keys;
using MasterX.Api.Storage;
using MasterX.Api.Storage.Embedded;
using MasterX.Tests.Hosts;
using Microsoft.Extensions.Time.Testing;

namespace MasterX.Tests.Api;

/// <summary>Keys that are changed, and rotated: the same key for all that is its.</summary>
public sealed class KeyRotationTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_rotated_key_keeps_its_data_and_the_one_before_opens_until_the_overlap_ends()
    {
        var time = new ShiftedTime();
        await using var api = new ApiHost(time: time);
        var (id, key, client) = await api.MakeKeyAsync(new { requests_per_minute = 100 });
        using var old = client;
        var user = await old.MakeUserAsync("mine@example.com");

        using var rotated = await api.Http.SendAsync("POST", $"/api/keys/{id}/rotate", new { overlap_seconds = 600 });
        var answer = await rotated.JsonAsync();
        using var @new = api.ClientWith(answer.Text("key")!);

        Assert.Equal((HttpStatusCode.OK, id, "no-store"), (rotated.StatusCode, answer.Text("id"), rotated.Header("Cache-Control")));
        Assert.NotEqual(key, answer.Text("key"));
        Assert.Equal("mine@example.com", (await @new.GetJsonAsync($"/api/users/{user}")).Text("email"));
        Assert.Equal("mine@example.com", (await old.GetJsonAsync($"/api/users/{user}")).Text("email"));
        Assert.Equal((id, "100"), ((await @new.GetJsonAsync("/api/keys/self")).Text("key", "id"), (await @new.GetJsonAsync("/api/keys/self")).Text("key", "requests_per_minute")));
        Assert.Equal(answer.Text("previous_until"), (await api.Http.GetJsonAsync($"/api/keys/{id}")).Text("previous_until"));

        time.Advance(TimeSpan.FromSeconds(599 - 5));
        await old.GetJsonAsync("/api/users");
        time.Advance(TimeSpan.FromSeconds(6));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(old));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(@new));
    }

    [Fact]
    public async Task Two_keys_open_at_the_most_and_without_an_overlap_one()
    {
        await using var api = new ApiHost();
        var (id, _, client) = await api.MakeKeyAsync();
        using var first = client;
        using var second = api.ClientWith(await RotateAsync(api, id, null));
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (await StatusAsync(first), await StatusAsync(second)));

        using var third = api.ClientWith(await RotateAsync(api, id, new { }));
        Assert.Equal((HttpStatusCode.Unauthorized, HttpStatusCode.OK, HttpStatusCode.OK), (await StatusAsync(first), await StatusAsync(second), await StatusAsync(third)));

        using var fourth = api.ClientWith(await RotateAsync(api, id, new { overlap_seconds = 0 }));
        Assert.Equal((HttpStatusCode.Unauthorized, HttpStatusCode.Unauthorized, HttpStatusCode.OK), (await StatusAsync(second), await StatusAsync(third), await StatusAsync(fourth)));
    }

    [Fact]
    public async Task A_rotation_that_comes_again_is_one_and_shows_the_same_key()
    {
        await using var api = new ApiHost();
        var (id, _, client) = await api.MakeKeyAsync();
        using var first = client;

        using var rotated = await api.Http.SendAsync("POST", $"/api/keys/{id}/rotate", new { }, ("Idempotency-Key", "r"));
        using var again = await api.Http.SendAsync("POST", $"/api/keys/{id}/rotate", new { }, ("Idempotency-Key", "r"));
        using var stale = await api.Http.SendAsync("POST", $"/api/keys/{id}/rotate", new { }, ("If-Match", "\"1\""));
        using var tooLong = await api.Http.SendAsync("POST", $"/api/keys/{id}/rotate", new { overlap_seconds = 604_801 });
        using var nobody = await api.Http.SendAsync("POST", "/api/keys/key_nobody/rotate", new { });

        Assert.Equal((await rotated.JsonAsync()).Text("key"), (await again.JsonAsync()).Text("key"));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(first));
        Assert.Equal((HttpStatusCode.PreconditionFailed, HttpStatusCode.BadRequest, HttpStatusCode.NotFound), (stale.StatusCode, tooLong.StatusCode, nobody.StatusCode));
    }

    /// <summary>A process that died has rotated, and shown nobody the new key: what the consumer has is the one before, and it goes on to open.</summary>
    [Fact]
    public void A_rotation_that_is_begun_again_does_not_push_out_the_key_that_its_consumer_has()
    {
        var (until, had) = (DateTimeOffset.UnixEpoch.AddDays(1), Key("the one the consumer has"));

        var unseen = KeyRotation.Rotate(had, ConsumerKeySecret.New(), "rot_1", until, overlaps: true);
        var shown = KeyRotation.Rotate(unseen, ConsumerKeySecret.New(), "rot_1", until.AddDays(1), overlaps: true);
        var next = KeyRotation.Rotate(shown, ConsumerKeySecret.New(), "rot_2", until.AddDays(2), overlaps: true);

        Assert.Equal((had.Hash, until), (shown.PreviousHash, shown.PreviousUntil));
        Assert.NotEqual(unseen.Hash, shown.Hash);
        Assert.Equal((shown.Hash, until.AddDays(2)), (next.PreviousHash, next.PreviousUntil));
    }

    [Fact]
    public async Task What_a_replica_remembers_of_a_key_that_was_rotated_elsewhere_is_never_five_seconds_old()
    {
        using var folder = new DataFolder();
        using var database = new EmbeddedDatabase(folder.Path);
        await database.InitializeAsync(Token);
        var (keys, time) = ((IKeyStore)new EmbeddedKeyStore(database), new FakeTimeProvider(DateTimeOffset.UtcNow));
        var cache = new ConsumerKeyCache(keys, new EmbeddedProjectStore(database), time);
        var (key, secret) = (Key("old") with { CreatedAt = time.GetUtcNow() }, ConsumerKeySecret.New());
        var (old, @new) = (ConsumerKeyHash.Of("old"), ConsumerKeyHash.Of(secret));
        await keys.TryAddAsync(key, Token);
        Assert.NotNull(await cache.FindAsync(old, Token));

        await keys.UpdateAsync(KeyRotation.Rotate(key, secret, "rot_1", time.GetUtcNow(), overlaps: false), Token);

        Assert.NotNull(await cache.FindAsync(@new, Token));
        time.Advance(TimeSpan.FromSeconds(4.9));
        Assert.Null(await cache.FindAsync(old, Token));
        Assert.NotNull(await cache.FindAsync(@new, Token));
    }

    [Fact]
    public async Task A_key_is_changed_as_users_are_and_what_is_not_given_stays()
    {
        await using var api = new ApiHost();
        var (id, _, client) = await api.MakeKeyAsync(new { requests_per_minute = 60, monthly_budget_usd = 3, expires_at = DateTimeOffset.UtcNow.AddDays(1) });
        using var consumer = client;
        await consumer.GetJsonAsync("/api/users");
        using var read = await api.Http.SendAsync("GET", $"/api/keys/{id}");

        using var changed = await api.Http.SendAsync(
            "PATCH", $"/api/keys/{id}",
            new { name = "new name", requests_per_minute = (int?)null, max_concurrency = 7, expires_at = (string?)null, daily_budget_usd = 0.5, models = new[] { "auto" }, scopes = new[] { "admin" } },
            ("If-Match", read.Header("ETag")!));
        using var stale = await api.Http.SendAsync("PATCH", $"/api/keys/{id}", new { name = "late" }, ("If-Match", read.Header("ETag")!));
        using var moved = await api.Http.SendAsync("PATCH", $"/api/keys/{id}", new { project_id = "proj_1" });
        using var past = await api.Http.SendAsync("PATCH", $"/api/keys/{id}", new { expires_at = "2020-01-01T00:00:00Z" });
        using var blank = await api.Http.SendAsync("PATCH", $"/api/keys/{id}", new { name = " " });

        var key = await changed.JsonAsync();
        Assert.Equal(
            ("new name", null, "7", null, "3", "0.5", "[\"auto\"]", "[\"admin\"]"),
            (key.Text("name"), key.Text("requests_per_minute"), key.Text("max_concurrency"), key.Text("expires_at"), key.Text("monthly_budget_usd"), key.Text("daily_budget_usd"), key.Text("models"), key.Text("scopes")));
        Assert.Equal(
            (HttpStatusCode.PreconditionFailed, HttpStatusCode.BadRequest, HttpStatusCode.BadRequest, HttpStatusCode.BadRequest), (stale.StatusCode, moved.StatusCode, past.StatusCode, blank.StatusCode));

        // In force at once, here.
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(consumer, "/api/keys"));
        using var revoked = await api.Http.SendAsync("DELETE", $"/api/keys/{id}");
        using var late = await api.Http.SendAsync("PATCH", $"/api/keys/{id}", new { name = "revoked" });
        Assert.Equal(HttpStatusCode.NotFound, late.StatusCode);
    }

    private static ConsumerKey Key(string secret) =>
        new() { Id = "key_1", Hash = ConsumerKeyHash.Of(secret).ToString(), Preview = "mx_12345", Name = "test", Scopes = [ConsumerScopes.Generate], CreatedAt = DateTimeOffset.UnixEpoch };

    private static async Task<string> RotateAsync(ApiHost api, string id, object? body)
    {
        using var rotated = await api.Http.SendAsync("POST", $"/api/keys/{id}/rotate", body);
        var answer = await rotated.JsonAsync();
        Assert.True(rotated.IsSuccessStatusCode, answer.ToString());
        return answer.Text("key")!;
    }

    private static async Task<HttpStatusCode> StatusAsync(HttpClient client, string path = "/api/users")
    {
        using var answer = await client.SendAsync("GET", path);
        return answer.StatusCode;
    }
}
