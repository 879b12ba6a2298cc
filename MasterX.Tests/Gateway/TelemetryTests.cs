using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;
using MasterX.Tests.Hosts;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace MasterX.Tests.Gateway;

/// <summary>Spans, metrics and logs say what happened in the field's terms, and never what must stay secret.</summary>
[Collection(MeasuredAlone.Name)]
public sealed class TelemetryTests
{
    private const string Prompt = "the-secret-prompt-of-a-caller";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_call_to_a_provider_is_a_span_of_the_generative_AI_conventions()
    {
        await using var gateway = new GatewayHost();
        using var spans = new Spans(gateway);

        using var answer = await gateway.AskAsync(Prompt, "openai/gpt-4.1-mini");

        var span = Assert.Single(spans.Ended);
        Assert.Equal(("chat gpt-4.1-mini", ActivityKind.Client), (span.DisplayName, span.Kind));
        Assert.Equal(("chat", "openai", "gpt-4.1-mini"), (span.GetTagItem("gen_ai.operation.name"), span.GetTagItem("gen_ai.provider.name"), span.GetTagItem("gen_ai.request.model")));
        Assert.Equal("gpt-4.1-mini", span.GetTagItem("gen_ai.response.model"));
        Assert.Equal(["stop"], Assert.IsType<string[]>(span.GetTagItem("gen_ai.response.finish_reasons")));
        Assert.Equal(answer.Header("x-masterx-tokens-out"), span.GetTagItem("gen_ai.usage.output_tokens")!.ToString());
        Assert.Equal("127.0.0.1", span.GetTagItem("server.address"));
        Assert.Null(span.GetTagItem("gen_ai.input.messages"));
    }

