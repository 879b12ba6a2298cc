using System.Net;
using System.Net.Http.Headers;
using System.Text;
using MasterX.Tests.Hosts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace MasterX.Tests.Gateway;

/// <summary>
/// Thousands of broken requests and broken answers: every one is answered, with a status the gateway means to give. The mutations are the same in every run.
/// </summary>
public sealed class FuzzTests
{
    private const int Requests = 10_000;
    private const int Answers = 5_000;

    private static readonly string[] RequestSeeds =
    [
        """{"model":"auto","messages":[{"role":"user","content":"hello"}],"temperature":0.5,"max_tokens":10}""",
        """{"model":"gemini/m","messages":[{"role":"system","content":"s"},{"role":"user","content":[{"type":"text","text":"t"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}}]}],"stop":["a"]}""",
        """{"model":"groq/m","stream":true,"stream_options":{"include_usage":true},"messages":[{"role":"user","content":"é\u00e9"}]}""",
        """{"model":"gemini/m","messages":[{"role":"assistant","tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"a","content":"1"}],"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}]}""",
    ];

    private static readonly string[] AnswerSeeds =
    [
        """{"id":"x","object":"chat.completion","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":2,"prompt_tokens_details":{"cached_tokens":0}}}""",
        """{"candidates":[{"content":{"parts":[{"text":"hi"},{"functionCall":{"name":"f","args":{}}}],"role":"model"},"finishReason":"STOP","avgLogprobs":-0.1}],"usageMetadata":{"promptTokenCount":1,"candidatesTokenCount":2}}""",
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\ndata: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hi\"}}]}\n\ndata: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n",
        "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"hi\"}]},\"index\":0}]}\r\n\r\ndata: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"!\"}]},\"finishReason\":\"STOP\"}],\"usageMetadata\":{\"promptTokenCount\":1}}\r\n\r\n",
    ];

    private static readonly int[] MeantForRequests = [200, 400, 404, 413, 415, 429];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Broken_requests_are_answered_with_what_is_wrong()
    {
        await using var gateway = new GatewayHost(
            ("Gateway:Providers:gemini:RequestsPerMinute", "0"), ("Gateway:Providers:groq:RequestsPerMinute", "0"), ("Gateway:Providers:openai:RequestsPerMinute", "0"),
            ("Logging:LogLevel:Default", "None"));
        var unexpected = new List<string>();

        await Parallel.ForAsync(0, Requests, new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = Token }, async (number, token) =>
        {
            var body = new Mutator(number).Mutate(RequestSeeds[number % RequestSeeds.Length]);
            using var content = new ByteArrayContent(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
            using var answer = await gateway.Http.PostAsync(new Uri("/v1/chat/completions", UriKind.Relative), content, token);
            var text = await answer.Content.ReadAsStringAsync(token);
            if (!MeantForRequests.Contains((int)answer.StatusCode) && !text.Contains("all_providers_failed", StringComparison.Ordinal))
            {
                lock (unexpected)
                {
                    unexpected.Add($"{number}: {(int)answer.StatusCode} {Encoding.UTF8.GetString(body)} -> {text}");
                }
            }
        });

        Assert.Empty(unexpected);
    }

    [Fact]
    public async Task Broken_answers_are_failed_attempts_and_nothing_worse()
    {
        await using var provider = await StartProviderAsync();
        await using var gateway = new GatewayHost(
            ("Gateway:Providers:gemini:BaseUrl", provider.Urls.First()), ("Gateway:Providers:openai:BaseUrl", provider.Urls.First()),
            ("Gateway:Providers:gemini:RequestsPerMinute", "0"), ("Gateway:Providers:openai:RequestsPerMinute", "0"),
            ("Gateway:Providers:gemini:Circuit:MinimumThroughput", "1000000"), ("Gateway:Providers:openai:Circuit:MinimumThroughput", "1000000"),
            ("Logging:LogLevel:Default", "None"));
        var unexpected = new List<string>();

        await Parallel.ForAsync(0, Answers, new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = Token }, async (number, token) =>
        {
            var kind = number % AnswerSeeds.Length;
            var (model, stream) = (kind is 1 or 3 ? "gemini" : "openai", kind >= 2);
            using var content = new StringContent($$"""{"model":"{{model}}/{{number}}","stream":{{(stream ? "true" : "false")}},"messages":[{"role":"user","content":"x"}]}""", Encoding.UTF8, "application/json");
            using var answer = await gateway.Http.PostAsync(new Uri("/v1/chat/completions", UriKind.Relative), content, token);
            var text = await answer.Content.ReadAsStringAsync(token);

            // A stream that has begun ends with the end mark or an error event, never without either.
            var good = answer.StatusCode == HttpStatusCode.OK
                ? !stream || text.EndsWith("data: [DONE]\n\n", StringComparison.Ordinal) || text.Contains("\"error\":{", StringComparison.Ordinal)
                : text.Contains("all_providers_failed", StringComparison.Ordinal);
            if (!good)
            {
                lock (unexpected)
                {
                    unexpected.Add($"{number}: {(int)answer.StatusCode} {text}");
                }
            }
        });

        Assert.Empty(unexpected);
    }

    /// <summary>Answers with the mutation whose number is the model's name.</summary>
    private static async Task<WebApplication> StartProviderAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        app.MapPost("/chat/completions", async context =>
        {
            using var request = await System.Text.Json.JsonDocument.ParseAsync(context.Request.Body);
            await AnswerAsync(context, int.Parse(request.RootElement.GetProperty("model").GetString()!, System.Globalization.CultureInfo.InvariantCulture));
        });
        app.MapPost("/models/{modelAndMethod}", (HttpContext context, string modelAndMethod) =>
            AnswerAsync(context, int.Parse(modelAndMethod.Split(':')[0], System.Globalization.CultureInfo.InvariantCulture)));
        await app.StartAsync(Token);
        return app;
    }

    private static Task AnswerAsync(HttpContext context, int number)
    {
        var kind = number % AnswerSeeds.Length;
        context.Response.ContentType = kind >= 2 ? "text/event-stream" : "application/json";
        return context.Response.Body.WriteAsync(new Mutator(number).Mutate(AnswerSeeds[kind])).AsTask();
    }
}
