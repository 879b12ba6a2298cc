using System.Net;
using System.Text.Json;
using MasterX.Tests.Hosts;

namespace MasterX.Tests.Api;

/// <summary>Why answers ended, and the history: searched, and deleted.</summary>
public sealed class HistoryTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false, null, "stop", "False")]
    [InlineData(true, null, "stop", "False")]
    [InlineData(false, 2, "length", "True")]
    [InlineData(true, 2, "length", "True")]
    public async Task An_answer_says_why_it_ended_and_whether_it_is_all(bool stream, int? limit, string reason, string truncated)
    {
        await using var api = new ApiHost();
        await api.WaitReadyAsync();

        using var answer = await api.GenerateAsync(new { prompt = "What is a circuit breaker?", max_tokens = limit, stream });
        var text = await answer.Content.ReadAsStringAsync(Token);
        using var last = JsonDocument.Parse(stream ? text.TrimEnd().Split("data: ")[^1] : text);
        var kept = await api.Http.GetJsonAsync($"/api/ai/generations/{last.RootElement.Text("id")}");

        Assert.Equal((reason, truncated), (last.RootElement.Text("finish_reason"), last.RootElement.Text("truncated")));
        Assert.Equal((reason, truncated, "True"), (kept.Text("finish_reason"), kept.Text("truncated"), kept.Text("success")));
    }

    [Fact]
    public async Task What_is_searched_for_is_found_deleted_and_stays_paid_for()
    {
        await using var api = new ApiHost();
        var (_, _, client) = await api.MakeKeyAsync();
        using var consumer = client;
        var (_, _, otherClient) = await api.MakeKeyAsync();
        using var other = otherClient;
        foreach (var (who, prompt, model) in new[] { (consumer, "about apples", "openai/m"), (consumer, "about pears", "openai/m"), (consumer, "about Apples", "groq/m"), (other, "about apples", "openai/m") })
        {
            using var made = await who.SendAsync("POST", "/api/ai/generate", new { prompt, model });
            Assert.Equal(HttpStatusCode.OK, made.StatusCode);
        }

        Assert.Equal(["about Apples", "about apples"], await PromptsAsync(consumer, "?search=APPLES"));
        Assert.Equal(["about Apples"], await PromptsAsync(consumer, "?search=apples&model=groq/m&success=true&to=2100-01-01"));
        Assert.Equal(["about pears", "about apples"], await PromptsAsync(consumer, "?provider=openai"));
        Assert.Empty(await PromptsAsync(consumer, "?from=2100-01-01"));

        foreach (var (query, status) in new[] { ("", HttpStatusCode.BadRequest), ("?from=soon", HttpStatusCode.BadRequest), ("?search=", HttpStatusCode.BadRequest) })
        {
            using var refused = await consumer.SendAsync("DELETE", $"/api/ai/generations{query}");
            Assert.Equal(status, refused.StatusCode);
        }

        using var deleted = await consumer.SendAsync("DELETE", "/api/ai/generations?search=apples");
        Assert.Equal("2", (await deleted.JsonAsync()).Text("deleted"));
        Assert.Equal(["about pears"], await PromptsAsync(consumer, ""));
        var id = (await other.GetJsonAsync("/api/ai/generations")).Text("items", "0", "id");
        using var others = await consumer.SendAsync("DELETE", $"/api/ai/generations/{id}");
        using var own = await other.SendAsync("DELETE", $"/api/ai/generations/{id}");
        using var again = await other.SendAsync("DELETE", $"/api/ai/generations/{id}");
        Assert.Equal((HttpStatusCode.NotFound, HttpStatusCode.NoContent, HttpStatusCode.NotFound), (others.StatusCode, own.StatusCode, again.StatusCode));
        Assert.Equal(("3", "1"), ((await consumer.GetJsonAsync("/api/usage")).Text("total", "requests"), (await other.GetJsonAsync("/api/usage")).Text("total", "requests")));
    }

    private static async Task<string[]> PromptsAsync(HttpClient client, string query) =>
        [.. (await client.GetJsonAsync($"/api/ai/generations{query}")).GetProperty("items").EnumerateArray().Select(item => item.Text("prompt")!)];
}
