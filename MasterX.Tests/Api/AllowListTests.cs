using System.Net;
using System.Text.Json;
using MasterX.Tests.Hosts;

namespace MasterX.Tests.Api;

/// <summary>A key that may not ask for everything is refused everything else, at every door and however it is written.</summary>
public sealed class AllowListTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("POST", "/api/ai/generate", """{"prompt":"x","model":"MODEL"}""", "detail")]
    [InlineData("POST", "/v1/chat/completions", """{"model":"MODEL","messages":[{"role":"user","content":"x"}]}""", "error/code")]
    [InlineData("POST", "/v1/responses", """{"model":"MODEL","input":"x"}""", "error/code")]
    [InlineData("POST", "/v1/embeddings", """{"model":"MODEL","input":"x"}""", "error/code")]
    [InlineData("POST", "/v1/messages", """{"model":"MODEL","max_tokens":5,"messages":[{"role":"user","content":"x"}]}""", "error/type")]
    [InlineData("POST", "/v1/messages/count_tokens", """{"model":"MODEL","messages":[{"role":"user","content":"x"}]}""", "error/type")]
    [InlineData("GET", "/v1/models/MODEL", null, "error/code")]
    public async Task A_model_that_is_not_on_the_list_is_refused_at_every_door(string method, string path, string? body, string shape)
    {
        await using var api = new ApiHost();
        var (_, _, client) = await api.MakeKeyAsync(new { models = new[] { "openai/*", "Groq/small" } });
        using var consumer = client;

        foreach (var (model, allowed) in new[] { ("openai/m", true), ("OPENAI/any", true), ("groq/SMALL", true), ("groq/small-not", false), ("auto", false), ("gemini/m", false), ("openai", false) })
        {
            using var answer = await SendAsync(consumer, method, path.Replace("MODEL", Uri.EscapeDataString(model), StringComparison.Ordinal), body?.Replace("MODEL", model, StringComparison.Ordinal));
            Assert.True(allowed == (answer.StatusCode != HttpStatusCode.Forbidden), $"{model}: {(int)answer.StatusCode}");
            if (!allowed)
            {
                var refusal = await answer.JsonAsync();
                Assert.Equal(shape switch { "error/code" => "insufficient_permissions", "error/type" => "permission_error", _ => refusal.Text("detail") }, refusal.Text(shape.Split('/')));
                Assert.Contains($"does not allow the model '{model}'; it allows openai/*, Groq/small.", refusal.ToString(), StringComparison.Ordinal);
            }
        }
    }

    /// <summary>What the gateway reads as a model is what is looked at, whoever writes it how.</summary>
    [Theory]
    [InlineData("""{"model":"openai/m",MESSAGES,"model":"groq/m"}""", false)]
    [InlineData("""{"model":"groq/m",MESSAGES,"model":"openai/m"}""", null)]
    [InlineData("""{"model":"openai/m",MESSAGES,"model":null}""", false)]
    [InlineData("""{"model":"\u0067\u0072\u006f\u0071\u002f\u006d",MESSAGES}""", false)]
    [InlineData("""{"model":"\u006fpenai/m",MESSAGES}""", true)]
    [InlineData("""{"mod\u0065l":"groq/m",MESSAGES}""", false)]
    [InlineData("""{"model":"LONG",MESSAGES}""", false)]
    [InlineData("""{MESSAGES}""", false)]
    [InlineData("""{"model":"openai/m",MESSAGES,"models":["groq/m"]}""", false)]
    [InlineData("""{"model":"openai/m",MESSAGES,"mod\u0065ls":["openai/n"]}""", false)]
    [InlineData("""{"model":"openai/m",MESSAGES,"fallbacks":["groq/m"]}""", false)]
    [InlineData("""{"model":"openai/m",MESSAGES,"models":null}""", true)]
    [InlineData("""{"model":"openai/m","\ud800xxxxxxxxxxx":1,MESSAGES,"models":["groq/m"]}""", false)]
    [InlineData("""{"model":"openai/m","model":"\ud800","model":"openai/m",MESSAGES,"models":["groq/m"]}""", false)]
    public async Task However_the_model_is_written(string body, bool? allowed)
    {
        await using var api = new ApiHost();
        var (_, _, client) = await api.MakeKeyAsync(new { models = new[] { "openai/*" } });
        using var consumer = client;
        var @long = string.Concat(Enumerable.Range(0, 60).Select(_ => "\\u0067")) + "roq/m";
        body = body.Replace("LONG", @long, StringComparison.Ordinal).Replace("MESSAGES", "\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]", StringComparison.Ordinal);

        using var answer = await SendAsync(consumer, "POST", "/v1/chat/completions", body);

        Assert.Equal(allowed ?? answer.StatusCode != HttpStatusCode.Forbidden, answer.StatusCode != HttpStatusCode.Forbidden);
        if (answer.IsSuccessStatusCode)
        {
            Assert.Equal("openai", answer.Header("x-masterx-provider"));
        }
    }

    [Theory]
    [InlineData("POST", "/v1/messages", true)]
    [InlineData("POST", "/v1/messages/count_tokens", true)]
    [InlineData("POST", "/v1/chat/completions", true)]
    [InlineData("GET", "/v1/models", true)]
    [InlineData("GET", "/v1/models/auto", true)]
    [InlineData("GET", "/api/users", true)]
    [InlineData("GET", "/api/keys/self", true)]
    [InlineData("POST", "/v1/embeddings", false)]
    [InlineData("POST", "/V1/Embeddings", false)]
    [InlineData("POST", "/v1/responses", false)]
    [InlineData("GET", "/v1/responses/resp_1", false)]
    [InlineData("DELETE", "/v1/responses/resp_1", false)]
    [InlineData("POST", "/api/ai/generate", false)]
    [InlineData("POST", "/API/ai/generate/", false)]
    public async Task A_door_that_is_not_on_the_list_is_shut(string method, string path, bool allowed)
    {
        await using var api = new ApiHost();
        var (_, _, client) = await api.MakeKeyAsync(new { routes = new[] { "/v1/messages", "/v1/chat/*" } });
        using var consumer = client;

        using var answer = await SendAsync(consumer, method, path, method == "POST" ? """{"model":"auto","max_tokens":5,"messages":[{"role":"user","content":"x"}]}""" : null);

        Assert.True(allowed == (answer.StatusCode != HttpStatusCode.Forbidden), $"{(int)answer.StatusCode}");
        if (!allowed)
        {
            Assert.Contains("it allows /v1/messages, /v1/chat/*.", await answer.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task What_the_project_does_not_allow_no_key_of_it_may_and_what_is_not_allowed_is_not_listed()
    {
        await using var api = new ApiHost(gateway: new GatewayHost(
            ("Gateway:Routes:openai-a:Candidates:0", "openai/m"), ("Gateway:Routes:groq-b:Candidates:0", "groq/m"), ("Gateway:Routes:openai-c:Candidates:0", "openai/m"),
            ("Gateway:Routes:gemini-d:Candidates:0", "gemini/m")));
        await api.WaitReadyAsync();
        using var made = await api.Http.SendAsync("POST", "/api/projects", new { name = "a project", models = new[] { "openai*", "groq*", "auto" } });
        var (_, _, client) = await api.MakeKeyAsync(new { project_id = (await made.JsonAsync()).Text("id"), models = new[] { "openai*", "gemini*" } });
        using var consumer = client;

        using var both = await consumer.SendAsync("POST", "/api/ai/generate", new { prompt = "x", model = "openai/m" });
        using var keysAlone = await consumer.SendAsync("POST", "/api/ai/generate", new { prompt = "x", model = "gemini/m" });
        using var projectsAlone = await consumer.SendAsync("POST", "/api/ai/generate", new { prompt = "x", model = "groq/m" });
        using var neither = await consumer.SendAsync("POST", "/api/ai/generate", new { prompt = "x" });

        Assert.Equal(
            (HttpStatusCode.OK, HttpStatusCode.Forbidden, HttpStatusCode.Forbidden, HttpStatusCode.Forbidden), (both.StatusCode, keysAlone.StatusCode, projectsAlone.StatusCode, neither.StatusCode));
        Assert.Contains("The project does not allow the model 'gemini/m'", (await keysAlone.JsonAsync()).Text("detail"), StringComparison.Ordinal);
        Assert.Contains("The key does not allow the model 'auto'", (await neither.JsonAsync()).Text("detail"), StringComparison.Ordinal);

        var (all, seen) = (Ids(await api.Http.GetJsonAsync("/v1/models")), Ids(await consumer.GetJsonAsync("/v1/models")));
        Assert.NotEmpty(seen);
        Assert.Equal(all.Where(id => id.StartsWith("openai", StringComparison.Ordinal)), seen);

        // In Anthropic's form, page by page: what is not allowed is passed over.
        List<string> paged = [];
        string? after = null;
        do
        {
            using var answer = await consumer.SendAsync("GET", $"/v1/models?limit=1{(after is null ? "" : $"&after_id={Uri.EscapeDataString(after)}")}", null, ("anthropic-version", "2023-06-01"));
            var page = await answer.JsonAsync();
            paged.AddRange(Ids(page));
            after = page.GetProperty("has_more").GetBoolean() ? page.Text("last_id") : null;
        }
        while (after is not null);

        Assert.Equal(seen, paged);
    }

    private static string[] Ids(JsonElement list) => [.. list.GetProperty("data").EnumerateArray().Select(model => model.Text("id")!)];

    private static Task<HttpResponseMessage> SendAsync(HttpClient client, string method, string path, string? body)
    {
        var request = new HttpRequestMessage(new HttpMethod(method), new Uri(path, UriKind.Relative)) { Content = body is null ? null : new StringContent(body, System.Text.Encoding.UTF8, "application/json") };
        return client.SendAsync(request, Token);
    }
}
