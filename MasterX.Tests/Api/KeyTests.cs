using System.Net;
using MasterX.Api.Keys;
using MasterX.Api.Storage;
using MasterX.Tests.Hosts;
using Microsoft.Extensions.DependencyInjection;

namespace MasterX.Tests.Api;

/// <summary>Who gets in.</summary>
public sealed class KeyTests
{
    private static readonly Uri Generations = new("/api/ai/generations", UriKind.Relative);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(null)]
    [InlineData("Bearer")]
    [InlineData("Bearer ")]
    [InlineData("Bearer mx_unknown")]
    [InlineData("Bearer mx-dev extra")]
    [InlineData("Basic mx-dev")]
    public async Task No_key_or_a_wrong_one_is_a_401_problem(string? authorization)
    {
        await using var api = new ApiHost();
        await api.WaitReadyAsync();
        using var request = new HttpRequestMessage(HttpMethod.Get, Generations);
        if (authorization is not null)
        {
            request.Headers.TryAddWithoutValidation("Authorization", authorization);
        }

        using var answer = await api.Anonymous.SendAsync(request, Token);

        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType!.MediaType);
        Assert.Equal("Bearer", answer.Headers.WwwAuthenticate.Single().Scheme);
    }

    [Fact]
    public async Task The_development_key_works_in_Development_only()
    {
        await using var production = new ApiHost([("MASTERX_ADMIN_KEY", "mx_admin-key-of-a-test"), ("CORS_ORIGINS", "none")], "Production");
        await production.WaitReadyAsync();

        using var refused = await production.Http.GetAsync(Generations, Token);
        using var admin = production.ClientWith("mx_admin-key-of-a-test");
        using var accepted = await admin.GetAsync(Generations, Token);

        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        Assert.Equal(HttpStatusCode.OK, accepted.StatusCode);
    }

    [Theory]
    [InlineData("X-Forwarded-For", "203.0.113.7")]
    [InlineData("Forwarded", "for=203.0.113.7")]
    [InlineData("X-Forwarded-For", "127.0.0.1")]
    [InlineData("X-Forwarded-Host", "abc.devtunnels.ms")]
    [InlineData("X-Real-IP", "203.0.113.7")]
    [InlineData("Via", "1.1 nginx")]
    public async Task The_development_key_does_not_work_through_a_proxy(string header, string value)
    {
        await using var api = new ApiHost([("TRUSTED_PROXIES", "127.0.0.1")]);
        await api.WaitReadyAsync();
        api.Http.DefaultRequestHeaders.Add(header, value);

        using var answer = await api.Http.GetAsync(Generations, Token);

        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
    }

    [Theory]
    [InlineData("localhost:5080", null, true)]
    [InlineData("LocalHost", null, true)]
    [InlineData("127.0.0.1", null, true)]
    [InlineData("[::1]:1", null, true)]
    [InlineData("localhost:5080", "http://localhost:3000", true)]
    [InlineData("localhost:5080", "https://app.example.com", true)]
    [InlineData("localhost:5080", "https://evil.example", false)]
    [InlineData("localhost:5080", "null", false)]
    [InlineData("evil.example:5080", null, false)]
    [InlineData("evil.example:5080", "http://evil.example:5080", false)]
    [InlineData("localhost.evil.example", null, false)]
    public async Task The_development_key_works_by_a_name_of_this_machine_and_not_for_a_page_of_elsewhere(string host, string? origin, bool works)
    {
        await using var api = new ApiHost([("CORS_ORIGINS", "https://app.example.com")]);
        await api.WaitReadyAsync();

        using var answer = await api.Http.SendAsync("GET", "/api/users", null, origin is null ? [("Host", host)] : [("Host", host), ("Origin", origin)]);

        Assert.Equal(works ? HttpStatusCode.OK : HttpStatusCode.Unauthorized, answer.StatusCode);
    }

    [Fact]
    public async Task A_stored_key_works_until_it_expires_and_sees_its_own_history_only()
    {
        await using var api = new ApiHost();
        await api.WaitReadyAsync();
        using var generated = await api.GenerateAsync(new { prompt = "of the development key" });
        using var valid = api.ClientWith(await AddKeyAsync(api, DateTimeOffset.UtcNow.AddHours(1)));
        using var expired = api.ClientWith(await AddKeyAsync(api, DateTimeOffset.UtcNow.AddSeconds(-1)));

        using var seen = await valid.GetAsync(Generations, Token);
        using var other = await valid.GetAsync(new Uri($"/api/ai/generations/{(await generated.JsonAsync()).Text("id")}", UriKind.Relative), Token);
        using var refused = await expired.GetAsync(Generations, Token);

        Assert.Equal(0, (await seen.JsonAsync()).GetProperty("items").GetArrayLength());
        Assert.Equal(HttpStatusCode.NotFound, other.StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
    }

    [Fact]
    public async Task Keys_that_are_made_up_are_not_looked_for_without_end_and_a_valid_key_works_all_the_while()
    {
        var time = new ShiftedTime();
        await using var api = new ApiHost([("Keys:FailuresPerMinute", "5"), ("TRUSTED_PROXIES", "127.0.0.1")], time: time);
        var (_, key, client) = await api.MakeKeyAsync();
        using var consumer = client;
        await consumer.GetJsonAsync("/api/users");

        List<int> statuses = [];
        for (var i = 0; i < 8; i++)
        {
            using var answer = await GuessAsync("203.0.113.7");
            statuses.Add((int)answer.StatusCode);
        }

        Assert.Equal([401, 401, 401, 401, 401, 429, 429, 429], statuses);
        using var refused = await GuessAsync("203.0.113.7");
        using var elsewhere = await GuessAsync("203.0.113.8");
        using var neighbour = await GuessAsync("2001:db8:1:2:3::1");
        using var known = await api.Anonymous.SendAsync("GET", "/api/users", null, ("Authorization", $"Bearer {key}"), ("X-Forwarded-For", "203.0.113.7"));
        Assert.Equal((HttpStatusCode.TooManyRequests, HttpStatusCode.Unauthorized, HttpStatusCode.Unauthorized, HttpStatusCode.OK), (refused.StatusCode, elsewhere.StatusCode, neighbour.StatusCode, known.StatusCode));
        Assert.InRange(refused.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 12);

        time.Advance(refused.Headers.RetryAfter.Delta.Value);
        using var later = await GuessAsync("203.0.113.7");
        Assert.Equal(HttpStatusCode.Unauthorized, later.StatusCode);
        Assert.Equal(3, api.Services.GetRequiredService<FailedKeys>().Count);

        Task<HttpResponseMessage> GuessAsync(string from) =>
            api.Anonymous.SendAsync("GET", "/api/users", null, ("Authorization", $"Bearer {ConsumerKeySecret.New()}"), ("X-Forwarded-For", from));
    }

    [Fact]
    public async Task Health_tells_why_to_those_who_may_know_and_whether_to_all()
    {
        await using var production = new ApiHost([("MASTERX_ADMIN_KEY", "mx_admin-key-of-a-test"), ("CORS_ORIGINS", "none")], "Production");
        await production.WaitReadyAsync();
        using var admin = production.ClientWith("mx_admin-key-of-a-test");

        using var forAll = await production.Anonymous.GetAsync(new Uri("/health", UriKind.Relative), Token);
        using var forAdmin = await admin.GetAsync(new Uri("/health", UriKind.Relative), Token);

        var open = await forAll.JsonAsync();
        Assert.Equal(["ai_providers", "database", "disk", "memory", "startup"], open.GetProperty("checks").EnumerateObject().Select(check => check.Name).Order());
        Assert.Equal("""{"status":"healthy"}""", open.GetProperty("checks").GetProperty("database").GetRawText());
        Assert.Equal("embedded: connected", (await forAdmin.JsonAsync()).Text("checks", "database", "description"));
    }

    private static async Task<string> AddKeyAsync(ApiHost api, DateTimeOffset expires)
    {
        var key = ConsumerKeySecret.New();
        await api.Services.GetRequiredService<IKeyStore>().TryAddAsync(
            new() { Id = Identifier.New("key"), Hash = ConsumerKeyHash.Of(key).ToString(), Preview = key[..8], Name = "test", Scopes = [ConsumerScopes.Generate], CreatedAt = DateTimeOffset.UtcNow, ExpiresAt = expires }, Token);
        return key;
    }
}