    [Fact]
    public async Task A_failed_call_and_the_one_that_made_up_for_it_are_two_spans()
    {
        await using var gateway = new GatewayHost();
        using var spans = new Spans(gateway);
        await gateway.Emulator.BreakAsync("gemini", new { status = 503 });

        var stream = await ChatStream.ReadAsync(gateway.Http, new { stream = true, messages = new[] { new { role = "user", content = Prompt } } });

        Assert.True(stream.IsWhole);
        Assert.Equal(["gcp.gemini", "groq"], spans.Ended.Select(span => span.GetTagItem("gen_ai.provider.name")));
        Assert.Equal(["provider_failed", null], spans.Ended.Select(span => span.GetTagItem("error.type")));
        Assert.True((int)spans.Ended.Last().GetTagItem("gen_ai.usage.output_tokens")! > 5);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_was_said_is_captured_only_when_the_conventions_variable_asks_for_it(bool stream)
    {
        await using var gateway = new GatewayHost(("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "true"));
        using var spans = new Spans(gateway);

        using var answer = await gateway.ChatAsync(new { model = "openai/m", stream, messages = new[] { new { role = "user", content = Prompt } } });
        await answer.Content.ReadAsStringAsync(Token);

        var span = Assert.Single(spans.Ended);
        Assert.Contains(Prompt, (string)span.GetTagItem("gen_ai.input.messages")!, StringComparison.Ordinal);
        Assert.Contains("[emulated", (string)span.GetTagItem("gen_ai.output.messages")!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Metrics_are_those_of_the_conventions_and_the_gateways_own()
    {
        await using var gateway = new GatewayHost(("Gateway:Providers:openai:TokensPerMinute", "100000"), ("Gateway:Providers:openai:MaxConcurrency", "10"));
        using var answer = await gateway.AskAsync("hello", "openai/gpt-4.1-mini");
        await ChatStream.ReadAsync(gateway.Http, new { model = "openai/gpt-4.1-mini", stream = true, messages = new[] { new { role = "user", content = "x" } } });

        var metrics = await PrometheusText.ReadAsync(gateway.Anonymous);
        (string, string)[] labels = [("gen_ai_operation_name", "chat"), ("gen_ai_provider_name", "openai"), ("gen_ai_request_model", "gpt-4.1-mini")];
        Assert.Equal(2, metrics.Value("gen_ai_client_inference_duration_seconds_count", labels));
        Assert.Equal(2, metrics.Value("gen_ai_client_inference_operation_input_tokens_count", labels));
        Assert.True(metrics.Value("gen_ai_client_inference_usage_output_tokens_total", [.. labels, ("gen_ai_token_modality", "unknown")]) > 10);
        Assert.Equal(1, metrics.Value("gen_ai_client_inference_time_to_first_chunk_seconds_count", labels));
        Assert.Equal(1, metrics.Value("gen_ai_server_time_to_first_token_seconds_count", labels));
        Assert.Equal(2, metrics.Value("gateway_attempts_total", ("provider", "openai"), ("outcome", "success")));
        Assert.Equal(1, metrics.Value("gateway_overhead_seconds_count"));
        Assert.Equal(58, metrics.Value("gateway_requests_left", ("provider", "openai")));
        Assert.InRange(metrics.Value("gateway_tokens_left", ("provider", "openai")), 99_000, 99_999);
        Assert.Equal(10, metrics.Value("gateway_calls_left", ("provider", "openai")));
        Assert.Equal(0, metrics.Value("gateway_circuit_open", ("provider", "openai"), ("model", "gpt-4.1-mini")));
        Assert.Equal(1, metrics.Value("gateway_provider_up", ("provider", "openai")));
    }

    [Fact]
    public async Task Models_that_callers_make_up_do_not_become_series()
    {
        await using var gateway = new GatewayHost();
        await gateway.Emulator.BreakAsync("openai", new { status = 404 });
        for (var i = 0; i < 5; i++)
        {
            using var answer = await gateway.AskAsync("hello", $"openai/made-up-{i}");
        }

        var metrics = await gateway.Anonymous.GetStringAsync(new Uri("/metrics", UriKind.Relative), Token);

        Assert.DoesNotContain("made-up", metrics, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Neither_keys_nor_what_was_said_are_in_any_log_metric_trace_or_answer()
    {
        var log = new LogLines();
        await using var refusing = await ScriptedProvider.StartAsync(context => ScriptedProvider.JsonAsync(
            context, $$$"""{"error":{"message":"Incorrect API key provided: {{{context.Request.Headers.Authorization.ToString().Split(' ')[^1]}}}","code":"invalid_request"}}""", 400));
        await using var gateway = new GatewayHost(
            ("Gateway:Providers:quoting:BaseUrl", refusing.Url), ("Gateway:Providers:quoting:ApiKeys:0:Key", "key-of-quoting-1234567890"),
            ("Gateway:Providers:quoting:ApiKeys:1:Key", "key-of-quoting-0987654321"),
            ("Logging:LogLevel:Default", "Trace"), ("Logging:LogLevel:Microsoft", "Trace"), ("Logging:LogLevel:System", "Trace"));
        gateway.Services.GetRequiredService<ILoggerFactory>().AddProvider(log);
        using var spans = new Spans(gateway);
        var answers = new StringBuilder();

        foreach (var (fault, provider) in new (object?, string)[]
        {
            (null, "auto"), (new { status = 401 }, "openai/m"), (new { status = 500 }, "groq/m"), (new { malformed = true }, "gemini/m"), (new { cut_after = 3 }, "anthropic/m"), (null, "quoting/m"),
        })
        {
            foreach (var stream in new[] { false, true })
            {
                if (fault is not null)
                {
                    await gateway.Emulator.BreakAsync(provider.Split('/')[0], fault);
                }

                using var answer = await gateway.ChatAsync(new { model = provider, stream, messages = new[] { new { role = "user", content = Prompt } } });
                answers.AppendLine(answer.Headers.ToString()).AppendLine((await answer.Content.ReadAsStringAsync(Token)).Replace(Prompt, "", StringComparison.Ordinal));
            }
        }

        using var wrong = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions");
        wrong.Headers.TryAddWithoutValidation("Authorization", "Bearer a-wrong-token-1234567890");
        using var unauthorized = await gateway.Anonymous.SendAsync(wrong, Token);
        using var providers = await gateway.Http.GetAsync(new Uri("/providers", UriKind.Relative), Token);
        answers.AppendLine(await unauthorized.Content.ReadAsStringAsync(Token)).AppendLine(await providers.Content.ReadAsStringAsync(Token));
        var metrics = await gateway.Anonymous.GetStringAsync(new Uri("/metrics", UriKind.Relative), Token);
        var traces = string.Join('\n', spans.Ended.Select(span => $"{span.DisplayName} {string.Join(' ', span.TagObjects.Select(tag => $"{tag.Key}={tag.Value}"))} {span.StatusDescription}"));

        Assert.True(log.Lines.Count > 20 && spans.Ended.Count > 8);
        foreach (var (place, text) in new[] { ("log", string.Join('\n', log.Lines)), ("metrics", metrics), ("traces", traces), ("answers", answers.ToString()) })
        {
            Assert.All(
                new[] { "key-of-", GatewayHost.Token, "a-wrong-token", Prompt },
                secret => Assert.False(text.Contains(secret, StringComparison.Ordinal), $"{place}: {secret}: {text[Math.Max(0, text.IndexOf(secret, StringComparison.Ordinal) - 100)..][..Math.Min(300, text.Length - Math.Max(0, text.IndexOf(secret, StringComparison.Ordinal) - 100))]}"));
        }
    }

    /// <summary>The spans of one gateway's calls: of all that end in this process, those to its own emulator.</summary>
    private sealed class Spans : IDisposable
    {
        private readonly ActivityListener _listener;

        public Spans(GatewayHost gateway)
        {
            var port = gateway.Emulator.Address.Port;
            _listener = new ActivityListener
            {
                ShouldListenTo = source => source.Name == "MasterX.AiGateway",
                Sample = (ref _) => ActivitySamplingResult.AllDataAndRecorded,
                ActivityStopped = activity =>
                {
                    if (activity.GetTagItem("server.port") is int called && (called == port || activity.GetTagItem("gen_ai.provider.name") is "quoting"))
                    {
                        Ended.Enqueue(activity);
                    }
                },
            };
            ActivitySource.AddActivityListener(_listener);
        }

        public ConcurrentQueue<Activity> Ended { get; } = new();

        public void Dispose() => _listener.Dispose();
    }
}
