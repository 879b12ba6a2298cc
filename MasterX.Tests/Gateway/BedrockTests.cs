using System.Collections.Concurrent;
using System.Globalization;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using MasterX.AiGateway.Providers.Credentials;
using MasterX.Tests.Hosts;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace MasterX.Tests.Gateway;

/// <summary>Amazon Bedrock as its documentation has it, played by a scripted provider.</summary>
public sealed class BedrockTests : IAsyncDisposable
{
    private const string Secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
    private const string Claude = "us.anthropic.claude-sonnet-4-5-20250929-v1:0";
    private const string Nova = "amazon.nova-pro-v1:0";
    private const string Turn = """{"messages":[{"role":"user","content":"hi"}]""";
    private const string Message = """{"model":"claude-sonnet-4-5-20250929","id":"msg_bdrk_1","type":"message","role":"assistant","content":[{"type":"text","text":"hello"}],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":3,"output_tokens":2}}""";
    private const string Answer = """{"metrics":{"latencyMs":1},"output":{"message":{"role":"assistant","content":[{"text":"hello"}]}},"stopReason":"end_turn","usage":{"inputTokens":3,"outputTokens":2,"totalTokens":5}}""";

    private static readonly byte[][] ClaudeStream =
    [
        AwsEvents.Chunk("""{"type":"message_start","message":{"id":"msg_bdrk_1","type":"message","role":"assistant","model":"claude","content":[],"stop_reason":null,"usage":{"input_tokens":3,"output_tokens":1}}}"""),
        AwsEvents.Chunk("""{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"""),
        AwsEvents.Chunk("""{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"hello"}}"""),
        AwsEvents.Chunk("""{"type":"content_block_stop","index":0}"""),
        AwsEvents.Chunk("""{"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":2}}"""),
        AwsEvents.Chunk("""{"type":"message_stop","amazon-bedrock-invocationMetrics":{"inputTokenCount":3,"outputTokenCount":2}}"""),
    ];

    private static readonly byte[][] ConverseStream =
    [
        AwsEvents.Event("messageStart", """{"p":"ab","role":"assistant"}"""),
        AwsEvents.Event("contentBlockDelta", """{"contentBlockIndex":0,"delta":{"text":"hello"},"p":"abcd"}"""),
        AwsEvents.Event("contentBlockStop", """{"contentBlockIndex":0,"p":"a"}"""),
        AwsEvents.Event("messageStop", """{"p":"abc","stopReason":"end_turn"}"""),
        AwsEvents.Event("metadata", """{"metrics":{"latencyMs":1},"p":"a","usage":{"inputTokens":3,"outputTokens":2,"totalTokens":5}}"""),
    ];

