using System.Collections.Concurrent;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using MasterX.Tests.Hosts;
using Microsoft.AspNetCore.Http;

namespace MasterX.Tests.Gateway;

/// <summary>Google's Vertex AI as its documentation has it, played by a scripted provider.</summary>
public sealed class VertexTests : IAsyncDisposable
{
    private const string Project = "/v1/projects/my-project/locations/europe-west1/";
    private const string Turn = """{"messages":[{"role":"user","content":"hi"}]""";
    private const string Message = """{"id":"msg_vrtx_1","type":"message","role":"assistant","model":"claude-sonnet-4-5","content":[{"type":"text","text":"hello"}],"stop_reason":"end_turn","usage":{"input_tokens":3,"output_tokens":2}}""";
    private const string Answer = """{"candidates":[{"content":{"role":"model","parts":[{"text":"hello"}]},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":3,"candidatesTokenCount":2},"modelVersion":"gemini-2.5-pro"}""";

    private static readonly string[] Embeddings =
    [
        """{"embeddings":{"values":[0.5,-1],"statistics":{"token_count":4,"truncated":false}}}""",
        """{"embeddings":{"values":[0.25,2],"statistics":{"token_count":5,"truncated":false}}}""",
    ];

    private readonly ConcurrentQueue<Asked> _asked = new();
    private ScriptedProvider? _provider;
    private GatewayHost? _gateway;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("gemini-2.5-pro", "chat/completions", Turn, "publishers/google/models/gemini-2.5-pro:generateContent")]
    [InlineData("google/gemini-2.5-pro", "chat/completions", Turn, "publishers/google/models/gemini-2.5-pro:generateContent")]
    [InlineData("gemini-2.5-pro", "messages", Turn + ",\"max_tokens\":5", "publishers/google/models/gemini-2.5-pro:generateContent")]
    [InlineData("gemini-2.5-pro", "responses", "{\"input\":\"hi\"", "publishers/google/models/gemini-2.5-pro:generateContent")]
    [InlineData("text-embedding-005", "embeddings", "{\"input\":\"hi\"", "publishers/google/models/text-embedding-005:predict")]
    [InlineData("claude-sonnet-4-5@20250929", "chat/completions", Turn, "publishers/anthropic/models/claude-sonnet-4-5@20250929:rawPredict")]
    [InlineData("anthropic/claude-sonnet-4-5@20250929", "messages", Turn + ",\"max_tokens\":5", "publishers/anthropic/models/claude-sonnet-4-5@20250929:rawPredict")]
    [InlineData("claude-sonnet-4-5", "responses", "{\"input\":\"hi\"", "publishers/anthropic/models/claude-sonnet-4-5:rawPredict")]
    [InlineData("claude-sonnet-4-5", "messages/count_tokens", Turn, "publishers/anthropic/models/count-tokens:rawPredict")]
    [InlineData("meta/llama-4-maverick-maas", "chat/completions", Turn, "endpoints/openapi/chat/completions")]
    public async Task A_model_is_asked_for_where_its_maker_has_it(string model, string path, string body, string address)
    {
        await StartAsync(AnswerAsync);

        using var answer = await PostAsync(path, $"{body},\"model\":\"vertex/{model}\"}}");

        var asked = Assert.Single(_asked);
        Assert.Equal(200, (int)answer.StatusCode);
        Assert.Equal(Project + address, asked.Address);
    }

    [Fact]
    public async Task A_key_goes_in_Googles_header_and_needs_no_project_for_Gemini()
    {
        await StartAsync(AnswerAsync, ("Gateway:Providers:vertex:Project", null));

        using var answer = await PostAsync("chat/completions", Turn + ",\"model\":\"vertex/gemini-2.5-pro\"}");
        using var claude = await PostAsync("chat/completions", Turn + ",\"model\":\"vertex/claude-sonnet-4-5\"}");

        var asked = Assert.Single(_asked);
        Assert.Equal(("/v1/publishers/google/models/gemini-2.5-pro:generateContent", "key-of-vertex", ""), (asked.Address, asked.Key, asked.Authorization));
        Assert.Equal((200, 400), ((int)answer.StatusCode, (int)claude.StatusCode));
    }

    [Fact]
    public async Task A_message_for_Claude_passes_as_it_is_but_for_the_model_and_the_version()
    {
        await StartAsync(AnswerAsync);

        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/messages")
        {
            Content = new StringContent("""{"model":"vertex/claude-sonnet-4-5","max_tokens":5,"anthropic_version":"mine","brand_new":{"a":1.50},"messages":[{"role":"user","content":"hi"}]}""", System.Text.Encoding.UTF8, "application/json"),
        };
        request.Headers.Add("anthropic-beta", "context-1m-2025-08-07");
        request.Headers.Add("anthropic-version", "2023-06-01");
        using var answer = await _gateway!.Http.SendAsync(request, Token);

        var asked = Assert.Single(_asked);
        Assert.Equal("""{"anthropic_version":"vertex-2023-10-16","max_tokens":5,"brand_new":{"a":1.50},"messages":[{"role":"user","content":"hi"}]}""", asked.Raw);
        Assert.Equal(("context-1m-2025-08-07", ""), (asked.Beta, asked.Version));
        Assert.Equal(Message, await answer.Content.ReadAsStringAsync(Token));
    }

    [Fact]
    public async Task Tokens_are_counted_with_the_bare_name_of_the_model()
    {
        await StartAsync(AnswerAsync);

        using var answer = await PostAsync("messages/count_tokens", Turn + ",\"model\":\"vertex/anthropic/claude-sonnet-4-5\"}");

        Assert.Equal("claude-sonnet-4-5", _asked.Single().Body["model"]!.GetValue<string>());
        Assert.Equal("""{"input_tokens":7}""", await answer.Content.ReadAsStringAsync(Token));
    }

    [Theory]
    [InlineData("chat/completions", "claude-sonnet-4-5", "streamRawPredict")]
    [InlineData("messages", "claude-sonnet-4-5", "streamRawPredict")]
    [InlineData("responses", "claude-sonnet-4-5", "streamRawPredict")]
    [InlineData("chat/completions", "gemini-2.5-pro", "streamGenerateContent?alt=sse")]
    [InlineData("messages", "gemini-2.5-pro", "streamGenerateContent?alt=sse")]
    [InlineData("responses", "gemini-2.5-pro", "streamGenerateContent?alt=sse")]
    public async Task A_stream_reaches_every_door(string path, string model, string verb)
    {
        await StartAsync((context, asked) => asked.Address.Contains("anthropic", StringComparison.Ordinal)
            ? EventsAsync(
                context,
                """{"type":"message_start","message":{"id":"msg_vrtx_1","type":"message","role":"assistant","model":"claude-sonnet-4-5","content":[],"stop_reason":null,"usage":{"input_tokens":3,"output_tokens":1}}}""",
                """{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}""",
                """{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"hello"}}""",
                """{"type":"content_block_stop","index":0}""",
                """{"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":2}}""",
                """{"type":"message_stop"}""")
            : EventsAsync(context, Answer));

        var input = path == "responses" ? "{\"input\":\"hi\"" : Turn + ",\"max_tokens\":5";
        using var answer = await PostAsync(path, $"{input},\"stream\":true,\"model\":\"vertex/{model}\"}}");
        var text = await answer.Content.ReadAsStringAsync(Token);

        var asked = Assert.Single(_asked);
        Assert.EndsWith($":{verb}", asked.Address, StringComparison.Ordinal);
        Assert.Equal(verb == "streamRawPredict", asked.Body["stream"] is not null);
        Assert.Null(asked.Body["model"]);
        Assert.Contains("hello", text, StringComparison.Ordinal);
        Assert.DoesNotContain("\"error\":{", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Embeddings_come_with_the_tokens_that_were_counted()
    {
        await StartAsync(AnswerAsync);

        using var answer = await PostAsync("embeddings", """{"model":"vertex/text-embedding-005","input":["a","b"],"dimensions":2}""");
        var body = await answer.JsonAsync();

        Assert.Equal("""{"instances":[{"content":"a"},{"content":"b"}],"parameters":{"autoTruncate":false,"outputDimensionality":2}}""", _asked.Single().Raw);
        Assert.Equal(("[0.25,2]", "9"), (body.Text("data", "1", "embedding"), body.Text("usage", "prompt_tokens")));
    }

    [Theory]
    [InlineData("gemini-2.5-pro", 404, """{"error":{"code":404,"message":"Publisher Model `projects/p/locations/l/publishers/google/models/x` was not found or your project does not have access to it.","status":"NOT_FOUND"}}""", 404, "model_not_found")]
    [InlineData("gemini-2.5-pro", 400, """[{"error":{"code":400,"message":"The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).","status":"INVALID_ARGUMENT"}}]""", 400, "context_length_exceeded")]
    [InlineData("claude-sonnet-4-5", 400, """{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 210000 tokens > 200000 maximum"}}""", 400, "context_length_exceeded")]
    [InlineData("claude-sonnet-4-5", 429, """{"error":{"code":429,"message":"Quota exceeded for aiplatform.googleapis.com/online_prediction_requests_per_base_model","status":"RESOURCE_EXHAUSTED"}}""", 429, null)]
    public async Task An_error_is_read_as_Googles_or_the_makers(string model, int status, string body, int told, string? code)
    {
        await StartAsync((context, _) => ScriptedProvider.JsonAsync(context, body, status));

        foreach (var stream in new[] { "false", "true" })
        {
            using var answer = await PostAsync("chat/completions", $"{Turn},\"stream\":{stream},\"model\":\"vertex/{model}\"}}");
            var error = (await answer.JsonAsync()).GetProperty("error");

            Assert.Equal(told, (int)answer.StatusCode);
            if (code is not null && stream == "false")
            {
                Assert.Equal(code, error.Text("code"));
            }
        }
    }

    /// <summary>A client that keeps of a call its name alone still gives the signature back, as to Gemini itself.</summary>
    [Fact]
    public async Task A_signature_of_Geminis_goes_back_with_its_call()
    {
        await StartAsync((context, _) => ScriptedProvider.JsonAsync(
            context,
            """{"candidates":[{"content":{"role":"model","parts":[{"functionCall":{"id":"call-1","name":"f","args":{}},"thoughtSignature":"c2ln"}]},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":1}}"""));
        const string Ask = """{"model":"vertex/gemini-3-pro","tools":[{"type":"function","function":{"name":"f"}}],"messages":[{"role":"user","content":"hi"}""";
        using var first = await PostAsync("chat/completions", Ask + "]}");
        var id = (await first.JsonAsync()).Text("choices", "0", "message", "tool_calls", "0", "id");

        using var second = await PostAsync(
            "chat/completions",
            $$$"""{{{Ask}}},{"role":"assistant","content":null,"tool_calls":[{"id":"{{{id}}}","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"{{{id}}}","content":"ok"}]}""");

        Assert.Equal("c2ln", _asked.Last().Body["contents"]![1]!["parts"]![0]!["thoughtSignature"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_token_is_got_once_by_a_service_accounts_file()
    {
        var grants = new ConcurrentQueue<string>();
        await using var identity = await ScriptedProvider.StartAsync(async context =>
        {
            var form = await context.Request.ReadFormAsync(Token);
            grants.Enqueue($"{form["grant_type"]} {form["assertion"].ToString().Split('.').Length}");
            await ScriptedProvider.JsonAsync(context, """{"access_token":"token-of-google","expires_in":3600,"token_type":"Bearer"}""");
        });
        using var key = RSA.Create(2048);
        var file = Path.Combine(Path.GetTempPath(), $"masterx-{Guid.NewGuid():N}.json");
        await File.WriteAllTextAsync(
            file,
            new JsonObject
            {
                ["type"] = "service_account", ["project_id"] = "my-project", ["private_key_id"] = "1", ["private_key"] = key.ExportPkcs8PrivateKeyPem(),
                ["client_email"] = "gateway@my-project.iam.gserviceaccount.com", ["client_id"] = "2", ["token_uri"] = identity.Url + "/token",
            }.ToJsonString(),
            Token);
        try
        {
            await StartAsync(
                AnswerAsync, ("Gateway:Providers:vertex:ApiKey", null), ("Gateway:Providers:vertex:Credential", "google"),
                ("Gateway:Providers:vertex:CredentialFile", file));
            for (var i = 0; i < 3; i++)
            {
                using var answer = await PostAsync("chat/completions", Turn + ",\"model\":\"vertex/gemini-2.5-pro\"}");
                Assert.Equal(200, (int)answer.StatusCode);
            }
        }
        finally
        {
            File.Delete(file);
        }

        Assert.All(_asked, asked => Assert.Equal(("Bearer token-of-google", ""), (asked.Authorization, asked.Key)));
        Assert.Equal(["urn:ietf:params:oauth:grant-type:jwt-bearer 3"], grants);
    }

    [Fact]
    public async Task Without_a_token_the_key_is_at_fault()
    {
        await StartAsync(
            AnswerAsync, ("Gateway:Providers:vertex:ApiKey", null), ("Gateway:Providers:vertex:Credential", "google"),
            ("Gateway:Providers:vertex:CredentialFile", Path.Combine(Path.GetTempPath(), "no-such-file-of-masterx.json")));

        using var answer = await PostAsync("chat/completions", Turn + ",\"model\":\"vertex/gemini-2.5-pro\"}");

        Assert.Empty(_asked);
        Assert.Equal(503, (int)answer.StatusCode);
        Assert.Contains("key_refused", answer.Headers.GetValues("x-masterx-attempt-list").Single(), StringComparison.Ordinal);
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
            using var reader = new StreamReader(context.Request.Body);
            var raw = await reader.ReadToEndAsync(context.RequestAborted);
            var headers = context.Request.Headers;
            var asked = new Asked(
                $"{context.Request.Path}{context.Request.QueryString}", headers["x-goog-api-key"].ToString(), headers.Authorization.ToString(),
                headers["anthropic-beta"].ToString(), headers["anthropic-version"].ToString(), raw, JsonNode.Parse(raw)!);
            _asked.Enqueue(asked);
            await answer(context, asked);
        });
        var all = new Dictionary<string, string?>
        {
            ["Gateway:Providers:vertex:Kind"] = "vertex", ["Gateway:Providers:vertex:BaseUrl"] = _provider.Url, ["Gateway:Providers:vertex:ApiKey"] = "key-of-vertex",
            ["Gateway:Providers:vertex:Project"] = "my-project", ["Gateway:Providers:vertex:Location"] = "europe-west1",
        };
        foreach (var (key, value) in settings)
        {
            all[key] = value;
        }

        _gateway = new GatewayHost(all.Where(setting => setting.Value is not null).Select(setting => (setting.Key, setting.Value)));
    }

    private static Task AnswerAsync(HttpContext context, Asked asked) => ScriptedProvider.JsonAsync(context, asked.Address switch
    {
        var address when address.EndsWith("count-tokens:rawPredict", StringComparison.Ordinal) => """{"input_tokens":7}""",
        var address when address.EndsWith(":rawPredict", StringComparison.Ordinal) => Message,
        var address when address.EndsWith(":predict", StringComparison.Ordinal) =>
            $$$"""{"predictions":[{{{string.Join(',', Embeddings.Take(asked.Body["instances"]!.AsArray().Count))}}}],"metadata":{"billableCharacterCount":2}}""",
        var address when address.Contains("openapi", StringComparison.Ordinal) => ScriptedProvider.Completion,
        _ => Answer,
    });

    private static Task EventsAsync(HttpContext context, params string[] events)
    {
        context.Response.ContentType = "text/event-stream";
        return context.Response.WriteAsync(
            string.Concat(events.Select(data => $"event: {JsonNode.Parse(data)!["type"]?.GetValue<string>() ?? "message"}\ndata: {data}\n\n")), context.RequestAborted);
    }

    private Task<HttpResponseMessage> PostAsync(string path, string body) =>
        _gateway!.Http.PostAsJsonAsync($"/v1/{path}", JsonSerializer.Deserialize<JsonNode>(body), Token);

    private sealed record Asked(string Address, string Key, string Authorization, string Beta, string Version, string Raw, JsonNode Body);
}
