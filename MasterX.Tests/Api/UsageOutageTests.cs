using System.Net;
using MasterX.Tests.Hosts;
using Microsoft.Data.Sqlite;

namespace MasterX.Tests.Api;

/// <summary>Usage while the database takes nothing: kept, told in metrics, and written when it is back.</summary>
[Collection(MeasuredAlone.Name)]
public sealed class UsageOutageTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Usage_waits_for_the_database_and_is_not_lost()
    {
        using var folder = new DataFolder();
        await using var api = new ApiHost([("Embedded:BusyTimeout", "00:00:01")], folder: folder);
        var (id, _, client) = await api.MakeKeyAsync();
        using var consumer = client;
        await consumer.GetJsonAsync("/v1/models");

        using (var other = new SqliteConnection($"Data Source={Path.Combine(folder.Path, "masterx.db")};Pooling=false"))
        {
            await other.OpenAsync(Token);
            await using var held = other.BeginTransaction(deferred: false);
            for (var i = 0; i < 3; i++)
            {
                // Forwarded calls need no write; the database being away is no reason to refuse them.
                using var answer = await consumer.SendAsync("POST", "/v1/chat/completions", new { messages = new[] { new { role = "user", content = "x" } } });
                Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            }

            using var refused = await consumer.SendAsync("POST", "/api/users", new { name = "a", email = "a@example.com" });
            Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
            await ApiCalls.UntilAsync(async () => (await PrometheusText.ReadAsync(api.Anonymous)).Value("usage_backlog_requests") == 3, "the backlog is told");
        }

        var usage = await api.Http.GetJsonAsync($"/api/usage?key_id={id}");
        Assert.Equal("3", usage.Text("total", "requests"));
        await ApiCalls.UntilAsync(async () => (await PrometheusText.ReadAsync(api.Anonymous)).Value("usage_backlog_requests") == 0, "the backlog is empty");
    }
}