    private readonly ConcurrentQueue<Asked> _asked = new();
    private ScriptedProvider? _provider;
    private GatewayHost? _gateway;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(Claude, "chat/completions", Turn, "/model/us.anthropic.claude-sonnet-4-5-20250929-v1%3A0/invoke")]
    [InlineData(Claude, "messages", Turn + ",\"max_tokens\":5", "/model/us.anthropic.claude-sonnet-4-5-20250929-v1%3A0/invoke")]
    [InlineData(Claude, "responses", "{\"input\":\"hi\"", "/model/us.anthropic.claude-sonnet-4-5-20250929-v1%3A0/invoke")]
    [InlineData("arn:aws:bedrock:us-east-1:1:inference-profile/us.anthropic.claude-x", "messages", Turn + ",\"max_tokens\":5", "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Ainference-profile%2Fus.anthropic.claude-x/invoke")]
    [InlineData(Nova, "chat/completions", Turn, "/model/amazon.nova-pro-v1%3A0/converse")]
    [InlineData(Nova, "messages", Turn + ",\"max_tokens\":5", "/model/amazon.nova-pro-v1%3A0/converse")]
    [InlineData(Nova, "responses", "{\"input\":\"hi\"", "/model/amazon.nova-pro-v1%3A0/converse")]
    [InlineData("arn:aws:bedrock:us-east-1:1:application-inference-profile/abc", "chat/completions", Turn, "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Aapplication-inference-profile%2Fabc/converse")]
    public async Task A_model_is_asked_in_its_format_by_a_request_that_is_signed(string model, string path, string body, string target)
    {
        await StartAsync(AnswerAsync, ("Gateway:Providers:bedrock:ApiKey", $"AKIDEXAMPLE:{Secret}:a-session-token"));

        using var answer = await PostAsync(path, $"{body},\"model\":\"bedrock/{model}\"}}");

        var asked = Assert.Single(_asked);
        Assert.Equal((200, target), ((int)answer.StatusCode, asked.Target));
        Assert.Equal("a-session-token", asked.SecurityToken);
        Assert.Equal(SignatureOf(asked), asked.Authorization);
        Assert.Contains("Credential=AKIDEXAMPLE/", asked.Authorization, StringComparison.Ordinal);
        Assert.Contains("/eu-central-1/bedrock/aws4_request", asked.Authorization, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_API_key_is_sent_as_it_is()
    {
        await StartAsync(AnswerAsync, ("Gateway:Providers:bedrock:ApiKey", "ABSKexample="));

        using var answer = await PostAsync("chat/completions", $"{Turn},\"model\":\"bedrock/{Nova}\"}}");

        Assert.Equal(200, (int)answer.StatusCode);
        Assert.Equal(("Bearer ABSKexample=", ""), (_asked.Single().Authorization, _asked.Single().Date));
    }

    /// <summary>Each of several keys signs, or is sent, as its own form says.</summary>
    [Fact]
    public async Task A_key_that_is_refused_has_the_next_one_tried()
    {
        await StartAsync(
            (context, asked) =>
            {
                if (asked.Authorization.StartsWith("Bearer", StringComparison.Ordinal))
                {
                    return AnswerAsync(context, asked);
                }

                context.Response.Headers["x-amzn-ErrorType"] = "UnrecognizedClientException:http://internal.amazon.com/coral/com.amazon.coral.service/";
                return ScriptedProvider.JsonAsync(context, """{"message":"The security token included in the request is invalid."}""", 403);
            },
            ("Gateway:Providers:bedrock:ApiKey", null),
            ("Gateway:Providers:bedrock:ApiKeys:0:Key", $"AKIDEXAMPLE:{Secret}"), ("Gateway:Providers:bedrock:ApiKeys:0:Weight", "1000000"),
            ("Gateway:Providers:bedrock:ApiKeys:1:Key", "ABSKexample="), ("Gateway:Providers:bedrock:ApiKeys:1:Weight", "0.000001"));

        using var answer = await PostAsync("chat/completions", $"{Turn},\"model\":\"bedrock/{Nova}\"}}");

        Assert.Equal(200, (int)answer.StatusCode);
        Assert.Equal(2, _asked.Count);
    }

    [Fact]
    public async Task A_message_for_Claude_passes_as_it_is_but_for_what_stands_elsewhere()
    {
        await StartAsync(AnswerAsync);

        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/messages")
        {
            Content = new StringContent(
                $$"""{"model":"bedrock/{{Claude}}","max_tokens":5,"stream":false,"brand_new":{"a":1.50},"messages":[{"role":"user","content":"hi"}]}""", Encoding.UTF8, "application/json"),
        };
        request.Headers.Add("anthropic-beta", "context-1m-2025-08-07, other-2025");
        request.Headers.Add("anthropic-version", "2023-06-01");
        using var answer = await _gateway!.Http.SendAsync(request, Token);

        Assert.Equal(
            """{"anthropic_version":"bedrock-2023-05-31","anthropic_beta":["context-1m-2025-08-07","other-2025"],"max_tokens":5,"brand_new":{"a":1.50},"messages":[{"role":"user","content":"hi"}]}""",
            _asked.Single().Raw);
        Assert.Equal(Message, await answer.Content.ReadAsStringAsync(Token));
    }

    [Theory]
    [InlineData("chat/completions", Claude)]
    [InlineData("messages", Claude)]
    [InlineData("responses", Claude)]
    [InlineData("chat/completions", Nova)]
    [InlineData("messages", Nova)]
    [InlineData("responses", Nova)]
    public async Task A_stream_reaches_every_door(string path, string model)
    {
        await StartAsync((context, _) => EventsAsync(context, model == Claude ? ClaudeStream : ConverseStream));

        _gateway!.Http.DefaultRequestHeaders.Add("x-masterx-call", "b");
        using var answer = await PostAsync(path, $"{Input(path)},\"stream\":true,\"model\":\"bedrock/{model}\"}}");
        var text = await answer.Content.ReadAsStringAsync(Token);

        var asked = Assert.Single(_asked);
        Assert.EndsWith(model == Claude ? "/invoke-with-response-stream" : "/converse-stream", asked.Target, StringComparison.Ordinal);
        Assert.Equal("application/vnd.amazon.eventstream", asked.Accept);
        Assert.Equal((null, null), (asked.Body["stream"], asked.Body["model"]));
        Assert.Contains("hello", text, StringComparison.Ordinal);
        Assert.Contains(path == "chat/completions" ? "[DONE]" : path == "messages" ? "event: message_stop" : "response.completed", text, StringComparison.Ordinal);
        Assert.DoesNotContain("\"error\":{", text, StringComparison.Ordinal);
        var spent = (await _gateway!.RecordAsync("b")).GetProperty("spent")[0];
        Assert.Equal(("3", "2"), (spent.Text("input_tokens"), spent.Text("output_tokens")));
    }

    /// <summary>Before there is content another candidate takes the request; behind it the caller is told.</summary>
    [Theory]
    [InlineData("throttlingException", false)]
    [InlineData("internalServerException", false)]
    [InlineData("modelStreamErrorException", false)]
    [InlineData("serviceUnavailableException", true)]
    [InlineData("", false)]
    [InlineData("", true)]
    public async Task A_stream_that_fails_goes_elsewhere_or_is_told(string exception, bool isBehindContent)
    {
        var bad = exception.Length > 0 ? AwsEvents.Exception(exception, """{"message":"no"}""") : [.. ConverseStream[1][..^1], (byte)(ConverseStream[1][^1] ^ 1)];
        var begun = new TaskCompletionSource();
        await StartAsync(
            async (context, _) =>
            {
                await EventsAsync(context, isBehindContent ? ConverseStream[..2] : ConverseStream[..1]);
                await begun.Task;
                await EventsAsync(context, [bad]);
            },
            ("Gateway:Routes:r:Candidates:0", $"bedrock/{Nova}"), ("Gateway:Routes:r:Candidates:1", "openai/gpt-4.1-mini"));
        if (!isBehindContent)
        {
            begun.SetResult();
        }

        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions")
        {
            Content = new StringContent(Turn + ",\"stream\":true,\"model\":\"r\"}", Encoding.UTF8, "application/json"),
        };
        using var answer = await _gateway!.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Token);
        begun.TrySetResult();
        var text = await answer.Content.ReadAsStringAsync(Token);

        Assert.Equal(isBehindContent ? "bedrock" : "openai", answer.Headers.GetValues("x-masterx-provider").Single());
        Assert.Equal(isBehindContent, text.Contains("stream_interrupted", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(400, "ValidationException", "Input is too long for requested model.", 400, "context_length_exceeded")]
    [InlineData(400, "ValidationException", "The provided model identifier is invalid.", 404, "model_not_found")]
    [InlineData(429, "ThrottlingException", "Too many requests, please wait before trying again.", 429, null)]
    [InlineData(403, "InvalidSignatureException", "Signature expired: 20260301T120000Z is now earlier than 20260301T121000Z", 503, null)]
    public async Task An_error_is_known_by_its_header(int status, string type, string message, int told, string? code)
    {
        await StartAsync((context, _) =>
        {
            context.Response.Headers["x-amzn-ErrorType"] = type;
            return ScriptedProvider.JsonAsync(context, JsonSerializer.Serialize(new { message }), status);
        });

        using var answer = await PostAsync("chat/completions", $"{Turn},\"model\":\"bedrock/{Nova}\"}}");

        Assert.Equal(told, (int)answer.StatusCode);
        if (code is not null)
        {
            Assert.Equal(code, (await answer.JsonAsync()).GetProperty("error").Text("code"));
        }
    }

    [Fact]
    public async Task What_is_secret_of_a_key_never_comes_back()
    {
        await StartAsync(
            (context, _) => ScriptedProvider.JsonAsync(context, JsonSerializer.Serialize(new { message = $"Input is too long; {Secret} and a-session-token of AKIDEXAMPLE" }), 400),
            ("Gateway:Providers:bedrock:ApiKey", $"AKIDEXAMPLE:{Secret}:a-session-token"));

        using var answer = await PostAsync("chat/completions", $"{Turn},\"model\":\"bedrock/{Nova}\"}}");
        var text = await answer.Content.ReadAsStringAsync(Token);

        Assert.Contains("[redacted] and [redacted]", text, StringComparison.Ordinal);
        Assert.DoesNotContain(Secret, text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_Bedrock_has_no_word_for_is_refused_and_counts_are_estimated()
    {
        await StartAsync(AnswerAsync);

        using var embeddings = await PostAsync("embeddings", "{\"input\":\"hi\",\"model\":\"bedrock/amazon.titan-embed-text-v2:0\"}");
        using var count = await PostAsync("messages/count_tokens", $"{Turn},\"model\":\"bedrock/{Claude}\"}}");

        Assert.Empty(_asked);
        Assert.Equal((400, 200), ((int)embeddings.StatusCode, (int)count.StatusCode));
        Assert.Equal("true", count.Headers.GetValues("x-masterx-tokens-estimated").Single());
    }

    /// <summary>By the variables that AWS's own tools read; nothing else in this process does.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_machines_own_keys_sign(bool isApiKey)
    {
        (string Name, string Value)[] variables = isApiKey
            ? [("AWS_BEARER_TOKEN_BEDROCK", "ABSKofTheMachine")]
            : [("AWS_ACCESS_KEY_ID", "AKIDOFTHEMACHINE"), ("AWS_SECRET_ACCESS_KEY", Secret), ("AWS_SESSION_TOKEN", "token-of-the-machine")];
        Array.ForEach(variables, variable => Environment.SetEnvironmentVariable(variable.Name, variable.Value));
        try
        {
            await StartAsync(AnswerAsync, ("Gateway:Providers:bedrock:ApiKey", null), ("Gateway:Providers:bedrock:Credential", "aws"));
            using var answer = await PostAsync("chat/completions", $"{Turn},\"model\":\"bedrock/{Nova}\"}}");
            Assert.Equal(200, (int)answer.StatusCode);
        }
        finally
        {
            Array.ForEach(variables, variable => Environment.SetEnvironmentVariable(variable.Name, null));
        }

        var asked = Assert.Single(_asked);
        Assert.StartsWith(isApiKey ? "Bearer ABSKofTheMachine" : "AWS4-HMAC-SHA256 Credential=AKIDOFTHEMACHINE/", asked.Authorization, StringComparison.Ordinal);
        Assert.Equal(isApiKey ? "" : "token-of-the-machine", asked.SecurityToken);
    }

    public async ValueTask DisposeAsync()
    {
        await (_gateway?.DisposeAsync() ?? default);
        await (_provider?.DisposeAsync() ?? default);
    }

    private static string Input(string path) => path == "responses" ? "{\"input\":\"hi\"" : Turn + ",\"max_tokens\":5";

    /// <summary>What the provider finds when it signs what it was sent.</summary>
    private string SignatureOf(Asked asked)
    {
        using var message = new HttpRequestMessage(HttpMethod.Post, _provider!.Url + asked.Target);
        var time = DateTimeOffset.ParseExact(asked.Date, "yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);
        AwsSignature.Write(
            message, Encoding.UTF8.GetBytes(asked.Raw), new AwsKeys("AKIDEXAMPLE", Secret, asked.SecurityToken), "eu-central-1", "bedrock", time);
        return message.Headers.GetValues("Authorization").Single();
    }

    private async Task StartAsync(Func<HttpContext, Asked, Task> answer, params (string Key, string? Value)[] settings)
    {
        _provider = await ScriptedProvider.StartAsync(async context =>
        {
            using var reader = new StreamReader(context.Request.Body);
            var raw = await reader.ReadToEndAsync(context.RequestAborted);
            var headers = context.Request.Headers;
            var asked = new Asked(
                context.Features.Get<IHttpRequestFeature>()!.RawTarget, headers.Authorization.ToString(), headers["x-amz-date"].ToString(),
                headers["x-amz-security-token"].ToString(), headers.Accept.ToString(), raw, JsonNode.Parse(raw)!);
            _asked.Enqueue(asked);
            await answer(context, asked);
        });
        var all = new Dictionary<string, string?>
        {
            ["Gateway:Providers:bedrock:Kind"] = "bedrock", ["Gateway:Providers:bedrock:BaseUrl"] = _provider.Url,
            ["Gateway:Providers:bedrock:Region"] = "eu-central-1", ["Gateway:Providers:bedrock:ApiKey"] = $"AKIDEXAMPLE:{Secret}",
        };
        foreach (var (key, value) in settings)
        {
            all[key] = value;
        }

        _gateway = new GatewayHost(all.Where(setting => setting.Value is not null).Select(setting => (setting.Key, setting.Value)));
    }

    private static Task AnswerAsync(HttpContext context, Asked asked) =>
        ScriptedProvider.JsonAsync(context, asked.Target.EndsWith("/invoke", StringComparison.Ordinal) ? Message : Answer);

    private static async Task EventsAsync(HttpContext context, byte[][] events)
    {
        if (!context.Response.HasStarted)
        {
            context.Response.ContentType = "application/vnd.amazon.eventstream";
        }

        foreach (var one in events)
        {
            await context.Response.Body.WriteAsync(one, context.RequestAborted);
            await context.Response.Body.FlushAsync(context.RequestAborted);
        }
    }

    private Task<HttpResponseMessage> PostAsync(string path, string body) =>
        _gateway!.Http.PostAsJsonAsync($"/v1/{path}", JsonSerializer.Deserialize<JsonNode>(body), Token);

    private sealed record Asked(string Target, string Authorization, string Date, string SecurityToken, string Accept, string Raw, JsonNode Body);
}
