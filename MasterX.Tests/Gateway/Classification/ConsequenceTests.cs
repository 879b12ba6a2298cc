using System.Net;
using System.Text.Json;
using MasterX.Tests.Hosts;
using Microsoft.AspNetCore.Http;

namespace MasterX.Tests.Gateway.Classification;

/// <summary>What follows from a verdict, seen from outside: who is asked next, who is left alone for how long, and what the caller is told.</summary>
public sealed class ConsequenceTests
{
    private const string Overflow = """{"error":{"message":"This model's maximum context length is 8 tokens.","type":"invalid_request_error","param":"messages","code":null}}""";
    private const string NoCredit = """{"error":{"message":"You exceeded your current quota.","type":"insufficient_quota","code":"insufficient_quota"}}""";
    private const string NoModel = """{"error":{"message":"Project does not have access to model x","type":"invalid_request_error","param":null,"code":"model_not_found"}}""";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("openai", 400, Overflow)]
    [InlineData("openai", 400, """{"error":{"message":"Failed to call a function.","code":"tool_use_failed"}}""")]
    [InlineData("openai", 402, """{"error":{"message":"Insufficient Balance"}}""")]
    [InlineData("openai", 403, "<html>blocked</html>")]
    [InlineData("openai", 418, "what no list knows")]
    [InlineData("openai", 422, """{"detail":[{"type":"extra_forbidden","loc":["body","stream_options"],"msg":"no"}]}""")]
    [InlineData("openai", 498, "{}")]
    [InlineData("openai", 529, "{}")]
    [InlineData("openai", 200, "<html>hello</html>")]
    [InlineData("openai", 200, "")]
    [InlineData("openai", 200, """{"choices":[]}""")]
    [InlineData("openai", 200, """{"choices":[{"index":0,"message":{"role":"assistant","content":""},"finish_reason":"error"}]}""")]
    [InlineData("anthropic", 400, """{"type":"error","error":{"type":"invalid_request_error","message":"`temperature` is deprecated for this model."}}""")]
    [InlineData("anthropic", 400, """{"type":"error","error":{"type":"invalid_request_error","message":"Your credit balance is too low to access the Anthropic API."}}""")]
    [InlineData("gemini", 200, """{"candidates":[{"finishReason":"MALFORMED_FUNCTION_CALL","index":0}]}""")]
    [InlineData("gemini", 200, """{"promptFeedback":{"blockReason":"OTHER"}}""")]
    [InlineData("gemini", 200, """{"candidates":[{"content":{"parts":[{"text":""}]},"finishReason":"STOP"}]}""")]
    public async Task The_next_candidate_answers_whole_and_streamed(string kind, int status, string body)
    {
        foreach (var stream in new[] { false, true })
        {
            await using var faulty = await ScriptedProvider.StartAsync(context => ScriptedProvider.JsonAsync(context, body, status));
            await using var gateway = Gateway(kind, faulty);

            using var answer = await gateway.ChatAsync(Request("r", stream));

            Assert.Equal((200, "groq"), ((int)answer.StatusCode, answer.Header("x-masterx-provider")));
        }
    }

    [Theory]
    [InlineData("data: {\"error\":{\"message\":\"busy\",\"code\":502}}\n\n")]
    [InlineData("event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\"}}\n\n")]
    [InlineData("data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\"},\"finish_reason\":\"error\"}]}\n\n")]
    [InlineData("{\"error\":{\"message\":\"busy\",\"code\":502}}")]
    [InlineData("<html>a proxy speaks</html>")]
    [InlineData("")]
    [InlineData("data: [DONE]\n\n")]
    public async Task An_event_stream_that_is_an_error_before_its_content_goes_to_the_next_candidate(string events)
    {
        await using var faulty = await ScriptedProvider.StartAsync(context => EventsAsync(context, events));
        await using var gateway = Gateway("openai", faulty);

        using var answer = await gateway.ChatAsync(Request("r", stream: true));

        Assert.Equal((200, "groq"), ((int)answer.StatusCode, answer.Header("x-masterx-provider")));
    }

    [Theory]
    [InlineData("text/plain")]
    [InlineData("Text/Event-Stream; Charset=UTF-8")]
    [InlineData("application/json")]
    public async Task A_stream_is_known_by_its_events_whatever_its_label(string label)
    {
        await using var provider = await ScriptedProvider.StartAsync(context => EventsAsync(
            context, "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"I am one\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n", label));
        await using var gateway = Gateway("openai", provider);

        using var answer = await gateway.ChatAsync(Request("r", stream: true));

        Assert.Equal("first", answer.Header("x-masterx-provider"));
        Assert.Contains("I am one", await answer.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_context_that_is_too_long_everywhere_is_the_callers_400_under_OpenAIs_code()
    {
        await using var faulty = await ScriptedProvider.StartAsync(context => ScriptedProvider.JsonAsync(context, Overflow, 400));
        await using var gateway = Gateway("openai", faulty);
        await gateway.Emulator.BreakAsync("groq", new { status = 500 });

        using var answer = await gateway.ChatAsync(Request("r"));

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        var error = (await answer.JsonAsync()).GetProperty("error");
        Assert.Equal(("context_length_exceeded", "invalid_request_error", "messages"), (error.Text("code"), error.Text("type"), error.Text("param")));
        Assert.StartsWith("This model's maximum context length", error.Text("message"), StringComparison.Ordinal);
        Assert.Equal("2", answer.Header("x-masterx-attempts"));
    }

    [Fact]
    public async Task Of_several_refusals_the_caller_is_told_the_one_that_says_most_without_any_key()
    {
        await using var vague = await ScriptedProvider.StartAsync(context => ScriptedProvider.JsonAsync(context, NoModel, 404));
        await using var telling = await ScriptedProvider.StartAsync(context =>
            ScriptedProvider.JsonAsync(context, """{"error":{"message":"'top_k' of key key-of-second-12345 is not known","param":"top_k","code":"unknown_parameter"}}""", 422));
        await using var gateway = new GatewayHost([.. Provider("first", "openai", vague), .. Provider("second", "openai", telling), .. Route("first/m", "second/m")]);

        using var answer = await gateway.ChatAsync(Request("r"));

        Assert.Equal(422, (int)answer.StatusCode);
        Assert.Equal("'top_k' of key [redacted] is not known", (await answer.JsonAsync()).Text("error", "message"));
    }

    [Fact]
    public async Task That_one_candidates_model_is_unknown_is_not_told_while_another_might_answer()
    {
        await using var unknown = await ScriptedProvider.StartAsync(context => ScriptedProvider.JsonAsync(context, NoModel, 404));
        await using var gateway = Gateway("openai", unknown);
        await gateway.Emulator.BreakAsync("groq", new { status = 500 });

        using var answer = await gateway.ChatAsync(Request("r"));

        Assert.Equal((503, "all_providers_failed"), ((int)answer.StatusCode, (await answer.JsonAsync()).Text("error", "code")));
    }

    [Fact]
    public async Task What_every_provider_refuses_alike_is_not_asked_twice()
    {
        await using var faulty = await ScriptedProvider.StartAsync(context => ScriptedProvider.JsonAsync(
            context, """{"error":{"message":"Invalid type for 'temperature'","type":"invalid_request_error","param":"temperature","code":"invalid_type"}}""", 400));
        await using var gateway = Gateway("openai", faulty);

        using var answer = await gateway.ChatAsync(Request("r"));

        Assert.Equal((400, "1"), ((int)answer.StatusCode, answer.Header("x-masterx-attempts")));
        Assert.Equal(0, await gateway.Emulator.CallsAsync("groq"));
    }

    [Fact]
    public async Task A_403_of_one_model_leaves_the_others_alone_and_is_told_the_same_way_while_it_cools_down()
    {
        await using var provider = await ScriptedProvider.StartAsync(async context =>
        {
            var request = await JsonDocument.ParseAsync(context.Request.Body, cancellationToken: context.RequestAborted);
            await (request.RootElement.Text("model") == "secret"
                ? ScriptedProvider.JsonAsync(context, NoModel, 403) : ScriptedProvider.JsonAsync(context, ScriptedProvider.Completion));
        });
        await using var gateway = Gateway("openai", provider);

        using var refused = await gateway.ChatAsync(Request("first/secret"));
        using var again = await gateway.ChatAsync(Request("first/secret"));
        using var other = await gateway.ChatAsync(Request("first/m"));

        Assert.Equal((404, 404, 200), ((int)refused.StatusCode, (int)again.StatusCode, (int)other.StatusCode));
        Assert.Equal("model_not_found", (await again.JsonAsync()).Text("error", "code"));
        Assert.Contains("cooling_down", again.Header("x-masterx-attempt-list"), StringComparison.Ordinal);
        Assert.Equal("available", await StatusAsync(gateway, "first"));
    }

    [Theory]
    [InlineData(401, """{"error":{"message":"bad key"}}""", "key_refused", 30)]
    [InlineData(403, """{"error":{"message":"Forbidden"}}""", "key_refused", 30)]
    [InlineData(402, "{}", "out_of_credit", 120)]
    [InlineData(429, NoCredit, "out_of_credit", 120)]
    public async Task What_is_the_keys_stops_every_model_and_is_told_as_503_each_time(int status, string body, string outcome, int seconds)
    {
        var calls = 0;
        await using var provider = await ScriptedProvider.StartAsync(context =>
        {
            calls++;
            return ScriptedProvider.JsonAsync(context, body, status);
        });
        await using var gateway = Gateway("openai", provider);

        using var first = await gateway.ChatAsync(Request("first/m"));
        using var second = await gateway.ChatAsync(Request("first/another"));

        Assert.Equal((503, 503), ((int)first.StatusCode, (int)second.StatusCode));
        Assert.Contains($"outcome={outcome}", first.Header("x-masterx-attempt-list"), StringComparison.Ordinal);
        Assert.Equal(1, calls);
        Assert.Equal(seconds, first.Headers.RetryAfter!.Delta!.Value.TotalSeconds);
        Assert.InRange(second.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, seconds);
        Assert.Equal("unavailable", await StatusAsync(gateway, "first"));
    }

    [Fact]
    public async Task Geminis_RetryInfo_is_the_cool_down_and_the_callers_Retry_After()
    {
        await using var provider = await ScriptedProvider.StartAsync(context => ScriptedProvider.JsonAsync(
            context,
            """{"error":{"code":429,"message":"quota","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"39s"}]}}""", 429));
        await using var gateway = Gateway("gemini", provider);

        using var first = await gateway.ChatAsync(Request("first/m"));
        using var second = await gateway.ChatAsync(Request("first/m"));

        Assert.Equal((429, 429), ((int)first.StatusCode, (int)second.StatusCode));
        Assert.Equal(39, first.Headers.RetryAfter!.Delta!.Value.TotalSeconds);
        Assert.InRange(second.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 39);
    }

    [Fact]
    public async Task A_good_answer_that_holds_a_limit_cools_down_and_says_so()
    {
        await using var provider = await ScriptedProvider.StartAsync(context =>
        {
            context.Response.Headers.RetryAfter = "20";
            return ScriptedProvider.JsonAsync(context, """{"error":{"message":"Rate limit exceeded","code":429}}""");
        });
        await using var gateway = Gateway("openai", provider);

        using var limited = await gateway.ChatAsync(Request("first/m"));

        Assert.Equal((429, 20.0), ((int)limited.StatusCode, limited.Headers.RetryAfter!.Delta!.Value.TotalSeconds));
    }

    [Theory]
    [InlineData(403, """{"error":{"message":"Missing scopes: api.model.read."}}""", "available")]
    [InlineData(403, "<html>", "available")]
    [InlineData(404, "404 page not found", "available")]
    [InlineData(401, """{"error":{"message":"bad key"}}""", "unavailable")]
    [InlineData(503, "", "unavailable")]
    public async Task A_probe_shows_in_health_and_stops_nobody(int status, string body, string health)
    {
        var probes = 0;
        await using var provider = await ScriptedProvider.StartAsync(context =>
        {
            probes += context.Request.Method == "GET" ? 1 : 0;
            return context.Request.Method == "GET" ? ScriptedProvider.JsonAsync(context, body, status) : ScriptedProvider.JsonAsync(context, ScriptedProvider.Completion);
        });
        await using var gateway = new GatewayHost([.. Provider("first", "openai", provider), ("Gateway:ProbeIdleAfter", "00:00:00.100")]);
        while (probes < 2)
        {
            await Task.Delay(20, Token);
        }

        var seen = await StatusAsync(gateway, "first");
        using var answer = await gateway.ChatAsync(Request("first/m"));

        Assert.Equal((health, 200), (seen, (int)answer.StatusCode));
    }

    [Fact]
    public async Task Models_that_callers_make_up_take_nothing_from_the_others()
    {
        await using var provider = await ScriptedProvider.StartAsync(async context =>
        {
            var model = (await JsonDocument.ParseAsync(context.Request.Body, cancellationToken: context.RequestAborted)).RootElement.Text("model")!;
            await (model.StartsWith("made-up", StringComparison.Ordinal)
                ? ScriptedProvider.JsonAsync(context, """{"error":{"message":"Forbidden"}}""", model.EndsWith('7') ? 403 : 404)
                : ScriptedProvider.JsonAsync(context, ScriptedProvider.Completion, model == "failing" ? 500 : 200));
        });
        await using var gateway = new GatewayHost([
            .. Provider("first", "openai", provider), .. Route("first/m"), ("Gateway:Providers:first:Circuit:MinimumThroughput", "4"),
            ("Gateway:Providers:first:Circuit:BreakDuration", "00:10:00"), ("Logging:LogLevel:Default", "None")]);

        await Parallel.ForAsync(0, 1500, new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = Token }, async (number, _) =>
        {
            using var refused = await gateway.ChatAsync(Request($"first/made-up-{number}"));
            Assert.Equal(404, (int)refused.StatusCode);
        });

        using var good = await gateway.ChatAsync(Request("r"));
        Assert.Equal((200, "available"), ((int)good.StatusCode, await StatusAsync(gateway, "first")));

        // A model that comes after them has a circuit that is kept.
        for (var i = 0; i < 4; i++)
        {
            using var failed = await gateway.ChatAsync(Request("first/failing"));
            Assert.Contains("provider_failed", failed.Header("x-masterx-attempt-list"), StringComparison.Ordinal);
        }

        using var open = await gateway.ChatAsync(Request("first/failing"));
        Assert.Contains("circuit_open", open.Header("x-masterx-attempt-list"), StringComparison.Ordinal);
        using var providers = await gateway.Http.GetAsync(new Uri("/providers", UriKind.Relative), Token);
        var models = (await providers.JsonAsync()).GetProperty("providers").EnumerateArray().Single(one => one.Text("name") == "first").GetProperty("models");
        Assert.InRange(models.GetArrayLength(), 2, 1001);
    }

    [Fact]
    public async Task Least_latency_does_not_take_a_quick_failure_for_speed()
    {
        await using var dead = await ScriptedProvider.StartAsync(context => ScriptedProvider.JsonAsync(context, "{}", 500));
        await using var good = await ScriptedProvider.StartAsync(async context =>
        {
            await Task.Delay(30, context.RequestAborted);
            await ScriptedProvider.JsonAsync(context, ScriptedProvider.Completion);
        });
        await using var gateway = new GatewayHost(
            [.. Provider("first", "openai", dead), .. Provider("second", "openai", good), .. Route("first/m", "second/m"), ("Gateway:Routes:r:Strategy", "LeastLatency")]);
        using (await gateway.ChatAsync(Request("r")))
        {
        }

        for (var i = 0; i < 5; i++)
        {
            using var answer = await gateway.ChatAsync(Request("r"));
            Assert.Equal(("second", "1"), (answer.Header("x-masterx-provider"), answer.Header("x-masterx-attempts")));
        }
    }

    [Fact]
    public async Task One_that_hangs_and_loses_every_hedge_has_its_circuit_opened_and_is_waited_for_no_more()
    {
        await using var hanging = await ScriptedProvider.StartAsync(context => Task.Delay(Timeout.Infinite, context.RequestAborted));
        await using var good = await ScriptedProvider.StartAsync(context => ScriptedProvider.JsonAsync(context, ScriptedProvider.Completion));
        await using var gateway = new GatewayHost([
            .. Provider("first", "openai", hanging), .. Provider("second", "openai", good), .. Route("first/m", "second/m"),
            ("Gateway:Providers:first:Circuit:MinimumThroughput", "2"), ("Gateway:Providers:first:Circuit:BreakDuration", "00:10:00"),
            ("Gateway:Routes:r:HedgeAfter", "00:00:00.300")]);

        var hedged = 0;
        for (var i = 0; i < 6; i++)
        {
            using var answer = await gateway.ChatAsync(Request("r"));
            hedged += answer.Header("x-masterx-attempt-list")!.Contains("hedge_lost", StringComparison.Ordinal) ? 1 : 0;
        }

        // The first call of a process may be slow by itself, and then counts for neither.
        Assert.InRange(hedged, 2, 3);
    }

    private static GatewayHost Gateway(string kind, ScriptedProvider first) => new([.. Provider("first", kind, first), .. Route("first/m", "groq/m")]);

    private static IEnumerable<(string, string?)> Provider(string name, string kind, ScriptedProvider provider) =>
    [
        ($"Gateway:Providers:{name}:Kind", kind), ($"Gateway:Providers:{name}:BaseUrl", provider.Url),
        ($"Gateway:Providers:{name}:ApiKey", $"key-of-{name}-12345"), ($"Gateway:Providers:{name}:RequestsPerMinute", "0"),
    ];

    private static IEnumerable<(string, string?)> Route(params string[] candidates) =>
        candidates.Select((candidate, index) => ($"Gateway:Routes:r:Candidates:{index}", (string?)candidate));

    private static object Request(string model, bool stream = false) => new { model, stream, messages = new[] { new { role = "user", content = "hello" } } };

    private static Task EventsAsync(HttpContext context, string events, string label = "text/event-stream")
    {
        context.Response.ContentType = label;
        return context.Response.WriteAsync(events, context.RequestAborted);
    }

    private static async Task<string?> StatusAsync(GatewayHost gateway, string name)
    {
        using var providers = await gateway.Http.GetAsync(new Uri("/providers", UriKind.Relative), Token);
        return (await providers.JsonAsync()).GetProperty("providers").EnumerateArray().Single(provider => provider.Text("name") == name).Text("status");
    }
}
