using System.Globalization;
using System.Net;
using MasterX.Api.Keys;
using MasterX.Tests.Hosts;

namespace MasterX.Tests.Api;

/// <summary>What keys of a project have in common, and what nobody else sees of it.</summary>
public sealed class ProjectTests
{
    private static readonly object Question = new { model = "openai/m", max_tokens = 100, messages = new[] { new { role = "user", content = "x" } } };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Keys_of_a_project_share_users_generations_answers_and_usage_and_a_stranger_sees_nothing()
    {
        await using var api = new ApiHost();
        var project = await MakeProjectAsync(api);
        var (id, _, one) = await api.MakeKeyAsync(new { project_id = project });
        var (_, _, two) = await api.MakeKeyAsync(new { project_id = project });
        var (_, _, alone) = await api.MakeKeyAsync();
        using var first = one;
        using var second = two;
        using var stranger = alone;

        var user = await first.MakeUserAsync("shared@example.com");
        using var taken = await second.SendAsync("POST", "/api/users", new { name = "again", email = "SHARED@example.com" });
        using var free = await stranger.SendAsync("POST", "/api/users", new { name = "another", email = "shared@example.com" });
        using var made = await first.SendAsync("POST", "/api/ai/generate", new { prompt = "What is shared?", user_id = user }, ("Idempotency-Key", "the-same"));
        using var again = await second.SendAsync("POST", "/api/ai/generate", new { prompt = "What is shared?", user_id = user }, ("Idempotency-Key", "the-same"));
        using var other = await stranger.SendAsync("POST", "/api/ai/generate", new { prompt = "What is shared?", user_id = user }, ("Idempotency-Key", "the-same"));
        using var forwarded = await first.SendAsync("POST", "/v1/chat/completions", Chat("auto"), ("Idempotency-Key", "forwarded"));
        using var replayed = await second.SendAsync("POST", "/v1/chat/completions", Chat("auto"), ("Idempotency-Key", "forwarded"));

        Assert.Equal((HttpStatusCode.Conflict, HttpStatusCode.Created), (taken.StatusCode, free.StatusCode));
        var generation = (await made.JsonAsync()).Text("id")!;
        Assert.Equal((generation, "true"), ((await again.JsonAsync()).Text("id"), again.Header("Idempotency-Replayed")));
        Assert.Equal(HttpStatusCode.BadRequest, other.StatusCode);
        Assert.Equal("true", replayed.Header("Idempotency-Replayed"));

        Assert.Equal("shared@example.com", (await second.GetJsonAsync($"/api/users/{user}")).Text("email"));
        Assert.Equal(generation, (await second.GetJsonAsync("/api/ai/generations")).GetProperty("items").EnumerateArray().Single().Text("id"));
        foreach (var path in new[] { $"/api/users/{user}", $"/api/ai/generations/{generation}" })
        {
            using var hidden = await stranger.SendAsync("GET", path);
            Assert.Equal(HttpStatusCode.NotFound, hidden.StatusCode);
        }

        Assert.Equal(0, (await stranger.GetJsonAsync("/api/ai/generations")).GetProperty("items").GetArrayLength());
        var day = (await second.GetJsonAsync("/api/usage")).GetProperty("items").EnumerateArray().Single();
        Assert.Equal((id, project, "2"), (day.Text("key_id"), day.Text("project_id"), day.Text("requests")));
        Assert.Equal("2", (await api.Http.GetJsonAsync($"/api/usage?project_id={project}")).Text("total", "requests"));
        Assert.Equal("0", (await stranger.GetJsonAsync("/api/usage")).Text("total", "requests"));
        using var curious = await stranger.SendAsync("GET", $"/api/usage?project_id={project}");
        Assert.Equal(HttpStatusCode.BadRequest, curious.StatusCode);
        Assert.Equal(project, (await second.GetJsonAsync("/api/keys/self")).Text("project", "id"));
    }

    /// <summary>An answer that shows a key is for the one alone who has asked for it, though answers are shared.</summary>
    [Fact]
    public async Task A_key_that_one_admin_of_a_project_makes_is_not_shown_to_another()
    {
        await using var api = new ApiHost();
        var project = await MakeProjectAsync(api);
        var (_, _, one) = await api.MakeKeyAsync(new { project_id = project, scopes = new[] { "admin" } });
        var (_, _, two) = await api.MakeKeyAsync(new { project_id = project, scopes = new[] { "admin" } });
        using var first = one;
        using var second = two;

        using var made = await first.SendAsync("POST", "/api/keys", new { name = "new" }, ("Idempotency-Key", "k"));
        using var again = await first.SendAsync("POST", "/api/keys", new { name = "new" }, ("Idempotency-Key", "k"));
        using var another = await second.SendAsync("POST", "/api/keys", new { name = "new" }, ("Idempotency-Key", "k"));

        var key = (await made.JsonAsync()).Text("key");
        Assert.Equal(key, (await again.JsonAsync()).Text("key"));
        Assert.NotEqual(key, (await another.JsonAsync()).Text("key"));
    }

