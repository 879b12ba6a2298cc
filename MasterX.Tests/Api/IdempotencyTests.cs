using System.Net;
using MasterX.Api.Idempotency;
using MasterX.Api.Storage;
using MasterX.Tests.Hosts;
using Microsoft.Extensions.DependencyInjection;

namespace MasterX.Tests.Api;

/// <summary><c>Idempotency-Key</c>: whatever happens to a creating request, sending it again does no harm.</summary>
public sealed class IdempotencyTests
{
    /// <summary>Of the development key's request that is named "name".</summary>
    private static string RecordId { get; } = $"dev/{Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData("mx-dev\nname"u8))}";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("/api/users", """{"name":"a","email":"a@example.com"}""", 201)]
    [InlineData("/api/keys", """{"name":"a"}""", 201)]
    [InlineData("/api/ai/generate", """{"prompt":"a"}""", 200)]
    [InlineData("/api/ai/generate", """{"prompt":"a","stream":true}""", 200)]
    [InlineData("/api/users", """{"name":"a"}""", 400)]
    public async Task The_same_request_again_gets_the_same_answer(string path, string body, int status)
    {
        await using var api = new ApiHost();
        await api.WaitReadyAsync();

        using var first = await PostAsync(api, path, body);
        using var second = await PostAsync(api, path, body);

        Assert.Equal(status, (int)first.StatusCode);
        Assert.Equal(status, (int)second.StatusCode);
        Assert.Equal(await first.Content.ReadAsStringAsync(Token), await second.Content.ReadAsStringAsync(Token));
        Assert.Equal(first.Content.Headers.ContentType, second.Content.Headers.ContentType);
        Assert.Equal(first.Headers.Location, second.Headers.Location);
        Assert.Null(first.Header("Idempotency-Replayed"));
        Assert.Equal("true", second.Header("Idempotency-Replayed"));
        Assert.InRange(await api.Emulator.CallsAsync("gemini"), 0, 1);
    }

    [Fact]
    public async Task However_the_key_comes_it_is_the_same_request()
    {
        await using var api = new ApiHost();
        var (_, key, consumer) = await api.MakeKeyAsync();
        using var first = await api.Anonymous.SendAsync("POST", "/api/users", new { name = "a", email = "a@example.com" }, ("x-api-key", key), ("Idempotency-Key", "name"));
        using var second = await consumer.SendAsync("POST", "/api/users", new { name = "a", email = "a@example.com" }, ("Idempotency-Key", "name"));
        consumer.Dispose();

        Assert.Equal((await first.JsonAsync()).Text("id"), (await second.JsonAsync()).Text("id"));
        Assert.Equal("true", second.Header("Idempotency-Replayed"));
    }

    [Fact]
    public async Task Fifty_at_once_are_one_call_of_a_provider_and_one_generation()
    {
        await using var api = new ApiHost();
        await api.WaitReadyAsync();
        await api.Emulator.BreakAsync("gemini", new { latency_ms = 500 });

        var answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => PostAsync(api, "/api/ai/generate", """{"prompt":"once"}""")));

        var ids = await Task.WhenAll(answers.Select(async answer => (await answer.JsonAsync()).Text("id")));
        Assert.Single(ids.Distinct());
        Assert.Equal(1, await api.Emulator.CallsAsync("gemini"));
        Assert.Equal(1, (await api.Http.GetJsonAsync("/api/ai/generations")).GetProperty("items").GetArrayLength());
    }

    [Fact]
    public async Task Another_body_under_the_same_name_is_a_422_and_does_nothing()
    {
        await using var api = new ApiHost();
        await api.WaitReadyAsync();
        using var first = await PostAsync(api, "/api/users", """{"name":"a","email":"a@example.com"}""");

        using var otherBody = await PostAsync(api, "/api/users", """{"name":"b","email":"b@example.com"}""");
        using var otherPath = await PostAsync(api, "/api/keys", """{"name":"a","email":"a@example.com"}""");

        Assert.Equal((HttpStatusCode.UnprocessableEntity, HttpStatusCode.UnprocessableEntity), (otherBody.StatusCode, otherPath.StatusCode));
        Assert.Equal(1, (await api.Http.GetJsonAsync("/api/users")).GetProperty("items").GetArrayLength());
    }

    [Fact]
    public async Task A_name_belongs_to_its_key()
    {
        await using var api = new ApiHost();
        var (_, _, client) = await api.MakeKeyAsync();
        using var consumer = client;
        using var first = await PostAsync(api, "/api/users", """{"name":"a","email":"a@example.com"}""");

        using var second = await consumer.SendAsync("POST", "/api/users", new { name = "b", email = "b@example.com" }, ("Idempotency-Key", "name"));

        Assert.Equal(HttpStatusCode.Created, second.StatusCode);
        Assert.Null(second.Header("Idempotency-Replayed"));
    }

    [Fact]
    public async Task The_answer_is_there_after_a_restart()
    {
        using var folder = new DataFolder();
        string? id;
        await using (var api = new ApiHost(folder: folder))
        {
            await api.WaitReadyAsync();
            using var first = await PostAsync(api, "/api/ai/generate", """{"prompt":"once"}""");
            id = (await first.JsonAsync()).Text("id");
        }

        await using var again = new ApiHost(folder: folder);
        await again.WaitReadyAsync();
        using var second = await PostAsync(again, "/api/ai/generate", """{"prompt":"once"}""");

        Assert.Equal(id, (await second.JsonAsync()).Text("id"));
        Assert.Equal(0, await again.Emulator.CallsAsync("gemini"));
    }

    [Theory]
    [InlineData("/api/users", """{"name":"a","email":"a@example.com"}""")]
    [InlineData("/api/ai/generate", """{"prompt":"a"}""")]
    [InlineData("/api/keys", """{"name":"a"}""")]
    public async Task What_a_process_made_that_died_before_it_answered_is_found_and_not_made_again(string path, string body)
    {
        await using var api = new ApiHost();
        await api.WaitReadyAsync();
        using var first = await PostAsync(api, path, body);
        var made = (await first.JsonAsync()).Text("id")!;

        // As the process would have left it, had it been killed between the making and the answer.
        var records = api.Services.GetRequiredService<IIdempotencyStore>();
        var record = (await records.FindAsync(RecordId, Token))!;
        Assert.True(await records.TryTakeOverAsync(record with { Holder = "dead", Answer = null, HeldUntil = DateTimeOffset.FromUnixTimeSeconds(1) }, record, Token));

        using var second = await PostAsync(api, path, body);

        Assert.Equal(first.StatusCode, second.StatusCode);
        Assert.InRange(await api.Emulator.CallsAsync("gemini"), 0, 1);
        if (path == "/api/keys")
        {
            // That key was never seen by anyone: it is revoked, and another made.
            Assert.NotEqual(made, (await second.JsonAsync()).Text("id"));
            Assert.NotNull((await api.Http.GetJsonAsync($"/api/keys/{made}")).Text("revoked_at"));
        }
        else
        {
            Assert.Equal(made, (await second.JsonAsync()).Text("id"));
        }
    }

    [Fact]
    public async Task A_failure_is_not_kept()
    {
        await using var api = new ApiHost();
        await api.WaitReadyAsync();
        foreach (var provider in new[] { "gemini", "groq", "openai" })
        {
            await api.Emulator.BreakAsync(provider, new { status = 500 });
        }

        using var failed = await PostAsync(api, "/api/ai/generate", """{"prompt":"a"}""");
        using var repaired = await api.Emulator.Http.DeleteAsync(new Uri("/_faults", UriKind.Relative), Token);
        using var second = await PostAsync(api, "/api/ai/generate", """{"prompt":"a"}""");

        Assert.Equal((HttpStatusCode.ServiceUnavailable, HttpStatusCode.OK), (failed.StatusCode, second.StatusCode));
    }

    [Theory]
    [InlineData("/api/users", 201)]
    [InlineData("/api/ai/generate", 400)]
    public async Task What_tells_of_a_user_who_was_erased_is_not_given_again(string path, int status)
    {
        await using var api = new ApiHost();
        await api.WaitReadyAsync();
        const string Erika = """{"name":"Erika","email":"erika@example.com"}""";
        using var created = await PostAsync(api, "/api/users", Erika, "user");
        var id = (await created.JsonAsync()).Text("id")!;
        var body = path == "/api/users" ? Erika : $$"""{"prompt":"my illness","user_id":"{{id}}"}""";
        var name = path == "/api/users" ? "user" : "generation";
        using var first = await PostAsync(api, path, body, name);
        Assert.True(first.IsSuccessStatusCode);
        using var erased = await api.Http.SendAsync("DELETE", $"/api/users/{id}");

        using var again = await PostAsync(api, path, body, name);

        Assert.Equal(status, (int)again.StatusCode);
        Assert.Null(again.Header("Idempotency-Replayed"));
        Assert.NotEqual(id, (await again.JsonAsync()).Text("id"));
    }

    [Theory]
    [InlineData("delete")]
    [InlineData("anonymize")]
    public async Task A_user_who_is_erased_while_something_is_generated_is_not_written_down_again(string onDelete)
    {
        await using var api = new ApiHost([("Users:OnDelete", onDelete)]);
        await api.WaitReadyAsync();
        await api.Emulator.BreakAsync("gemini", new { latency_ms = 1500 });
        var id = await api.Http.MakeUserAsync("otto@example.com");
        var body = $$"""{"prompt":"Otto's secret","user_id":"{{id}}"}""";
        var pending = PostAsync(api, "/api/ai/generate", body);
        await ApiCalls.UntilAsync(async () => await api.Emulator.CallsAsync("gemini") == 1, "the call");
        using var erased = await api.Http.SendAsync("DELETE", $"/api/users/{id}");

        using var answer = await pending;
        using var again = await PostAsync(api, "/api/ai/generate", body);

        Assert.Equal((200, 400), ((int)answer.StatusCode, (int)again.StatusCode));
        var kept = (await api.Http.GetJsonAsync("/api/ai/generations")).GetProperty("items");
        Assert.Equal(onDelete == "delete" ? 0 : 1, kept.GetArrayLength());
        Assert.DoesNotContain("secret", kept.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(id, kept.ToString(), StringComparison.Ordinal);
        Assert.Equal("1", (await api.Http.GetJsonAsync("/api/usage")).Text("total", "requests"));
    }

    [Fact]
    public async Task What_may_change_is_answered_anew()
    {
        await using var api = new ApiHost();
        await api.WaitReadyAsync();
        const string Body = """{"name":"a","email":"a@example.com"}""";
        var taken = await api.Http.MakeUserAsync("a@example.com");
        using var refused = await PostAsync(api, "/api/users", Body);
        using var erased = await api.Http.SendAsync("DELETE", $"/api/users/{taken}");

        using var second = await PostAsync(api, "/api/users", Body);

        Assert.Equal((409, 201), ((int)refused.StatusCode, (int)second.StatusCode));
    }

    [Fact]
    public async Task How_the_answer_may_be_written_makes_no_other_request_of_it()
    {
        await using var api = new ApiHost();
        await api.WaitReadyAsync();
        object body = new { name = "a", email = "a@example.com" };
        using var first = await api.Http.SendAsync("POST", "/api/users", body, ("Idempotency-Key", "name"), ("Accept", "application/json"));
        using var second = await api.Http.SendAsync("POST", "/api/users", body, ("Idempotency-Key", "name"), ("Accept", "*/*"));

        Assert.Equal("true", second.Header("Idempotency-Replayed"));
    }

    [Fact]
    public async Task A_stream_that_broke_off_is_not_kept()
    {
        await using var api = new ApiHost();
        await api.WaitReadyAsync();
        await api.Emulator.BreakAsync("openai", new { cut_after = 4, trickle_ms = 40 });
        const string Body = """{"prompt":"a","model":"openai/m","stream":true}""";

        using var failed = await PostAsync(api, "/api/ai/generate", Body);
        Assert.Contains("event: error", await failed.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
        using var repaired = await api.Emulator.Http.DeleteAsync(new Uri("/_faults", UriKind.Relative), Token);
        using var second = await PostAsync(api, "/api/ai/generate", Body);

        Assert.Contains("event: done", await second.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_record_whose_day_is_over_is_none()
    {
        await using var api = new ApiHost();
        await api.WaitReadyAsync();
        using var first = await PostAsync(api, "/api/ai/generate", """{"prompt":"a"}""");
        var records = api.Services.GetRequiredService<IIdempotencyStore>();
        var record = (await records.FindAsync(RecordId, Token))!;
        Assert.True(await records.TryTakeOverAsync(record with { ExpiresAt = DateTimeOffset.UtcNow.AddSeconds(-1) }, record, Token));

        var again = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => PostAsync(api, "/api/ai/generate", """{"prompt":"a"}""")));

        // One of those who find it expired at the same time runs it, and the others get its answer.
        Assert.Single(again, answer => answer.Header("Idempotency-Replayed") is null);
        Assert.Equal(2, await api.Emulator.CallsAsync("gemini"));
    }

    [Fact]
    public async Task A_caller_who_leaves_and_asks_again_gets_the_answer_of_the_one_call()
    {
        await using var api = new ApiHost();
        await api.WaitReadyAsync();
        await api.Emulator.BreakAsync("gemini", new { latency_ms = 1000 });
        using var impatient = new CancellationTokenSource(200);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => api.Http.SendAsync(Request("/api/ai/generate", """{"prompt":"once"}"""), impatient.Token));
        using var second = await PostAsync(api, "/api/ai/generate", """{"prompt":"once"}""");

        Assert.Equal(HttpStatusCode.OK, second.StatusCode);
        Assert.Equal(1, await api.Emulator.CallsAsync("gemini"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("two words")]
    [InlineData("256")]
    public async Task A_name_that_is_none_is_a_400(string name)
    {
        await using var api = new ApiHost();
        await api.WaitReadyAsync();

        using var answer = await api.Http.SendAsync("POST", "/api/users", new { name = "a", email = "a@example.com" }, ("Idempotency-Key", name == "256" ? new string('a', 256) : name));

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Equal(0, (await api.Http.GetJsonAsync("/api/users")).GetProperty("items").GetArrayLength());
    }

    [Fact]
    public void A_kept_answer_opens_for_its_caller_alone()
    {
        var answer = new KeptAnswer(201, new() { ["Location"] = "/api/keys/1" }, "mx_secret"u8.ToArray());
        var kept = AnswerSeal.Seal(answer, "mx_callers", "record");

        Assert.Equivalent(answer, AnswerSeal.Open(kept, "mx_callers", "record"), strict: true);
        Assert.DoesNotContain("mx_secret", System.Text.Encoding.Latin1.GetString(kept), StringComparison.Ordinal);
        Assert.ThrowsAny<System.Security.Cryptography.CryptographicException>(() => AnswerSeal.Open(kept, "mx_anothers", "record"));
        Assert.ThrowsAny<System.Security.Cryptography.CryptographicException>(() => AnswerSeal.Open(kept, "mx_callers", "another record"));
    }

    private static Task<HttpResponseMessage> PostAsync(ApiHost api, string path, string body, string name = "name") => api.Http.SendAsync(Request(path, body, name), Token);

    private static HttpRequestMessage Request(string path, string body, string name = "name") =>
        new(HttpMethod.Post, path) { Content = new StringContent(body, System.Text.Encoding.UTF8, "application/json"), Headers = { { "Idempotency-Key", name } } };
}
