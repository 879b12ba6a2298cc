using System.Net;
using MasterX.Api.Usage;
using MasterX.Tests.Hosts;

namespace MasterX.Tests.Api;

/// <summary>What was used, told by what the callers say it was for, and as a table.</summary>
public sealed class UsageTests
{
    private static readonly object Chat = new { model = "openai/m", messages = new[] { new { role = "user", content = "x" } }, metadata = new Dictionary<string, object> { ["team"] = "search", ["user_id"] = "ada@example.com", ["n"] = 7, ["Team"] = "no name" } };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Calls_are_told_apart_by_their_tags_and_by_nobodys_person()
    {
        await using var api = new ApiHost();
        var (id, _, client) = await api.MakeKeyAsync();
        using var consumer = client;
        foreach (var (path, body, tags) in new (string, object, string?)[]
        {
            ("/api/ai/generate", new { prompt = "x" }, "team=search, env=prod"), ("/v1/chat/completions", Chat, null), ("/v1/chat/completions", Chat, "team=shop"),
            ("/v1/messages", new { model = "anthropic/m", max_tokens = 9, messages = new[] { new { role = "user", content = "x" } } }, "env=prod"), ("/api/ai/generate", new { prompt = "x" }, null),
        })
        {
            using var answer = await consumer.SendAsync("POST", path, body, tags is null ? [] : [("x-masterx-tags", tags)]);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        }

        var byTeam = (await consumer.GetJsonAsync("/api/usage?group_by=tag:team")).GetProperty("items").EnumerateArray().Select(item => (item.Text("tags", "team"), item.Text("requests")));
        Assert.Equal([(null, "2"), ("search", "2"), ("shop", "1")], byTeam);
        Assert.Equal("2", (await consumer.GetJsonAsync("/api/usage?tag=env:prod")).Text("total", "requests"));
        Assert.Equal("5", (await api.Http.GetJsonAsync($"/api/usage?group_by=key,hour,model,provider&key_id={id}")).Text("total", "requests"));
        var persons = (await consumer.GetJsonAsync("/api/usage?group_by=tag:user_id")).GetProperty("items").EnumerateArray().Select(item => item.Text("tags", "user_id"));
        Assert.Equal([null], persons);

        // As it always was.
        var day = Assert.Single((await consumer.GetJsonAsync("/api/usage")).GetProperty("items").EnumerateArray());
        Assert.Equal((id, "5"), (day.Text("key_id"), day.Text("requests")));
    }

    [Theory]
    [InlineData("Team=search", "'Team' is no name")]
    [InlineData("team", "the value of 'team'")]
    [InlineData("team=a, team=b", "'team' is given twice")]
    [InlineData("a=1,b=1,c=1,d=1,e=1,f=1,g=1,h=1,i=1,j=1,k=1", "11 tags")]
    public async Task Tags_that_are_none_are_refused_by_name_at_every_door(string tags, string problem)
    {
        await using var api = new ApiHost();
        await api.WaitReadyAsync();
        foreach (var (path, body) in new (string, object)[] { ("/api/ai/generate", new { prompt = "x" }), ("/v1/chat/completions", Chat), ("/v1/messages", Chat) })
        {
            using var answer = await api.Http.SendAsync("POST", path, body, [("x-masterx-tags", tags)]);

            Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
            Assert.Contains(problem, await answer.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
        }

        Assert.Equal("0", (await api.Http.GetJsonAsync("/api/usage")).Text("total", "requests"));
    }

    [Theory]
    [InlineData("?format=csv&group_by=tag:formula,provider", null)]
    [InlineData("?group_by=tag:formula,provider", "text/csv")]
    public async Task A_table_holds_no_formula(string query, string? accept)
    {
        await using var api = new ApiHost();
        await api.WaitReadyAsync();
        using var call = await api.Http.SendAsync("POST", "/api/ai/generate", new { prompt = "x" }, [("x-masterx-tags", "formula==HYPERLINK(\"http://x\")")]);
        Assert.Equal(HttpStatusCode.OK, call.StatusCode);

        using var answer = await api.Http.SendAsync("GET", $"/api/usage{query}", null, accept is null ? [] : [("Accept", accept)]);

        Assert.Equal("text/csv", answer.Content.Headers.ContentType?.MediaType);
        var lines = (await answer.Content.ReadAsStringAsync(Token)).Split("\r\n");
        Assert.Equal("provider,tag:formula,requests,attempts,input_tokens,output_tokens,cached_input_tokens,reasoning_tokens,cost_usd,estimated,unpriced", lines[0]);
        Assert.StartsWith("gemini,\"'=HYPERLINK(\"\"http://x\"\")\",1,1,", lines[1], StringComparison.Ordinal);
        Assert.Equal([""], lines[2..]);
    }

    [Theory]
    [InlineData("=1", "'=1")]
    [InlineData("+1", "'+1")]
    [InlineData("-1", "'-1")]
    [InlineData("@x", "'@x")]
    [InlineData("\tx", "'\tx")]
    [InlineData("\rx", "\"'\rx\"")]
    [InlineData("a,b", "\"a,b\"")]
    [InlineData("a=b", "a=b")]
    [InlineData(-1L, "-1")]
    [InlineData(null, "")]
    public void A_cell_is_what_it_says(object? value, string written) => Assert.Equal(written, UsageCsv.Cell(value));

    [Theory]
    [InlineData("?group_by=key,colour", "group_by has 'colour'")]
    [InlineData("?group_by=tag:a,tag:b,tag:c,tag:d", "up to 3 tags")]
    [InlineData("?tag=team", "NAME:VALUE")]
    [InlineData("?from=yesterday", "from must be a day")]
    [InlineData("?to=2026-11-24T12:00:00", "to must be a day")]
    [InlineData("?from=2026-11-25&to=2026-11-24", "from must not be after to")]
    [InlineData("?from=2025-01-01&to=2026-11-24", "at most 366 days")]
    [InlineData("?format=xml", "format must be json or csv")]
    public async Task What_cannot_be_asked_for_is_refused_by_name(string query, string problem)
    {
        await using var api = new ApiHost();
        await api.WaitReadyAsync();

        using var answer = await api.Http.SendAsync("GET", $"/api/usage{query}");

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains(problem, await answer.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
    }
}
