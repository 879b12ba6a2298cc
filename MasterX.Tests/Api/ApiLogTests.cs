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
}
