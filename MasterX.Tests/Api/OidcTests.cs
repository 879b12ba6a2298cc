using System.Globalization;
using System.Net;
using System.Text;
using MasterX.Tests.Hosts;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using OpenIddict.Abstractions;

namespace MasterX.Tests.Api;

/// <summary>Services and people with tokens of an identity server, beside keys: who gets in, as whom, and who does not.</summary>
public sealed class OidcTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_service_with_a_token_works_in_its_project_beside_the_projects_keys()
    {
        await using var identity = await IdentityServer.StartAsync();
        await using var api = Api(identity.Address);
        var project = await ProjectTests.MakeProjectAsync(api);
        var (_, _, keyed) = await api.MakeKeyAsync(new { project_id = project });
        using var key = keyed;
        using var shop = api.ClientWith(await identity.TokenAsync("shop", project: project));
        using var renewed = api.ClientWith(await identity.TokenAsync("shop", project: project));
        using var other = api.ClientWith(await identity.TokenAsync("stock", project: project));

        var user = await shop.MakeUserAsync("ada@example.com");
        using var made = await shop.SendAsync("POST", "/api/ai/generate", new { prompt = "x", user_id = user }, ("Idempotency-Key", "the-same"));
        using var again = await renewed.SendAsync("POST", "/api/ai/generate", new { prompt = "x", user_id = user }, ("Idempotency-Key", "the-same"));
        using var forwarded = await other.SendAsync("POST", "/v1/chat/completions", new { model = "auto", messages = new[] { new { role = "user", content = "x" } } });

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK, HttpStatusCode.OK), (made.StatusCode, again.StatusCode, forwarded.StatusCode));
        Assert.Equal("true", again.Header("Idempotency-Replayed"));
        Assert.Equal("ada@example.com", (await key.GetJsonAsync($"/api/users/{user}")).Text("email"));
        Assert.Equal(1, (await key.GetJsonAsync("/api/ai/generations")).GetProperty("items").GetArrayLength());

        var self = await shop.GetJsonAsync("/api/keys/self");
        Assert.Equal((project, "shop"), (self.Text("project", "id"), self.Text("key", "name")));
        var id = self.Text("key", "id")!;
        Assert.Matches("^oidc:[0-9a-f]{32}$", id);
        Assert.Equal(id, (await renewed.GetJsonAsync("/api/keys/self")).Text("key", "id"));
        Assert.Equal(
            new HashSet<string?> { id, (await other.GetJsonAsync("/api/keys/self")).Text("key", "id") },
            (await key.GetJsonAsync("/api/usage")).GetProperty("items").EnumerateArray().Select(day => day.Text("key_id")).ToHashSet());
        using var closed = await shop.SendAsync("GET", "/api/keys");
        Assert.Equal(HttpStatusCode.Forbidden, closed.StatusCode);
    }

    [Fact]
    public async Task Claims_are_mapped_to_projects_and_scopes_as_the_settings_say()
    {
        await using var identity = await IdentityServer.StartAsync();
        using var folder = new DataFolder();
        string project, another;
        await using (var first = new ApiHost(folder: folder))
        {
            await first.WaitReadyAsync();
            (project, another) = (await ProjectTests.MakeProjectAsync(first), await ProjectTests.MakeProjectAsync(first));
        }

        await using var api = Api(
            identity.Address, folder,
            ("Oidc:ProjectClaim", "groups"), ("Oidc:Projects:web-shop", project), ("Oidc:Projects:stock", another), ("Oidc:ScopeClaim", "roles access.roles"),
            ("Oidc:Scopes:writer", "generate"), ("Oidc:Scopes:api:operators", "admin"), ("Oidc:RequestsPerMinute", "2"));
        await api.WaitReadyAsync();
        using var member = api.ClientWith(await AsAsync("member", roles: ["writer"], groups: ["everyone", "web-shop"]));
        using var both = api.ClientWith(await AsAsync("both", roles: ["writer"], groups: ["stock", "web-shop"]));
        using var stranger = api.ClientWith(await AsAsync("stranger", roles: ["writer"], groups: ["everyone"]));
        using var idle = api.ClientWith(await AsAsync("idle", roles: ["reader"], groups: ["web-shop"]));
        using var admin = api.ClientWith(await AsAsync("admin", roles: ["api:operators"], groups: []));

        Assert.Equal(project, (await member.GetJsonAsync("/api/keys/self")).Text("project", "id"));
        Assert.Equal(2, (await admin.GetJsonAsync("/api/projects")).GetProperty("items").GetArrayLength());
        await RefusedAsync(both, HttpStatusCode.Forbidden, "names several projects");
        await RefusedAsync(stranger, HttpStatusCode.Forbidden, "groups is 'everyone', which is no project's id");
        await RefusedAsync(idle, HttpStatusCode.Forbidden, "none of writer, api:operators is in its roles or access.roles");

        // Each caller has limits of its own, beside its project's.
        (await member.GetJsonAsync("/api/usage")).ToString();
        using var third = await member.SendAsync("GET", "/api/usage");
        Assert.Equal(HttpStatusCode.TooManyRequests, third.StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await admin.SendAsync("GET", "/api/usage")).StatusCode);

        Task<string> AsAsync(string client, string[] roles, string[] groups) => identity.TokenAsync(client, described =>
            described.SetAudiences(IdentityServer.Audience).SetClaims("roles", [.. roles]).SetClaims("groups", [.. groups]));
    }

    [Fact]
    public async Task A_token_without_a_project_or_a_scope_is_told_what_is_missing()
    {
        await using var identity = await IdentityServer.StartAsync();
        await using var api = Api(identity.Address);
        var project = await ProjectTests.MakeProjectAsync(api);
        using var nowhere = api.ClientWith(await identity.TokenAsync("a"));
        using var unknown = api.ClientWith(await identity.TokenAsync("b", project: "proj_unknown"));
        using var idle = api.ClientWith(await identity.TokenAsync("c", scope: "openid", project: project));
        using var gone = api.ClientWith(await identity.TokenAsync("d", project: project));
        using var admin = api.ClientWith(await identity.TokenAsync("e", scope: "masterx.admin"));

        await RefusedAsync(nowhere, HttpStatusCode.Forbidden, "no claim masterx_project");
        await RefusedAsync(unknown, HttpStatusCode.Forbidden, "'proj_unknown', does not exist");
        await RefusedAsync(idle, HttpStatusCode.Forbidden, "none of masterx.generate, masterx.admin is in its scope or scp");
        using var refused = await nowhere.SendAsync("GET", "/api/usage");
        Assert.Equal("Bearer error=\"insufficient_scope\"", refused.Header("WWW-Authenticate"));
        using var foreign = await nowhere.SendAsync("GET", "/v1/models");
        Assert.Contains("no claim masterx_project", (await foreign.JsonAsync()).Text("error", "message"), StringComparison.Ordinal);

        using var deleted = await admin.SendAsync("DELETE", $"/api/projects/{project}");
        Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);
        await RefusedAsync(gone, HttpStatusCode.Forbidden, "does not exist");
    }

    [Fact]
    public async Task A_token_that_is_forged_foreign_or_expired_is_a_401_that_says_so()
    {
        var key = IdentityServer.NewKey();
        await using var identity = await IdentityServer.StartAsync(key: key);
        await using var twin = await IdentityServer.StartAsync(key: key);
        await using var stranger = await IdentityServer.StartAsync();
        var time = new ShiftedTime();
        await using var api = new ApiHost(Settings(identity.Address), time: time);
        var project = await ProjectTests.MakeProjectAsync(api);
        var good = await identity.TokenAsync(project: project);
        var parts = good.Split('.');
        var publicKey = key.Rsa.ExportSubjectPublicKeyInfoPem();

        await OpensAsync(good);
        await ClosedAsync(await identity.TokenAsync(project: project, audience: "another"), "another service");
        await ClosedAsync(await twin.TokenAsync(project: project), "another than the authority");
        await ClosedAsync(await stranger.TokenAsync(project: project), "authority");
        await ClosedAsync(Made(new SigningCredentials(new SymmetricSecurityKey(Encoding.UTF8.GetBytes(publicKey)) { KeyId = key.KeyId }, SecurityAlgorithms.HmacSha256)), "");
        await ClosedAsync(Made(new SigningCredentials(new SymmetricSecurityKey(key.Rsa.ExportSubjectPublicKeyInfo()) { KeyId = key.KeyId }, SecurityAlgorithms.HmacSha256)), "");
        await ClosedAsync(Made(new SigningCredentials(IdentityServer.NewKey(), SecurityAlgorithms.RsaSha256)), "not signed with a key of the authority");
        await ClosedAsync(Made(new SigningCredentials(new RsaSecurityKey(IdentityServer.NewKey().Rsa) { KeyId = key.KeyId }, SecurityAlgorithms.RsaSha256)), "was changed");
        await ClosedAsync(Made(null), "");
        await ClosedAsync($"{Base64UrlEncoder.Encode("""{"alg":"none","typ":"JWT"}""")}.{parts[1]}.", "");
        await ClosedAsync($"{parts[0]}.{Base64UrlEncoder.Encode(Base64UrlEncoder.Decode(parts[1]).Replace("shop", "root", StringComparison.Ordinal))}.{parts[2]}", "was changed");
        await ClosedAsync($"{parts[0]}.{parts[1]}", "was changed");
        await ClosedAsync("ey.ey.ey.ey.ey", "was changed");
        await ClosedAsync(Made(new SigningCredentials(key, SecurityAlgorithms.RsaSha256), subject: null), "no sub");
        await ClosedAsync(Made(new SigningCredentials(key, SecurityAlgorithms.RsaSha256), from: TimeSpan.FromHours(1)), "not valid yet");
        await OpensAsync(Made(new SigningCredentials(key, SecurityAlgorithms.RsaSha256)));
        await OpensAsync(good);

        time.Advance(TimeSpan.FromMinutes(59));
        await OpensAsync(good);
        time.Advance(TimeSpan.FromMinutes(2));
        await ClosedAsync(good, "has expired");

        async Task OpensAsync(string token)
        {
            using var client = api.ClientWith(token);
            using var answer = await client.SendAsync("GET", "/api/usage");
            Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync(Token));
        }

        async Task ClosedAsync(string token, string why)
        {
            using var client = api.ClientWith(token);
            using var answer = await client.SendAsync("GET", "/api/usage");
            var detail = (await answer.JsonAsync()).Text("detail")!;
            Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
            Assert.Contains(why, detail, StringComparison.Ordinal);
            Assert.Equal($"Bearer error=\"invalid_token\", error_description=\"{detail}\"", answer.Header("WWW-Authenticate"));
        }

        string Made(SigningCredentials? credentials, string? subject = "shop", TimeSpan from = default) => new JsonWebTokenHandler { SetDefaultTimesOnTokenCreation = false }.CreateToken(new SecurityTokenDescriptor
        {
            Issuer = identity.Address.ToString(),
            Audience = IdentityServer.Audience,
            NotBefore = DateTime.UtcNow + from,
            Expires = DateTime.UtcNow + from + TimeSpan.FromHours(1),
            SigningCredentials = credentials,
            Claims = new Dictionary<string, object?> { ["sub"] = subject, ["scope"] = "masterx.generate", ["masterx_project"] = project }.Where(claim => claim.Value is not null).ToDictionary(claim => claim.Key, claim => claim.Value!),
        });
    }

    [Fact]
    public async Task A_change_of_the_issuers_keys_costs_no_call_and_the_old_ones_open_nothing_then()
    {
        await using var identity = await IdentityServer.StartAsync();
        var time = new ShiftedTime();
        await using var api = new ApiHost(Settings(identity.Address), time: time);
        var project = await ProjectTests.MakeProjectAsync(api);
        using var before = api.ClientWith(await identity.TokenAsync(project: project));
        await before.GetJsonAsync("/api/usage");

        identity.Rotate();
        time.Advance(TimeSpan.FromSeconds(10));
        using var after = api.ClientWith(await identity.TokenAsync(project: project));
        await after.GetJsonAsync("/api/usage");
        time.Advance(TimeSpan.FromSeconds(10));
        await RefusedAsync(before, HttpStatusCode.Unauthorized, "not signed with a key of the authority");
    }

    [Fact]
    public async Task While_the_authority_is_away_keys_work_and_tokens_are_told_to_come_back()
    {
        var port = int.Parse(FreePorts.Take(1)[0], CultureInfo.InvariantCulture);
        var time = new ShiftedTime();
        await using var api = new ApiHost(Settings(new Uri($"http://127.0.0.1:{port}/")), time: time);
        var project = await ProjectTests.MakeProjectAsync(api);
        await using var elsewhere = await IdentityServer.StartAsync();
        using var early = api.ClientWith(await elsewhere.TokenAsync(project: project));

        await RefusedAsync(early, HttpStatusCode.ServiceUnavailable, $"http://127.0.0.1:{port}/");
        using var told = await early.SendAsync("GET", "/api/usage");
        Assert.Equal("5", told.Header("Retry-After"));
        using var ready = await api.Anonymous.SendAsync("GET", "/health/ready");
        Assert.Equal(HttpStatusCode.OK, ready.StatusCode);
        Assert.Equal("degraded", await HealthAsync());

        await using (var identity = await IdentityServer.StartAsync(port))
        {
            time.Advance(TimeSpan.FromSeconds(10));
            using var shop = api.ClientWith(await identity.TokenAsync(project: project));
            await shop.GetJsonAsync("/api/usage");
            Assert.Equal("healthy", await HealthAsync());
            await identity.DisposeAsync();

            // Away again, its keys are known.
            time.Advance(TimeSpan.FromMinutes(6));
            await shop.GetJsonAsync("/api/usage");
            await ApiCalls.UntilAsync(async () => await HealthAsync() == "degraded", "the authority is found to be away");
            await shop.GetJsonAsync("/api/usage");
        }

        async Task<string?> HealthAsync() => (await api.Http.GetJsonAsync("/health")).Text("checks", "oidc", "status");
    }

    /// <summary>Where nobody is configured, a token is a key that is not known.</summary>
    [Fact]
    public async Task Without_an_authority_a_token_opens_nothing()
    {
        await using var identity = await IdentityServer.StartAsync();
        await using var api = new ApiHost();
        await api.WaitReadyAsync();
        using var client = api.ClientWith(await identity.TokenAsync(scope: "masterx.admin"));

        using var answer = await client.SendAsync("GET", "/api/usage");

        Assert.Equal((HttpStatusCode.Unauthorized, "Bearer"), (answer.StatusCode, answer.Header("WWW-Authenticate")));
    }

    private static ApiHost Api(Uri authority, DataFolder? folder = null, params (string Key, string? Value)[] more) => new([.. Settings(authority), .. more], folder: folder);

    private static (string Key, string? Value)[] Settings(Uri authority) => [("Oidc:Authority", authority.ToString()), ("Oidc:Audience", IdentityServer.Audience)];

    private static async Task RefusedAsync(HttpClient client, HttpStatusCode status, string why)
    {
        using var answer = await client.SendAsync("GET", "/api/usage");
        Assert.Equal(status, answer.StatusCode);
        Assert.Contains(why, (await answer.JsonAsync()).Text("detail"), StringComparison.Ordinal);
    }
}