    [Fact]
    public async Task A_call_is_paid_from_the_budgets_of_its_key_and_of_its_project_and_both_have_to_allow_it()
    {
        await using var provider = await ScriptedProvider.StartAsync(context => ScriptedProvider.JsonAsync(context, ScriptedProvider.Completion));
        await using var api = new ApiHost(gateway: Priced(provider));
        var project = await MakeProjectAsync(api, new { monthly_budget_usd = 0.0025, daily_budget_usd = 1 });
        var (_, _, one) = await api.MakeKeyAsync(new { project_id = project, daily_budget_usd = 0.00105 });
        var (_, _, two) = await api.MakeKeyAsync(new { project_id = project });
        using var first = one;
        using var second = two;

        using var paid = await first.SendAsync("POST", "/v1/chat/completions", Question);
        await SettledAsync(first);
        using var overKeys = await first.SendAsync("POST", "/v1/chat/completions", Question);
        using var larger = await second.SendAsync("POST", "/api/ai/generate", new { model = "openai/m", prompt = "x", max_tokens = 1000 });
        using var within = await second.SendAsync("POST", "/v1/chat/completions", Question);
        await SettledAsync(second);

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.TooManyRequests, HttpStatusCode.PaymentRequired, HttpStatusCode.OK), (paid.StatusCode, overKeys.StatusCode, larger.StatusCode, within.StatusCode));
        Assert.Contains("The key's budget of 0.00105 US dollars for today", (await overKeys.JsonAsync()).Text("error", "message"), StringComparison.Ordinal);
        Assert.Contains("The project's budget of 0.0025 US dollars for this month", (await larger.JsonAsync()).Text("detail"), StringComparison.Ordinal);

        var self = await first.GetJsonAsync("/api/keys/self");
        Assert.Equal(
            [("key", "day", 0.00105m, 0.00006m), ("project", "day", 1m, 0.00012m), ("project", "month", 0.0025m, 0.00012m)],
            self.GetProperty("budgets").EnumerateArray().Select(budget => (budget.Text("of"), budget.Text("period"), budget.GetProperty("limit_usd").GetDecimal(), budget.GetProperty("spent_usd").GetDecimal())));
        Assert.Equal(("key", "0.00099"), (self.Text("budget", "of"), self.Text("budget", "left_usd")));

        // Of the tightest, beside what the call itself holds.
        Assert.InRange(decimal.Parse(within.Header("x-masterx-budget-left-usd")!, CultureInfo.InvariantCulture), 0.00135m, 0.00144m);
    }

    /// <summary>A budget that was taken away, and comes back in the same month, has counted all the while.</summary>
    [Fact]
    public async Task A_budget_can_be_raised_and_taken_away_and_comes_back_with_all_that_was_spent()
    {
        await using var provider = await ScriptedProvider.StartAsync(context => ScriptedProvider.JsonAsync(context, ScriptedProvider.Completion));
        await using var api = new ApiHost(gateway: Priced(provider));
        var (id, _, client) = await api.MakeKeyAsync(new { monthly_budget_usd = 0.00105 });
        using var consumer = client;

        using var first = await consumer.SendAsync("POST", "/v1/chat/completions", Question);
        await SettledAsync(consumer);
        using var refused = await consumer.SendAsync("POST", "/v1/chat/completions", Question);
        await PatchAsync(new { monthly_budget_usd = (decimal?)null });
        using var second = await consumer.SendAsync("POST", "/v1/chat/completions", Question);
        Assert.Equal(0, (await consumer.GetJsonAsync("/api/keys/self")).GetProperty("budgets").GetArrayLength());
        await PatchAsync(new { monthly_budget_usd = 0.002 });

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.TooManyRequests, HttpStatusCode.OK), (first.StatusCode, refused.StatusCode, second.StatusCode));
        await ApiCalls.UntilAsync(async () => (await consumer.GetJsonAsync("/api/keys/self")).Text("budget", "spent_usd") == "0.00012", "both calls count");
        using var third = await consumer.SendAsync("POST", "/v1/chat/completions", Question);
        Assert.Equal(HttpStatusCode.OK, third.StatusCode);

        async Task PatchAsync(object change)
        {
            using var changed = await api.Http.SendAsync("PATCH", $"/api/keys/{id}", change);
            Assert.Equal(HttpStatusCode.OK, changed.StatusCode);
        }
    }

    [Fact]
    public async Task The_limits_of_the_key_and_of_the_project_both_let_a_call_in()
    {
        await using var api = new ApiHost();
        var project = await MakeProjectAsync(api, new { requests_per_minute = 3 });
        var (_, _, one) = await api.MakeKeyAsync(new { project_id = project, requests_per_minute = 2 });
        var (_, _, two) = await api.MakeKeyAsync(new { project_id = project });
        using var first = one;
        using var second = two;

        List<(int, string?)> seen = [];
        foreach (var client in new[] { first, first, first, second, second })
        {
            using var answer = await client.SendAsync("GET", "/api/users");
            seen.Add(((int)answer.StatusCode, answer.Header("RateLimit-Limit")));
        }

        Assert.Equal([(200, "2"), (200, "2"), (429, "2"), (200, "3"), (429, "3")], seen);
        using var refused = await second.SendAsync("GET", "/api/users");
        Assert.Contains("The project allows 3 requests", (await refused.JsonAsync()).Text("detail"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Keys_of_a_project_share_its_calls_at_once()
    {
        var (asked, go) = (new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously), new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        await using var provider = await ScriptedProvider.StartAsync(async context =>
        {
            asked.TrySetResult();
            await go.Task;
            await ScriptedProvider.JsonAsync(context, ScriptedProvider.Completion);
        });
        await using var api = new ApiHost(gateway: Priced(provider));
        var project = await MakeProjectAsync(api, new { max_concurrency = 1 });
        var (_, _, one) = await api.MakeKeyAsync(new { project_id = project });
        var (_, _, two) = await api.MakeKeyAsync(new { project_id = project, requests_per_minute = 1 });
        using var first = one;
        using var second = two;

        var running = first.SendAsync("POST", "/v1/chat/completions", Question);
        await asked.Task.WaitAsync(Token);
        using var refused = await second.SendAsync("GET", "/api/users");
        go.SetResult();
        using var answered = await running;

        // What the project has refused has cost the key none of its own.
        using var later = await second.ReadOnceThereIsRoomAsync("/api/users");
        Assert.Equal((HttpStatusCode.TooManyRequests, HttpStatusCode.OK, HttpStatusCode.OK), (refused.StatusCode, answered.StatusCode, later.StatusCode));
        Assert.Contains("The project allows 1 calls at once", (await refused.JsonAsync()).Text("detail"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_place_that_is_taken_back_was_never_taken()
    {
        var limits = new KeyLimits(3, 2);

        Assert.Equal(Admission.Admitted, limits.TryEnter(100, out _));
        Assert.Equal(Admission.Admitted, limits.TryEnter(101, out _));
        Assert.Equal(Admission.TooManyAtOnce, limits.TryEnter(101, out _));
        limits.TakeBack();
        Assert.Equal(Admission.Admitted, limits.TryEnter(101, out var standing));
        Assert.Equal(new Standing(3, 1, 60), standing);
    }

    [Fact]
    public async Task A_project_is_read_changed_and_listed_as_users_are()
    {
        await using var api = new ApiHost();
        var id = await MakeProjectAsync(api, new { name = " the shop ", monthly_budget_usd = 5, budget_warn_at = new[] { 0.8, 0.5 }, models = new[] { "auto" } });
        using var read = await api.Http.SendAsync("GET", $"/api/projects/{id}");
        using var unchanged = await api.Http.SendAsync("GET", $"/api/projects/{id}", null, ("If-None-Match", read.Header("ETag")!));
        using var changed = await api.Http.SendAsync("PATCH", $"/api/projects/{id}", new { monthly_budget_usd = (int?)null, daily_budget_usd = 1.5, keep_generations = true }, ("If-Match", read.Header("ETag")!));
        using var stale = await api.Http.SendAsync("PATCH", $"/api/projects/{id}", new { name = "late" }, ("If-Match", read.Header("ETag")!));
        using var empty = await api.Http.SendAsync("PATCH", $"/api/projects/{id}", new { });
        using var nobody = await api.Http.SendAsync("PATCH", "/api/projects/proj_nobody", new { name = "x" });

        var (before, after) = (await read.JsonAsync(), await changed.JsonAsync());
        Assert.Equal(("the shop", "5", "[0.5,0.8]", "[\"auto\"]", "False"), (before.Text("name"), before.Text("monthly_budget_usd"), before.Text("budget_warn_at"), before.Text("models"), before.Text("keep_generations")));
        Assert.Equal((null, "1.5", "[0.5,0.8]", "True"), (after.Text("monthly_budget_usd"), after.Text("daily_budget_usd"), after.Text("budget_warn_at"), after.Text("keep_generations")));
        Assert.Equal(
            (HttpStatusCode.NotModified, HttpStatusCode.OK, HttpStatusCode.PreconditionFailed, HttpStatusCode.BadRequest, HttpStatusCode.NotFound),
            (unchanged.StatusCode, changed.StatusCode, stale.StatusCode, empty.StatusCode, nobody.StatusCode));
        Assert.Equal(changed.Header("ETag"), stale.Header("ETag"));
        Assert.Equal(id, (await api.Http.GetJsonAsync("/api/projects")).GetProperty("items").EnumerateArray().Single().Text("id"));
    }

    [Theory]
    [InlineData("""{"name":" "}""", "name is required")]
    [InlineData("""{"name":"a","budget_warn_at":[1]}""", "budget_warn_at must be")]
    [InlineData("""{"name":"a","budget_warn_at":[0]}""", "budget_warn_at must be")]
    [InlineData("""{"name":"a","daily_budget_usd":-1}""", "daily_budget_usd must be")]
    [InlineData("""{"name":"a","models":[]}""", "models must be")]
    [InlineData("""{"name":"a","models":["a*b"]}""", "models must be")]
    [InlineData("""{"name":"a","routes":["/api/users"]}""", "routes must be")]
    [InlineData("""{"name":"a","project_id":"proj_1"}""", "project_id")]
    public async Task A_bad_project_is_refused_and_not_made(string body, string said)
    {
        await using var api = new ApiHost();
        await api.WaitReadyAsync();

        using var answer = await api.PostRawAsync("/api/projects", body);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains(said, (await answer.JsonAsync()).ToString(), StringComparison.Ordinal);
        Assert.Equal(0, (await api.Http.GetJsonAsync("/api/projects")).GetProperty("items").GetArrayLength());
    }

    [Fact]
    public async Task A_project_is_deleted_once_its_keys_are_revoked_and_its_data_with_it()
    {
        await using var api = new ApiHost();
        var project = await MakeProjectAsync(api);
        var (id, _, client) = await api.MakeKeyAsync(new { project_id = project });
        using var member = client;
        var user = await member.MakeUserAsync("member@example.com");
        using var made = await member.SendAsync("POST", "/api/ai/generate", new { prompt = "kept until then" });

        using var inUse = await api.Http.SendAsync("DELETE", $"/api/projects/{project}");
        using var more = await api.Http.SendAsync("POST", "/api/keys", new { name = "still", project_id = project });
        using var revoked = await api.Http.SendAsync("DELETE", $"/api/keys/{id}");
        using var revokedToo = await api.Http.SendAsync("DELETE", $"/api/keys/{(await more.JsonAsync()).Text("id")}");
        using var deleted = await api.Http.SendAsync("DELETE", $"/api/projects/{project}");
        using var late = await api.Http.SendAsync("POST", "/api/keys", new { name = "late", project_id = project });

        Assert.Equal(
            (HttpStatusCode.Conflict, HttpStatusCode.Created, HttpStatusCode.NoContent, HttpStatusCode.NoContent, HttpStatusCode.BadRequest),
            (inUse.StatusCode, more.StatusCode, revoked.StatusCode, deleted.StatusCode, late.StatusCode));
        foreach (var path in new[] { $"/api/projects/{project}", $"/api/users/{user}", $"/api/ai/generations/{(await made.JsonAsync()).Text("id")}" })
        {
            using var gone = await api.Http.SendAsync("GET", path);
            Assert.Equal(HttpStatusCode.NotFound, gone.StatusCode);
        }

        Assert.Equal("1", (await api.Http.GetJsonAsync($"/api/usage?key_id={id}")).Text("total", "requests"));
    }

    internal static async Task<string> MakeProjectAsync(ApiHost api, object? more = null)
    {
        await api.WaitReadyAsync();
        var body = System.Text.Json.JsonSerializer.SerializeToNode(more ?? new { })!.AsObject();
        body["name"] ??= "a project";
        using var created = await api.Http.SendAsync("POST", "/api/projects", body);
        var project = await created.JsonAsync();
        Assert.True(created.IsSuccessStatusCode, project.ToString());
        return project.Text("id")!;
    }

    private static GatewayHost Priced(ScriptedProvider provider) =>
        new(("Gateway:Providers:openai:BaseUrl", provider.Url), ("Gateway:Prices:openai/m:Input", "1"), ("Gateway:Prices:openai/m:Output", "10"));

    private static object Chat(string model) => new { model, messages = new[] { new { role = "user", content = "x" } } };

    private static Task SettledAsync(HttpClient client) => ApiCalls.UntilAsync(
        async () => (await client.GetJsonAsync("/api/keys/self")).GetProperty("budgets").EnumerateArray().All(budget => budget.Text("held_usd") == "0"), "the call is settled");
}
