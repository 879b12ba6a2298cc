using System.Collections.Concurrent;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using MasterX.Tests.Hosts;
using Microsoft.AspNetCore.Http;

namespace MasterX.Tests.Gateway;

/// <summary>Azure OpenAI as its documentation has it, played by a scripted provider.</summary>
public sealed class AzureTests : IAsyncDisposable
{
    private const string Filtered = """{"error":{"message":"The response was filtered due to the prompt triggering Azure OpenAI's content management policy.","type":null,"param":"prompt","code":"content_filter","status":400,"innererror":{"code":"ResponsibleAIPolicyViolation","content_filter_result":{"violence":{"filtered":true,"severity":"medium"}}}}}""";
    private const string Safe = """{"hate":{"filtered":false,"severity":"safe"}}""";

    private readonly ConcurrentQueue<Asked> _asked = new();
    private ScriptedProvider? _provider;
    private GatewayHost? _gateway;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(null, "chat/completions", """{"messages":[{"role":"user","content":"hi"}]""", "/openai/deployments/my-model/chat/completions?api-version=2024-10-21")]
    [InlineData("2025-04-01-preview", "chat/completions", """{"messages":[{"role":"user","content":"hi"}]""", "/openai/deployments/my-model/chat/completions?api-version=2025-04-01-preview")]
    [InlineData(null, "embeddings", "{\"input\":\"hi\"", "/openai/deployments/my-model/embeddings?api-version=2024-10-21")]
    [InlineData(null, "messages", """{"max_tokens":5,"messages":[{"role":"user","content":"hi"}]""", "/openai/deployments/my-model/chat/completions?api-version=2024-10-21")]
    [InlineData(null, "responses", "{\"input\":\"hi\"", "/openai/deployments/my-model/chat/completions?api-version=2024-10-21")]
    [InlineData("v1", "chat/completions", """{"messages":[{"role":"user","content":"hi"}]""", "/openai/v1/chat/completions")]
    [InlineData("v1", "embeddings", "{\"input\":\"hi\"", "/openai/v1/embeddings")]
    [InlineData("v1", "responses", "{\"input\":\"hi\"", "/openai/v1/responses")]
    public async Task It_is_asked_at_its_own_address_with_its_own_header(string? version, string path, string body, string address)
    {
        await StartAsync(AnswerAsync, ("Gateway:Providers:azure:ApiVersion", version), ("Gateway:Routes:r:Candidates:0", "azure/my-model"));

        using var answer = await PostAsync(path, body + ""","model":"r"}""");

        var asked = Assert.Single(_asked);
        Assert.Equal(200, (int)answer.StatusCode);
        Assert.Equal((address, "key-of-azure", ""), (asked.Address, asked.Key, asked.Authorization));
        Assert.Equal("my-model", asked.Body["model"]!.GetValue<string>());
    }

    [Theory]
    [InlineData(null, false)]
    [InlineData("v1", true)]
    public async Task A_stream_begins_with_what_was_filtered_and_is_asked_for_its_usage_where_the_version_takes_that(string? version, bool asksUsage)
    {
        await StartAsync(
            (context, _) => EventsAsync(
                context,
                $$$"""{"id":"","object":"","created":0,"model":"","choices":[],"prompt_filter_results":[{"prompt_index":0,"content_filter_results":{{{Safe}}}}]}""",
                """{"id":"c","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"role":"assistant","content":"hello"},"finish_reason":null}]}""",
                $$$"""{"id":"","object":"","choices":[{"index":0,"finish_reason":null,"content_filter_results":{{{Safe}}},"content_filter_offsets":{"check_offset":44,"start_offset":44,"end_offset":198}}],"usage":null}""",
                """{"id":"c","object":"chat.completion.chunk","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"""),
            ("Gateway:Providers:azure:ApiVersion", version));

        using var answer = await PostAsync("chat/completions", """{"model":"azure/m","stream":true,"messages":[{"role":"user","content":"hi"}]}""");
        var text = await answer.Content.ReadAsStringAsync(Token);

        Assert.Equal(asksUsage, _asked.Single().Body["stream_options"] is not null);
        Assert.Contains("hello", text, StringComparison.Ordinal);
        Assert.Contains("[DONE]", text, StringComparison.Ordinal);
        Assert.DoesNotContain("error", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_prompt_that_is_filtered_is_told_as_such(bool stream)
    {
        await StartAsync((context, _) => ScriptedProvider.JsonAsync(context, Filtered, 400));

        using var answer = await PostAsync("chat/completions", $$"""{"model":"azure/m","stream":{{(stream ? "true" : "false")}},"messages":[{"role":"user","content":"hi"}]}""");
        var error = (await answer.JsonAsync()).GetProperty("error");

        Assert.Equal((400, "content_filter"), ((int)answer.StatusCode, error.Text("code")));
        Assert.Contains("content management policy", error.Text("message"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_response_that_v1_keeps_is_read_there()
    {
        await StartAsync(AnswerAsync, ("Gateway:Providers:azure:ApiVersion", "v1"));
        using var made = await PostAsync("responses", """{"model":"azure/m","input":"hi"}""");
        var id = (await made.JsonAsync()).Text("id");

        using var read = await _gateway!.Http.GetAsync(new Uri($"/v1/responses/{id}", UriKind.Relative), Token);

        Assert.Equal(200, (int)read.StatusCode);
        Assert.Equal(("/openai/v1/responses/resp_1", "key-of-azure"), (_asked.Last().Address, _asked.Last().Key));
    }

    /// <summary>By the managed identity of App Service, whose endpoint is named in variables; nothing else in this process reads them.</summary>
    [Fact]
    public async Task Entras_token_is_got_once_for_all_calls()
    {
        var tokens = 0;
        await using var identity = await ScriptedProvider.StartAsync(context =>
        {
            var expires = DateTimeOffset.UtcNow.AddHours(24).ToUnixTimeSeconds();
            Assert.Equal("of-the-test", context.Request.Headers["X-IDENTITY-HEADER"]);
            Assert.Contains("https://cognitiveservices.azure.com", context.Request.QueryString.ToString(), StringComparison.Ordinal);
            return ScriptedProvider.JsonAsync(context, $$"""{"access_token":"token-{{++tokens}}","expires_on":"{{expires}}","resource":"r","token_type":"Bearer","client_id":"c"}""");
        });
        Environment.SetEnvironmentVariable("IDENTITY_ENDPOINT", identity.Url + "/msi/token");
        Environment.SetEnvironmentVariable("IDENTITY_HEADER", "of-the-test");
        try
        {
            await StartAsync(AnswerAsync, ("Gateway:Providers:azure:ApiKey", null), ("Gateway:Providers:azure:Credential", "entra"));
            for (var i = 0; i < 3; i++)
            {
                using var answer = await PostAsync("chat/completions", """{"model":"azure/m","messages":[{"role":"user","content":"hi"}]}""");
                Assert.Equal(200, (int)answer.StatusCode);
            }
        }
        finally
        {
            Environment.SetEnvironmentVariable("IDENTITY_ENDPOINT", null);
            Environment.SetEnvironmentVariable("IDENTITY_HEADER", null);
        }

        Assert.All(_asked, asked => Assert.Equal(("Bearer token-1", ""), (asked.Authorization, asked.Key)));
        Assert.Equal(1, tokens);
    }

    public async ValueTask DisposeAsync()
    {
        await (_gateway?.DisposeAsync() ?? default);
        await (_provider?.DisposeAsync() ?? default);
    }

    private async Task StartAsync(Func<HttpContext, Asked, Task> answer, params (string Key, string? Value)[] settings)
    {
        _provider = await ScriptedProvider.StartAsync(async context =>
        {
            var body = context.Request.Method == "POST" ? await JsonNode.ParseAsync(context.Request.Body, cancellationToken: context.RequestAborted) : new JsonObject();
            var asked = new Asked(
                $"{context.Request.Path}{context.Request.QueryString}", context.Request.Headers["api-key"].ToString(), context.Request.Headers.Authorization.ToString(), body!);
            _asked.Enqueue(asked);
            await answer(context, asked);
        });
        var all = new Dictionary<string, string?>
        {
            ["Gateway:Providers:azure:Kind"] = "azure", ["Gateway:Providers:azure:BaseUrl"] = _provider.Url, ["Gateway:Providers:azure:ApiKey"] = "key-of-azure",
        };
        foreach (var (key, value) in settings)
        {
            all[key] = value;
        }

        _gateway = new GatewayHost(all.Where(setting => setting.Value is not null).Select(setting => (setting.Key, setting.Value)));
    }

    private static Task AnswerAsync(HttpContext context, Asked asked) => ScriptedProvider.JsonAsync(context, asked.Address switch
    {
        var address when address.Contains("embeddings", StringComparison.Ordinal) => """{"object":"list","data":[{"object":"embedding","index":0,"embedding":[1]}],"model":"m","usage":{"prompt_tokens":1,"total_tokens":1}}""",
        var address when address.Contains("responses", StringComparison.Ordinal) => """{"id":"resp_1","object":"response","status":"completed","output":[{"type":"message","role":"assistant","content":[{"type":"output_text","text":"hi"}]}]}""",
        _ => $$$"""{"id":"c1","object":"chat.completion","created":1,"model":"m","prompt_filter_results":[{"prompt_index":0,"content_filter_results":{{{Safe}}}}],"choices":[{"index":0,"message":{"role":"assistant","content":"hi"},"finish_reason":"stop","content_filter_results":{{{Safe}}}}],"usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15}}""",
    });

    private static Task EventsAsync(HttpContext context, params string[] events)
    {
        context.Response.ContentType = "text/event-stream";
        return context.Response.WriteAsync(string.Concat(events.Append("[DONE]").Select(data => $"data: {data}\n\n")), context.RequestAborted);
    }

    private Task<HttpResponseMessage> PostAsync(string path, string body) =>
        _gateway!.Http.PostAsJsonAsync($"/v1/{path}", JsonSerializer.Deserialize<JsonNode>(body), Token);

    private sealed record Asked(string Address, string Key, string Authorization, JsonNode Body);
}
