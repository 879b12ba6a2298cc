using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using MasterX.Tests.Hosts;
using Microsoft.Data.Sqlite;

namespace MasterX.Tests.Api;

/// <summary>What admins do is written down, once, where nobody changes it unnoticed.</summary>
public sealed class AuditTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Every door by which an admin changes something, with the entry it leaves.</summary>
    [Fact]
    public async Task Every_administrative_door_leaves_one_entry_and_a_refused_one_none()
    {
        await using var api = new ApiHost();
        await api.WaitReadyAsync();
        var (consumer, _, client) = await api.MakeKeyAsync();
        using var outsider = client;
        var user = await outsider.MakeUserAsync("ada@example.com", "Ada Lovelace");
        var own = await outsider.MakeUserAsync("own@example.com");
        var (generation, others) = (await GenerateAsync(), await GenerateAsync());
        var seen = await CountAsync(api);

        async Task<string> GenerateAsync() => (await (await outsider.PostAsJsonAsync("/api/ai/generate", new { prompt = "hello" }, Token)).Content.ReadFromJsonAsync<JsonElement>(Token)).Text("id")!;

        var project = await LeavesAsync("POST", "/api/projects", new { name = "shop", monthly_budget_usd = 5 }, 201, "project.create", "name:null>\"shop\"", "monthly_budget_usd:null>5");
        var key = await LeavesAsync("POST", "/api/keys", new { name = "one", project_id = project, requests_per_minute = 5 }, 201, "key.create", "requests_per_minute:null>5", $"project_id:null>\"{project}\"");
        await LeavesAsync("PATCH", $"/api/keys/{key}", new { requests_per_minute = 6, models = new[] { "auto" } }, 200, "key.update", "requests_per_minute:5>6", "models:null>[\"auto\"]");
        await LeavesAsync("POST", $"/api/keys/{key}/rotate", new { overlap_seconds = 0 }, 200, "key.rotate");
        await LeavesAsync("PATCH", $"/api/projects/{project}", new { monthly_budget_usd = (int?)null }, 200, "project.update", "monthly_budget_usd:5>null");
        await LeavesAsync("GET", $"/api/projects/{project}/export", null, 200, "project.export");
        await LeavesAsync("DELETE", $"/api/ai/generations/{generation}", null, 204, "generation.delete");
        await NothingAsync(outsider, "DELETE", $"/api/ai/generations/{others}", null, 204);
        await GenerateAsync();
        await LeavesAsync("DELETE", "/api/ai/generations/all?success=true&search=hello", null, 200, "generation.delete", "success:null>\"true\"");
        await NothingAsync(api.Http, "DELETE", $"/api/ai/generations/{generation}", null, 404);
        await NothingAsync(api.Http, "DELETE", "/api/ai/generations", null, 400);
        await NothingAsync(api.Http, "DELETE", "/api/ai/generations?success=true&userid=usr_1", null, 400);
        await NothingAsync(api.Http, "DELETE", "/api/ai/generations?model=no-such-model", null, 200);
        await NothingAsync(api.Http, "PATCH", $"/api/keys/{key}", new { requests_per_minute = 6 }, 200);
        await NothingAsync(api.Http, "PATCH", $"/api/projects/{project}", new { name = "shop" }, 200);
        await NothingAsync(api.Http, "DELETE", $"/api/projects/{project}", null, 409);
        await LeavesAsync("DELETE", $"/api/keys/{key}", null, 204, "key.revoke");
        await LeavesAsync("DELETE", $"/api/projects/{project}", null, 204, "project.delete");
        await LeavesAsync("DELETE", $"/api/users/{user}", null, 204, "user.erase");

        await NothingAsync(api.Http, "DELETE", $"/api/keys/{key}", null, 204);
        await NothingAsync(api.Http, "DELETE", "/api/keys/key_nobody", null, 404);
        await NothingAsync(api.Http, "PATCH", $"/api/keys/{key}", new { name = "x" }, 404);
        await NothingAsync(api.Http, "POST", $"/api/keys/{key}/rotate", new { }, 404);
        await NothingAsync(api.Http, "POST", "/api/keys", new { name = "" }, 400);
        await NothingAsync(api.Http, "POST", "/api/keys", new { name = "x", project_id = project }, 400);
        await NothingAsync(api.Http, "PATCH", $"/api/keys/{consumer}", new { name = "x" }, 412, ("If-Match", "\"9\""));
        await NothingAsync(api.Http, "PATCH", $"/api/projects/{project}", new { name = "x" }, 404);
        await NothingAsync(api.Http, "DELETE", $"/api/users/{user}", null, 404);
        await NothingAsync(outsider, "POST", "/api/keys", new { name = "x" }, 403);
        await NothingAsync(outsider, "GET", "/api/audit", null, 403);
        await NothingAsync(outsider, "DELETE", $"/api/users/{own}", null, 204);
        await NothingAsync(api.Http, "DELETE", "/api/audit", null, 405);
        Assert.True((await api.Http.GetJsonAsync("/api/audit/verify")).GetProperty("intact").GetBoolean());

        // Nothing of a user who was erased, nothing secret.
        var all = await ExportAsync(api);
        Assert.DoesNotContain("lovelace", all, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("@example.com", all, StringComparison.Ordinal);
        Assert.DoesNotContain("mx_", all, StringComparison.Ordinal);

        async Task<string> LeavesAsync(string method, string path, object? body, int status, string action, params string[] changes)
        {
            using var answer = await api.Http.SendAsync(method, path.Replace("/all?", "?", StringComparison.Ordinal), body);
            var text = await answer.Content.ReadAsStringAsync(Token);
            Assert.True(status == (int)answer.StatusCode, text);
            var id = path.Replace("/ai/", "/", StringComparison.Ordinal).Split('/', '?') is [_, _, _, var named, ..] ? named : JsonElement.Parse(text).Text("id")!;
            var entries = (await api.Http.GetJsonAsync("/api/audit")).GetProperty("items");
            var entry = entries[0];
            Assert.Equal(++seen, await CountAsync(api));
            Assert.Equal((action, id, "dev", "127.0.0.1", "done"), (entry.Text("action"), entry.Text("target"), entry.Text("actor", "id"), entry.Text("address"), entry.Text("outcome")));
            Assert.Equal(32, entry.Text("trace_id")!.Length);
            Assert.Superset(
                changes.ToHashSet(), entry.GetProperty("changes").EnumerateArray().Select(change => $"{change.Text("field")}:{change.GetProperty("before").GetRawText()}>{change.GetProperty("after").GetRawText()}").ToHashSet());
            return id;
        }

        async Task NothingAsync(HttpClient by, string method, string path, object? body, int status, params (string Name, string Value)[] headers)
        {
            using var answer = await by.SendAsync(method, path, body, headers);
            Assert.Equal((status, seen), ((int)answer.StatusCode, await CountAsync(api)));
        }
    }

    [Fact]
    public async Task Entries_are_paged_found_and_exported_and_whoever_has_the_export_can_check_it()
    {
        await using var api = new ApiHost();
        await api.WaitReadyAsync();
        var made = new List<string>();
        for (var i = 0; i < 5; i++)
        {
            var (id, _, client) = await api.MakeKeyAsync();
            client.Dispose();
            made.Add(id);
        }

        using var revoked = await api.Http.SendAsync("DELETE", $"/api/keys/{made[2]}");
        var first = await api.Http.GetJsonAsync("/api/audit?limit=2&action=key.create");
        var second = await api.Http.GetJsonAsync($"/api/audit?limit=3&action=key.create&cursor={first.Text("next_cursor")}");
        Assert.Equal([made[4], made[3], made[2], made[1], made[0]], first.GetProperty("items").EnumerateArray().Concat(second.GetProperty("items").EnumerateArray()).Select(entry => entry.Text("target")));
        Assert.Null(second.Text("next_cursor"));
        Assert.Equal(["key.revoke", "key.create"], (await api.Http.GetJsonAsync($"/api/audit?target={made[2]}")).GetProperty("items").EnumerateArray().Select(entry => entry.Text("action")));
        Assert.Equal(6, (await api.Http.GetJsonAsync($"/api/audit?actor=dev&from={DateTime.UtcNow.AddDays(-1):yyyy-MM-dd}&to={DateTime.UtcNow.AddDays(1):yyyy-MM-dd}")).GetProperty("items").GetArrayLength());
        Assert.Equal(0, (await api.Http.GetJsonAsync("/api/audit?to=2020-01-01")).GetProperty("items").GetArrayLength());
        using var backwards = await api.Http.SendAsync("GET", "/api/audit?from=2020-01-02&to=2020-01-01");
        Assert.Equal(HttpStatusCode.BadRequest, backwards.StatusCode);

        var previous = new string('0', 64);
        var lines = (await ExportAsync(api)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(6, lines.Length);
        foreach (var line in lines)
        {
            var entry = JsonElement.Parse(line);
            var hash = entry.Text("hash")!;
            Assert.Equal(previous, entry.Text("previous_hash"));
            Assert.Equal(hash, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(line.Replace($",\"hash\":\"{hash}\"", "", StringComparison.Ordinal)))));
            previous = hash;
        }

        Assert.Equal(previous, (await api.Http.GetJsonAsync("/api/audit/verify")).Text("last_hash"));
    }

    /// <summary>Whoever can write to the file can do this; it does not go unnoticed.</summary>
    [Theory]
    [InlineData("UPDATE audit SET document = replace(document, 'a consumer', 'another') WHERE sequence = 3", 3)]
    [InlineData("UPDATE audit SET actor_id = 'key_other' WHERE sequence = 2", 2)]
    [InlineData("UPDATE audit SET hash = '0' WHERE sequence = 4", 4)]
    [InlineData("DELETE FROM audit WHERE sequence = 3", 4)]
    [InlineData("DELETE FROM audit WHERE sequence = 1", 2)]
    [InlineData("DELETE FROM audit WHERE sequence = 2; UPDATE audit SET sequence = sequence - 1 WHERE sequence > 2", 2)]
    public async Task An_entry_that_was_changed_or_removed_is_named(string tampering, int brokenAt)
    {
        using var folder = new DataFolder();
        await using var api = new ApiHost(folder: folder);
        for (var i = 0; i < 5; i++)
        {
            var (_, _, client) = await api.MakeKeyAsync();
            client.Dispose();
        }

        Assert.Equal("5", (await api.Http.GetJsonAsync("/api/audit/verify")).Text("entries"));
        await using (var file = new SqliteConnection($"Data Source={Path.Combine(folder.Path, "masterx.db")};Pooling=False"))
        {
            await file.OpenAsync(Token);
            await using var command = file.CreateCommand();
            command.CommandText = "UPDATE audit SET action = 'x'";
            await Assert.ThrowsAsync<SqliteException>(() => command.ExecuteNonQueryAsync(Token));
            command.CommandText = $"DROP TRIGGER audit_stays; {tampering}";
            await command.ExecuteNonQueryAsync(Token);
        }

        var found = await api.Http.GetJsonAsync("/api/audit/verify");
        Assert.Equal(("False", brokenAt.ToString(System.Globalization.CultureInfo.InvariantCulture)), (found.Text("intact"), found.Text("broken_at")));
        Assert.NotNull(found.Text("problem"));
    }

    [Fact]
    public async Task Two_processes_on_one_store_write_one_chain()
    {
        using var folder = new DataFolder();
        await using var one = new ApiHost(folder: folder);
        await one.WaitReadyAsync();
        await using var two = new ApiHost(folder: folder);
        await two.WaitReadyAsync();

        await Task.WhenAll(Enumerable.Range(0, 30).Select(async i =>
        {
            var (_, _, client) = await (i % 2 == 0 ? one : two).MakeKeyAsync();
            client.Dispose();
        }));

        var found = await two.Http.GetJsonAsync("/api/audit/verify");
        Assert.Equal(("True", "30", "30"), (found.Text("intact"), found.Text("entries"), found.Text("last")));
    }

    private static async Task<int> CountAsync(ApiHost api) => int.Parse((await api.Http.GetJsonAsync("/api/audit/verify")).Text("entries")!, System.Globalization.CultureInfo.InvariantCulture);

    private static async Task<string> ExportAsync(ApiHost api)
    {
        using var answer = await api.Http.SendAsync("GET", "/api/audit", null, ("Accept", "application/jsonl"));
        Assert.Equal("application/jsonl", answer.Content.Headers.ContentType?.MediaType);
        return await answer.Content.ReadAsStringAsync(Token);
    }
}
