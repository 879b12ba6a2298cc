using System.Net;
using System.Text.Json;
using MasterX.Api.Calls;
using MasterX.Api.Storage;
using MasterX.Tests.Hosts;
using Microsoft.Extensions.DependencyInjection;

namespace MasterX.Tests.Api;

/// <summary>All of a project as lines, and nothing of another's.</summary>
public sealed class ProjectExportTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_export_has_all_of_a_project_and_counts_it_at_its_end()
    {
        await using var api = new ApiHost();
        await api.WaitReadyAsync();
        var (id, key, client) = await MakeAsync(api);
        using var consumer = client;
        var (_, _, otherClient) = await MakeAsync(api);
        using var other = otherClient;
        await consumer.MakeUserAsync("ada@example.com");
        await other.MakeUserAsync("bob@example.com");

        // More than a page of them.
        await api.Services.GetRequiredService<ICallStore>().SettleAsync([.. Enumerable.Range(0, 205).Select(_ => Made(id))], Token);
        using var others = await other.SendAsync("POST", "/api/ai/generate", new { prompt = "another's question" });
        using var answer = await api.Http.SendAsync("GET", $"/api/projects/{id}/export");

        Assert.Equal("application/jsonl", answer.Content.Headers.ContentType?.MediaType);
        var text = await answer.Content.ReadAsStringAsync(Token);
        var lines = text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement).ToArray();
        Assert.Equal(
            [("generation", 205), ("key", 1), ("project", 1), ("spending", 205), ("user", 1)],
            lines[..^1].GroupBy(line => line.Text("type")!, (type, some) => (type, some.Count())).OrderBy(count => count.type, StringComparer.Ordinal));
        Assert.Equal("""{"type":"end","counts":{"generation":205,"key":1,"project":1,"spending":205,"user":1}}""", lines[^1].ToString());
        Assert.Equal(205, lines.Where(line => line.Text("type") == "spending").Select(line => line.Text("data", "call_id")).Distinct().Count());
        Assert.All(lines.Where(line => line.Text("type") == "spending"), line => Assert.Equal("search", line.Text("data", "tags", "team")));
        Assert.DoesNotContain("another's", text, StringComparison.Ordinal);
        Assert.DoesNotContain("hash", text, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain(key, text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_export_is_for_admins_and_of_what_is_there()
    {
        await using var api = new ApiHost();
        await api.WaitReadyAsync();
        var (id, _, client) = await MakeAsync(api);
        using var consumer = client;

        using var refused = await consumer.SendAsync("GET", $"/api/projects/{id}/export");
        using var none = await api.Http.SendAsync("GET", "/api/projects/proj_none/export");

        Assert.Equal((HttpStatusCode.Forbidden, HttpStatusCode.NotFound), (refused.StatusCode, none.StatusCode));
    }

    private static Settlement Made(string projectId)
    {
        var now = DateTimeOffset.UtcNow;
        var call = new Call
        {
            Id = Identifier.New("call"), KeyId = "key_1", ProjectId = projectId, At = now, Instance = "api_1", Expected = new(1, 1, null), Tags = new Dictionary<string, string> { ["team"] = "search" },
        };
        return new(call, [new("gemini", "m", "success", 1, 2, 0, 0, 0, 0.5m, false)], Generation: new()
        {
            Id = Identifier.New("gen"), OwnerId = projectId, CreatedAt = now, Prompt = "a question", Success = true, Content = "an answer", Provider = "gemini", Model = "m", Attempts = [], Cached = false, LatencyMs = 1,
        });
    }

    private static async Task<(string ProjectId, string Key, HttpClient Client)> MakeAsync(ApiHost api)
    {
        using var project = await api.Http.SendAsync("POST", "/api/projects", new { name = "p" });
        var id = (await project.JsonAsync()).Text("id")!;
        var (_, key, client) = await api.MakeKeyAsync(new { project_id = id });
        return (id, key, client);
    }
}
