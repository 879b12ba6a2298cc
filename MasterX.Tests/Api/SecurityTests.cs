using System.Net;
using System.Net.Sockets;
using System.Text;
using MasterX.Tests.Hosts;

namespace MasterX.Tests.Api;

/// <summary>What an attacker would try: refused, nothing changed, and nothing secret in the logs.</summary>
public sealed class SecurityTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("GET /api/users HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer mx_a\r\nAuthorization: Bearer mx-dev\r\nConnection: close\r\n\r\n", "401")]
    [InlineData("GET /api/users HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer mx_a, Bearer mx-dev\r\nConnection: close\r\n\r\n", "401")]
    [InlineData("GET /api/users HTTP/1.1\r\nHost: x\r\nAuthorization : Bearer mx-dev\r\nConnection: close\r\n\r\n", "400")]
    [InlineData("GET /api/users HTTP/1.1\r\nHost: x\r\n Authorization: Bearer mx-dev\r\nConnection: close\r\n\r\n", "400")]
    [InlineData("POST /api/users HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer mx-dev\r\nContent-Length: 5\r\nContent-Length: 6\r\nConnection: close\r\n\r\n{\"a\":", "400")]
    [InlineData("POST /api/users HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer mx-dev\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\nConnection: close\r\n\r\n0\r\n\r\n", "400")]
    [InlineData("GET /api/users HTTP/1.1\r\nHost: x\r\nHost: y\r\nAuthorization: Bearer mx-dev\r\nConnection: close\r\n\r\n", "400")]
    [InlineData("GET /api/users\0 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer mx-dev\r\nConnection: close\r\n\r\n", "400")]
    public async Task A_smuggled_or_doubled_header_is_refused(string request, string status)
    {
        await using var api = new ApiHost();
        await api.WaitReadyAsync();

        using var connection = new TcpClient();
        await connection.ConnectAsync(IPAddress.Loopback, api.Address.Port, Token);
        await connection.GetStream().WriteAsync(Encoding.Latin1.GetBytes(request), Token);
        using var reader = new StreamReader(connection.GetStream(), Encoding.Latin1);

        Assert.StartsWith($"HTTP/1.1 {status}", await reader.ReadLineAsync(Token), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/v1/models", "api-key", 200)]
    [InlineData("/v1/models", "x-api-key", 200)]
    [InlineData("/api/users", "x-api-key", 200)]
    [InlineData("/v1/models", "x-apikey", 401)]
    public async Task A_key_may_come_as_an_API_key(string path, string header, int status)
    {
        await using var api = new ApiHost();
        await api.WaitReadyAsync();
        var (_, key, client) = await api.MakeKeyAsync();
        client.Dispose();

        using var answer = await api.Anonymous.SendAsync("GET", path, null, (header, key));
        using var wrong = await api.Anonymous.SendAsync("GET", path, null, (header, $"{key}x"));
        using var two = await api.Anonymous.SendAsync("GET", path, null, ("api-key", key), ("x-api-key", key));

        Assert.Equal((status, 401, 401), ((int)answer.StatusCode, (int)wrong.StatusCode, (int)two.StatusCode));
    }

    [Theory]
    [InlineData("{\"$gt\":\"\"}")]
    [InlineData("' OR '1'='1")]
    [InlineData("usr_x'; DELETE FROM users; --")]
    [InlineData("..%2F..%2Fetc%2Fpasswd")]
    [InlineData("usr_%25")]
    [InlineData("[$ne]=x")]
    public async Task An_id_is_an_id_and_nothing_else(string id)
    {
        await using var api = new ApiHost();
        await api.WaitReadyAsync();
        await api.Http.MakeUserAsync("there@example.com");
        var escaped = id.Contains('%', StringComparison.Ordinal) ? id : Uri.EscapeDataString(id);

        foreach (var path in new[] { "users", "ai/generations", "keys" })
        {
            using var read = await api.Http.SendAsync("GET", $"/api/{path}/{escaped}");
            Assert.True(read.StatusCode is HttpStatusCode.NotFound, $"{path}: {read.StatusCode}");
        }

        using var deleted = await api.Http.SendAsync("DELETE", $"/api/users/{escaped}");
        using var changed = await api.Http.SendAsync("PATCH", $"/api/users/{escaped}", new { name = "taken over" });
        Assert.Equal((HttpStatusCode.NotFound, HttpStatusCode.NotFound), (deleted.StatusCode, changed.StatusCode));
        Assert.Equal("test", (await api.Http.GetJsonAsync("/api/users")).Text("items", "0", "name"));
    }

    [Theory]
    [InlineData("limit=0")]
    [InlineData("limit=101")]
    [InlineData("limit=-1")]
    [InlineData("limit=1e2")]
    [InlineData("limit[$gt]=1&limit=ten")]
    [InlineData("limit=99999999999999999999")]
    public async Task A_page_is_never_larger_than_it_may_be(string query)
    {
        await using var api = new ApiHost();
        await api.WaitReadyAsync();

        foreach (var path in new[] { "/api/users", "/api/ai/generations", "/api/keys" })
        {
            using var answer = await api.Http.SendAsync("GET", $"{path}?{query}");
            Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
            Assert.Contains("limit", (await answer.JsonAsync()).ToString(), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("q={\"$gt\":\"\"}")]
    [InlineData("q=' OR 1=1 --")]
    [InlineData("q=%")]
    [InlineData("q=.*")]
    [InlineData("cursor=' OR '1'='1")]
    [InlineData("cursor={\"$gt\":\"\"}")]
    public async Task A_search_text_is_text(string query)
    {
        await using var api = new ApiHost();
        await api.WaitReadyAsync();
        await api.Http.MakeUserAsync("there@example.com");

        using var answer = await api.Http.SendAsync("GET", $"/api/users?{query[..query.IndexOf('=')]}={Uri.EscapeDataString(query[(query.IndexOf('=') + 1)..])}");

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(0, (await answer.JsonAsync()).GetProperty("items").EnumerateArray().Count(user => query.StartsWith('q')));
    }

    [Fact]
    public async Task Every_endpoint_but_the_open_ones_wants_a_key()
    {
        await using var api = new ApiHost();
        await api.WaitReadyAsync();
        var description = await api.Anonymous.GetJsonAsync("/openapi/v1.json");

        foreach (var path in description.GetProperty("paths").EnumerateObject())
        {
            foreach (var operation in path.Value.EnumerateObject())
            {
                using var answer = await api.Anonymous.SendAsync(operation.Name.ToUpperInvariant(), path.Name.Replace("{id}", "x", StringComparison.Ordinal), operation.Name is "post" or "patch" ? new { } : null);
                Assert.Equal(path.Name == "/api" ? HttpStatusCode.OK : HttpStatusCode.Unauthorized, answer.StatusCode);
            }
        }
    }

    [Theory]
    [InlineData("/api/users/usr_nobody")]
    [InlineData("/v1/nothing")]
    public async Task An_error_has_the_trace_id_of_its_caller(string path)
    {
        await using var api = new ApiHost();
        await api.WaitReadyAsync();

        using var answer = await api.Http.SendAsync("GET", path, null, ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"));

        Assert.Contains("\"trace_id\":\"0af7651916cd43dd8448eb211c80319c\"", await answer.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Answers_tell_browsers_what_they_are_not_for()
    {
        await using var api = new ApiHost();
        await api.WaitReadyAsync();

        using var answer = await api.Http.SendAsync("GET", "/api/users");
        using var refused = await api.Anonymous.SendAsync("GET", "/api/users");

        foreach (var one in new[] { answer, refused })
        {
            Assert.Equal(("nosniff", "DENY", "no-referrer"), (one.Header("X-Content-Type-Options"), one.Header("X-Frame-Options"), one.Header("Referrer-Policy")));
            Assert.Contains("default-src 'none'", one.Header("Content-Security-Policy"), StringComparison.Ordinal);
            Assert.Null(one.Header("Server"));
        }

        Assert.Equal("no-store", answer.Header("Cache-Control"));
    }

    [Fact]
    public async Task Browsers_of_the_listed_origins_get_in_and_no_others()
    {
        await using var api = new ApiHost([("CORS_ORIGINS", "https://app.example.com, https://admin.example.com:8443")]);
        await api.WaitReadyAsync();

        foreach (var (origin, allowed) in new[] { ("https://app.example.com", true), ("https://admin.example.com:8443", true), ("https://app.example.com.evil.com", false), ("http://app.example.com", false), ("null", false) })
        {
            using var preflight = await api.Anonymous.SendAsync(
                "OPTIONS", "/api/users", null, ("Origin", origin), ("Access-Control-Request-Method", "PATCH"), ("Access-Control-Request-Headers", "authorization, idempotency-key, if-match"));
            Assert.Equal(allowed ? origin : null, preflight.Header("Access-Control-Allow-Origin"));
            Assert.Null(preflight.Header("Access-Control-Allow-Credentials"));
        }
    }

    [Theory]
    [InlineData("x-stainless-os, x-stainless-lang, x-stainless-retry-count, openai-organization, openai-project")]
    [InlineData("x-api-key, anthropic-version, anthropic-beta, anthropic-dangerous-direct-browser-access")]
    [InlineData("x-masterx-cache, if-none-match, idempotency-key")]
    public async Task Browsers_of_a_listed_origin_may_send_what_the_usual_clients_send(string sent)
    {
        await using var api = new ApiHost([("CORS_ORIGINS", "https://app.example.com")]);
        await api.WaitReadyAsync();

        using var preflight = await PreflightAsync("https://app.example.com");
        using var other = await PreflightAsync("https://other.example.com");

        var allowed = preflight.Header("Access-Control-Allow-Headers")!.Split(',', StringSplitOptions.TrimEntries);
        Assert.Superset(new HashSet<string>(sent.Split(", ")), allowed.ToHashSet());
        Assert.Null(other.Header("Access-Control-Allow-Headers"));

        Task<HttpResponseMessage> PreflightAsync(string origin) => api.Anonymous.SendAsync(
            "OPTIONS", "/v1/chat/completions", null, ("Origin", origin), ("Access-Control-Request-Method", "POST"), ("Access-Control-Request-Headers", sent));
    }

    [Theory]
    [InlineData("GET", "/api/users", null, null, 401)]
    [InlineData("GET", "/api/users/usr_nobody", "mx-dev", null, 404)]
    [InlineData("PUT", "/api/users", "mx-dev", "{}", 405)]
    [InlineData("POST", "/api/users", "mx-dev", "{bad", 400)]
    [InlineData("POST", "/api/users", "mx-dev", "large", 413)]
    [InlineData("POST", "/api/users", "mx-dev", "packed", 415)]
    [InlineData("POST", "/api/ai/generate", "mx-dev", "{\"prompt\":\"x\"}", 503)]
    [InlineData("POST", "/v1/chat/completions", "mx-dev", "{\"messages\":[]}", 503)]
    public async Task An_error_has_the_headers_of_any_answer(string method, string path, string? key, string? body, int status)
    {
        await using var api = new ApiHost([("CORS_ORIGINS", "https://app.example.com"), ("services:aigateway:http:0", "http://127.0.0.1:1")]);
        await ApiCalls.UntilAsync(
            async () =>
            {
                using var users = await api.Http.SendAsync("GET", "/api/users");
                return users.IsSuccessStatusCode;
            },
            "the database is there");
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        request.Headers.Add("Origin", "https://app.example.com");
        if (key is not null)
        {
            request.Headers.Add("Authorization", $"Bearer {key}");
        }

        if (body is not null)
        {
            request.Content = new StringContent(body == "large" ? new string('a', 5_000_000) : body, Encoding.UTF8, "application/json");
            if (body == "packed")
            {
                request.Content.Headers.ContentEncoding.Add("gzip");
            }
        }

        using var answer = await api.Anonymous.SendAsync(request, Token);

        Assert.Equal(status, (int)answer.StatusCode);
        Assert.Equal(("nosniff", "DENY", "no-referrer"), (answer.Header("X-Content-Type-Options"), answer.Header("X-Frame-Options"), answer.Header("Referrer-Policy")));
        Assert.Equal("https://app.example.com", answer.Header("Access-Control-Allow-Origin"));
        Assert.Contains("x-masterx-cost-usd", answer.Header("Access-Control-Expose-Headers"), StringComparison.Ordinal);
        Assert.Contains("Retry-After", answer.Header("Access-Control-Expose-Headers"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/api", 200)]
    [InlineData("/api/users", 200)]
    [InlineData("/api/users/usr_nobody", 404)]
    [InlineData("/v1/models", 200)]
    [InlineData("/openapi/v1.json", 200)]
    [InlineData("/health", 200)]
    [InlineData("/api/ai/generate", 405)]
    public async Task HEAD_is_answered_as_GET_without_the_body(string path, int status)
    {
        await using var api = new ApiHost();
        await api.WaitReadyAsync();

        using var get = await api.Http.SendAsync("GET", path);
        using var head = await api.Http.SendAsync("HEAD", path);

        Assert.Equal((status, status), ((int)get.StatusCode, (int)head.StatusCode));
        Assert.Equal(get.Content.Headers.ContentType, head.Content.Headers.ContentType);
        Assert.Empty(await head.Content.ReadAsByteArrayAsync(Token));
    }

    [Theory]
    [InlineData("PUT", "/api/users", 405, "GET, HEAD, POST")]
    [InlineData("TRACE", "/api/users", 405, "GET, HEAD, POST")]
    [InlineData("OPTIONS", "/api/users", 204, "GET, HEAD, POST")]
    [InlineData("OPTIONS", "/api/users/usr_1", 204, "DELETE, GET, HEAD, PATCH")]
    [InlineData("GET", "/v1/chat/completions", 405, "POST")]
    public async Task A_method_that_a_path_does_not_take_is_answered_with_those_that_it_does(string method, string path, int status, string allow)
    {
        await using var api = new ApiHost();
        await api.WaitReadyAsync();

        foreach (var client in new[] { api.Http, api.Anonymous })
        {
            using var answer = await client.SendAsync(method, path);
            Assert.Equal((status, allow), ((int)answer.StatusCode, string.Join(", ", answer.Content.Headers.Allow.Order(StringComparer.Ordinal))));
        }
    }

    [Fact]
    public async Task Outside_Development_browsers_are_sent_to_HTTPS_and_probes_are_not()
    {
        await using var api = new ApiHost([("MASTERX_ADMIN_KEY", "mx_admin-key-of-a-test"), ("CORS_ORIGINS", "none"), ("HTTPS_PORT", "443"), ("TRUSTED_PROXIES", "127.0.0.1")], "Production");
        await api.WaitReadyAsync();
        using var handler = new HttpClientHandler { AllowAutoRedirect = false };
        using var client = new HttpClient(handler) { BaseAddress = api.Address };

        using var plain = await client.SendAsync("GET", "/api", null, ("Host", "api.example.com"));
        using var forwarded = await client.SendAsync("GET", "/api", null, ("Host", "api.example.com"), ("X-Forwarded-Proto", "https"), ("X-Forwarded-For", "203.0.113.7"));
        using var probe = await client.SendAsync("GET", "/health/live");

        Assert.Equal((HttpStatusCode.TemporaryRedirect, "https://api.example.com/api"), (plain.StatusCode, plain.Headers.Location?.ToString()));
        Assert.Equal(HttpStatusCode.OK, forwarded.StatusCode);
        Assert.StartsWith("max-age=31536000", forwarded.Header("Strict-Transport-Security"), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, probe.StatusCode);
    }

    [Fact]
    public async Task A_proxy_that_is_not_trusted_is_not_believed()
    {
        await using var api = new ApiHost([("MASTERX_ADMIN_KEY", "mx_admin-key-of-a-test"), ("CORS_ORIGINS", "none"), ("HTTPS_PORT", "443"), ("TRUSTED_PROXIES", "10.0.0.0/8")], "Production");
        await api.WaitReadyAsync();
        using var handler = new HttpClientHandler { AllowAutoRedirect = false };
        using var client = new HttpClient(handler) { BaseAddress = api.Address };

        using var forwarded = await client.SendAsync("GET", "/api", null, ("Host", "api.example.com"), ("X-Forwarded-Proto", "https"));

        Assert.Equal(HttpStatusCode.TemporaryRedirect, forwarded.StatusCode);
    }
}
