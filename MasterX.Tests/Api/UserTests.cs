using System.Net;
using MasterX.Tests.Hosts;

namespace MasterX.Tests.Api;

/// <summary><c>/api/users</c>.</summary>
public sealed class UserTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("", 400)]
    [InlineData("\"\"", 400)]
    [InlineData("1", 400)]
    [InlineData(",", 400)]
    [InlineData("\"1", 400)]
    [InlineData("*, \"1\"", 400)]
    [InlineData("\"8\", \"9\"", 412)]
    [InlineData("W/\"1\"", 412)]
    [InlineData("\"8\", \"1\"", 200)]
    [InlineData("\"8\" , W/\"1\", \"1\"", 200)]
    [InlineData("*", 200)]
    [InlineData(null, 200)]
    public async Task If_Match_is_read_as_it_is_written_and_never_taken_for_leave(string? ifMatch, int status)
    {
        await using var api = new ApiHost();
        await api.WaitReadyAsync();
        var user = await api.Http.MakeUserAsync("someone@example.com");
        (string, string)[] header = ifMatch is null ? [] : [("If-Match", ifMatch)];

        using var changed = await api.Http.SendAsync("PATCH", $"/api/users/{user}", new { name = "changed" }, header);
        Assert.Equal(status, (int)changed.StatusCode);
        if (status != 200)
        {
            Assert.Contains("If-Match", (await changed.JsonAsync()).Text("detail"), StringComparison.Ordinal);
            using var deleted = await api.Http.SendAsync("DELETE", $"/api/users/{user}", null, header);
            Assert.Equal(status, (int)deleted.StatusCode);
            Assert.Equal("test", (await api.Http.GetJsonAsync($"/api/users/{user}")).Text("name"));
        }
    }

    [Fact]
    public async Task A_user_is_created_and_read_back()
    {
        await using var api = new ApiHost();
        await api.WaitReadyAsync();

        using var created = await api.Http.SendAsync("POST", "/api/users", new { name = "test", email = "test@test.com" });

        Assert.Equal(HttpStatusCode.Created, created.StatusCode);
        var user = await created.JsonAsync();
        Assert.StartsWith("usr_", user.Text("id"), StringComparison.Ordinal);
        using var read = await api.Http.GetAsync(created.Headers.Location, Token);
        Assert.Equal(user.ToString(), (await read.JsonAsync()).ToString());
        Assert.Equal(created.Headers.ETag, read.Headers.ETag);
    }

    [Fact]
    public async Task An_address_that_is_taken_is_a_409()
    {
        await using var api = new ApiHost();
        await api.WaitReadyAsync();
        await api.Http.MakeUserAsync("one@example.com");

        using var second = await api.Http.SendAsync("POST", "/api/users", new { name = "two", email = "ONE@example.com" });

        Assert.Equal(HttpStatusCode.Conflict, second.StatusCode);
    }

    [Theory]
    [InlineData("POST", """{"email":"a@example.com"}""", "name is required")]
    [InlineData("POST", """{"name":"  ","email":"a@example.com"}""", "name is required")]
    [InlineData("POST", """{"name":"a"}""", "email is required")]
    [InlineData("POST", """{"name":"a","email":"nobody"}""", "not an e-mail address")]
    [InlineData("POST", """{"name":"a","email":"a@b@c"}""", "not an e-mail address")]
    [InlineData("POST", """{"name":"a","email":"a@example.com\r\nBcc: b@example.com"}""", "not an e-mail address")]
    [InlineData("POST", """{"name":"a","email":"a@example.com","id":"usr_mine"}""", "'id'")]
    [InlineData("POST", """{"name":"a","email":"a@example.com","created_at":"2020-01-01T00:00:00Z"}""", "'created_at'")]
    [InlineData("POST", """{"name":"a","email":"a@example.com","key_id":"key_1"}""", "'key_id'")]
    [InlineData("POST", """{"name":"a","email":"a@example.com","version":7}""", "'version'")]
    [InlineData("POST", """{"name":{"$gt":""},"email":"a@example.com"}""", "'name'")]
    [InlineData("POST", """{"name":"\ud800","email":"a@example.com"}""", "'name'")]
    [InlineData("PATCH", "{}", "nothing to change")]
    [InlineData("PATCH", """{"name":""}""", "name must not be empty")]
    [InlineData("PATCH", """{"id":"usr_other"}""", "'id'")]
    [InlineData("PATCH", """{"email":"nobody"}""", "not an e-mail address")]
    public async Task A_bad_body_is_a_400_that_says_what_is_wrong_and_changes_nothing(string method, string body, string said)
    {
        await using var api = new ApiHost();
        await api.WaitReadyAsync();
        var id = await api.Http.MakeUserAsync("there@example.com");
        var before = (await api.Http.GetJsonAsync("/api/users")).ToString();

        using var request = new HttpRequestMessage(new HttpMethod(method), method == "POST" ? "/api/users" : $"/api/users/{id}") { Content = new StringContent(body, System.Text.Encoding.UTF8, "application/json") };
        using var answer = await api.Http.SendAsync(request, Token);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains(said, (await answer.JsonAsync()).ToString(), StringComparison.Ordinal);
        Assert.Equal(before, (await api.Http.GetJsonAsync("/api/users")).ToString());
    }

    [Fact]
    public async Task Length_is_counted_in_characters_as_people_see_them()
    {
        await using var api = new ApiHost();
        await api.WaitReadyAsync();
        var longest = string.Concat(Enumerable.Repeat("\U0001F600", 200));

        using var accepted = await api.Http.SendAsync("POST", "/api/users", new { name = longest, email = "emoji@example.com" });
        using var refused = await api.Http.SendAsync("POST", "/api/users", new { name = longest + "!", email = "emoji2@example.com" });

        Assert.Equal(longest, (await accepted.JsonAsync()).Text("name"));
        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
    }

    [Fact]
    public async Task A_change_is_made_to_the_version_that_is_known_and_else_refused_with_the_present_one()
    {
        await using var api = new ApiHost();
        await api.WaitReadyAsync();
        var path = $"/api/users/{await api.Http.MakeUserAsync("first@example.com")}";

        using var changed = await api.Http.SendAsync("PATCH", path, new { name = "changed" }, ("If-Match", "\"1\""));
        using var stale = await api.Http.SendAsync("PATCH", path, new { name = "stale" }, ("If-Match", "\"1\""));
        using var weak = await api.Http.SendAsync("PATCH", path, new { name = "weak" }, ("If-Match", "W/\"2\""));
        using var any = await api.Http.SendAsync("PATCH", path, new { email = "second@example.com" }, ("If-Match", "*"));
        using var unconditional = await api.Http.SendAsync("PATCH", path, new { name = "last" });

        Assert.Equal((HttpStatusCode.OK, "\"2\""), (changed.StatusCode, changed.Headers.ETag!.Tag));
        Assert.Equal((HttpStatusCode.PreconditionFailed, "\"2\""), (stale.StatusCode, stale.Headers.ETag!.Tag));
        Assert.Equal(HttpStatusCode.PreconditionFailed, weak.StatusCode);
        Assert.Equal(HttpStatusCode.OK, any.StatusCode);
        Assert.Equal("\"4\"", unconditional.Headers.ETag!.Tag);
        var user = await api.Http.GetJsonAsync(path);
        Assert.Equal(("last", "second@example.com"), (user.Text("name"), user.Text("email")));
    }

    [Fact]
    public async Task Of_ten_changes_of_one_version_at_once_one_is_made_and_without_a_version_all_are()
    {
        await using var api = new ApiHost();
        await api.WaitReadyAsync();
        var path = $"/api/users/{await api.Http.MakeUserAsync("contested@example.com")}";

        var conditional = await Task.WhenAll(Enumerable.Range(0, 10).Select(i => api.Http.SendAsync("PATCH", path, new { name = $"change {i}" }, ("If-Match", "\"1\""))));
        var unconditional = await Task.WhenAll(Enumerable.Range(0, 10).Select(i => api.Http.SendAsync("PATCH", path, new { name = $"change {i}" })));

        Assert.Single(conditional, answer => answer.StatusCode == HttpStatusCode.OK);
        Assert.Equal(9, conditional.Count(answer => answer.StatusCode == HttpStatusCode.PreconditionFailed));
        Assert.All(unconditional, answer => Assert.Equal(HttpStatusCode.OK, answer.StatusCode));
        using var read = await api.Http.SendAsync("GET", path);
        Assert.Equal("\"12\"", read.Headers.ETag!.Tag);
    }

    [Fact]
    public async Task A_version_that_is_known_is_not_sent_again()
    {
        await using var api = new ApiHost();
        await api.WaitReadyAsync();
        var path = $"/api/users/{await api.Http.MakeUserAsync("cached@example.com")}";

        using var known = await api.Http.SendAsync("GET", path, null, ("If-None-Match", "\"1\""));
        using var other = await api.Http.SendAsync("GET", path, null, ("If-None-Match", "\"7\""));

        Assert.Equal(HttpStatusCode.NotModified, known.StatusCode);
        Assert.Equal(HttpStatusCode.OK, other.StatusCode);
    }

    [Fact]
    public async Task The_list_is_paged_newest_first_and_searched_by_the_beginning()
    {
        await using var api = new ApiHost();
        await api.WaitReadyAsync();
        foreach (var name in new[] { "Ada", "Grace", "Adele", "Barbara" })
        {
            await api.Http.MakeUserAsync($"{name}@example.com", name);
        }

        var first = await api.Http.GetJsonAsync("/api/users?limit=3");
        var rest = await api.Http.GetJsonAsync($"/api/users?limit=3&cursor={first.Text("next_cursor")}");
        var found = await api.Http.GetJsonAsync("/api/users?q=AD");

        Assert.Equal(["Barbara", "Adele", "Grace"], Names(first));
        Assert.Equal(["Ada"], Names(rest));
        Assert.Null(rest.Text("next_cursor"));
        Assert.Equal(["Adele", "Ada"], Names(found));

        static IEnumerable<string?> Names(System.Text.Json.JsonElement page) => page.GetProperty("items").EnumerateArray().Select(user => user.Text("name"));
    }

    [Theory]
    [InlineData("delete")]
    [InlineData("anonymize")]
    public async Task With_a_user_goes_what_was_generated_for_the_user(string onDelete)
    {
        await using var api = new ApiHost([("Users:OnDelete", onDelete)]);
        await api.WaitReadyAsync();
        var user = await api.Http.MakeUserAsync("forgotten@example.com");
        using var generated = await api.GenerateAsync(new { prompt = "a secret of mine", user_id = user });
        var path = $"/api/ai/generations/{(await generated.JsonAsync()).Text("id")}";

        using var stale = await api.Http.SendAsync("DELETE", $"/api/users/{user}", null, ("If-Match", "\"9\""));
        Assert.Equal("a secret of mine", (await api.Http.GetJsonAsync(path)).Text("prompt"));
        using var deleted = await api.Http.SendAsync("DELETE", $"/api/users/{user}");
        using var again = await api.Http.SendAsync("DELETE", $"/api/users/{user}");
        using var kept = await api.Http.SendAsync("GET", path);

        Assert.Equal(
            (HttpStatusCode.PreconditionFailed, HttpStatusCode.NoContent, HttpStatusCode.NotFound), (stale.StatusCode, deleted.StatusCode, again.StatusCode));
        if (onDelete == "delete")
        {
            Assert.Equal(HttpStatusCode.NotFound, kept.StatusCode);
            return;
        }

        var generation = await kept.JsonAsync();
        Assert.Equal(("", "", null), (generation.Text("prompt"), generation.Text("content"), generation.Text("user_id")));
        Assert.True(generation.GetProperty("usage").GetProperty("total_tokens").GetInt32() > 0);
    }

    [Fact]
    public async Task Nobody_is_a_404()
    {
        await using var api = new ApiHost();
        await api.WaitReadyAsync();

        using var answer = await api.Http.SendAsync("GET", "/api/users/usr_nobody");

        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        Assert.Contains("no user", (await answer.JsonAsync()).Text("detail"), StringComparison.Ordinal);
    }
}
