using System.Net;
using System.Text.Json;
using MasterX.Tests.Hosts;

namespace MasterX.Tests.Api;

/// <summary>The API as a process of its own, so that all it writes can be read.</summary>
public sealed class ApiLogTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Nothing_secret_and_no_line_of_a_callers_own_is_in_the_log_the_metrics_or_an_error()
    {
        await using var gateway = new GatewayHost();
        using var folder = new DataFolder();
        await using var api = await ApiProcess.StartAsync(gateway, ("Storage", "embedded"), ("Embedded__Directory", folder.Path));
        using var admin = api.ClientWith(ApiProcess.AdminKey);
        using var created = await admin.SendAsync("POST", "/api/keys", new { name = "a" }, ("Idempotency-Key", "name-of-a-request"));
        var key = (await created.JsonAsync()).Text("key")!;
        using var consumer = api.ClientWith(key);
        using var wrong = api.ClientWith("mx_a-guess-of-an-attacker");

        List<string> answers = [];
        foreach (var (client, method, path, body) in new (HttpClient, string, string, object?)[]
        {
            (consumer, "POST", "/api/ai/generate", new { prompt = "a-prompt-of-someone" }),
            (consumer, "POST", "/v1/chat/completions", new { messages = new[] { new { role = "user", content = "a-prompt-of-someone" } } }),
            (consumer, "POST", "/api/users", new { name = "line\r\nfail: forged[0] a forged line", email = "someone@example.com" }),
            (consumer, "POST", "/api/users", new { name = "again", email = "someone@example.com" }),
            (consumer, "GET", "/api/users/%0d%0afail:%20forged", null),
            (consumer, "GET", "/nowhere%0d%0afail:%20forged", null),
            (wrong, "GET", "/api/users", null),
        })
        {
            using var answer = await client.SendAsync(method, path, body, ("User-Agent", "an-agent"), ("X-Note", "forged"));
            answers.Add(await answer.Content.ReadAsStringAsync(Token));
        }

        var metrics = await admin.GetStringAsync(new Uri("/metrics", UriKind.Relative), Token);
        var log = await api.StopAsync();

        Assert.Contains("api_request POST /api/ai/generate 200", log, StringComparison.Ordinal);
        foreach (var secret in new[] { key, ApiProcess.AdminKey, GatewayHost.Token, "mx_a-guess-of-an-attacker", "a-prompt-of-someone", "someone@example.com", "forged", "name-of-a-request" })
        {
            Assert.DoesNotContain(secret, log, StringComparison.Ordinal);
            Assert.DoesNotContain(secret, metrics, StringComparison.Ordinal);
        }

        Assert.DoesNotContain(answers, answer => answer.Contains(key, StringComparison.Ordinal) || answer.Contains(GatewayHost.Token, StringComparison.Ordinal) || answer.Contains("   at ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Every_line_of_a_request_has_its_trace_id_and_the_callers_key_id_without_a_collector_in_both_services()
    {
        using var folder = new DataFolder();
        await using var gateway = await ServiceProcess.StartAsync(
            "MasterX.AiGateway", folder.Path, ("ASPNETCORE_URLS", "http://127.0.0.1:0"), ("Gateway__Providers__openai__ApiKey", "k"), ("Gateway__Providers__openai__BaseUrl", "http://127.0.0.1:1/v1"));
        await using var api = await ApiProcess.StartAsync(
            null, ("Storage", "embedded"), ("Embedded__Directory", folder.Path), ("services__aigateway__http__0", gateway.Address.ToString()));
        using var admin = api.ClientWith(ApiProcess.AdminKey);
        using var created = await admin.SendAsync("POST", "/api/keys", new { name = "a" });
        var key = await created.JsonAsync();
        using var consumer = api.ClientWith(key.Text("key")!);
        List<string> traces = [];

        foreach (var (path, body) in new (string, object)[]
        {
            ("/api/ai/generate", new { prompt = "a", model = "openai/gpt-4.1-mini" }),
            ("/v1/chat/completions", new { model = "openai/gpt-4.1-mini", messages = new[] { new { role = "user", content = "a" } } }),
        })
        {
            using var answer = await consumer.SendAsync("POST", path, body);
            var said = await answer.JsonAsync();
            Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
            traces.Add(said.Text("trace_id") ?? said.Text("error", "trace_id")!);
        }

        var (apiLog, gatewayLog) = (Lines(await api.StopAsync()), Lines(await gateway.StopAsync()));

        Assert.All(traces, trace => Assert.Matches("^[0-9a-f]{32}$", trace));
        Assert.Equal(2, traces.Distinct().Count());
        foreach (var trace in traces)
        {
            Assert.Equal(key.Text("id"), Assert.Single(apiLog, line => line.Text("event_id") == "10" && line.Text("trace_id") == trace).Text("key_id"));
            Assert.Contains(gatewayLog, line => line.Text("event_id") == "10" && line.Text("trace_id") == trace);
        }

        // A failed attempt and the request's end, each in the gateway's words.
        Assert.All(gatewayLog.Where(line => line.ToString().Contains("gpt-4.1-mini", StringComparison.Ordinal)), line => Assert.Contains(line.Text("trace_id"), traces));

        static IReadOnlyList<JsonElement> Lines(string log) => [.. log.Split('\n').Where(line => line.StartsWith('{')).Select(line => JsonElement.Parse(line))];
    }
}
