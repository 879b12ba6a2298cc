using System.Diagnostics;
using MasterX.AiGateway.Requests;
using MasterX.Tests.Hosts;

namespace MasterX.Tests.Gateway;

/// <summary>What was said is captured in the shapes of OpenTelemetry's conventions, and only when their variable asks for it.</summary>
public sealed class GenAiContentTests
{
    private static readonly (string, string?) Capture = ("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "true");

    private static readonly string[] Contents =
    [
        "gen_ai.input.messages", "gen_ai.output.messages", "gen_ai.system_instructions", "gen_ai.tool.definitions",
    ];

    private const string Tool = """
        {"type":"function","function":{"name":"weather","description":"of a place",
         "parameters":{"type":"object","properties":{"place":{"type":"string"}}}}}
        """;

    private const string Conversation = """
        {"role":"system","content":"be brief"},
        {"role":"user","content":[{"type":"text","text":"what is this?"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}},
                                  {"type":"image_url","image_url":{"url":"https://example.com/a.png"}},{"type":"input_audio","input_audio":{"data":"BBBB","format":"wav"}},
                                  {"type":"file","file":{"file_id":"file-1"}}]},
        {"role":"assistant","content":null,"tool_calls":[{"id":"call_1","type":"function","function":{"name":"weather","arguments":"{\"place\":\"Paris\"}"}}]},
        {"role":"tool","tool_call_id":"call_1","content":"rainy"}
        """;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_conversation_is_captured_with_its_images_calls_and_results()
    {
        var span = await SpanAsync("/v1/chat/completions", $$"""{"model":"openai/m","messages":[{{Conversation}}],"tools":[{{Tool}}]}""");

        var input = span.Json("gen_ai.input.messages");
        GenAiSchema.AssertInput(input);
        GenAiSchema.AssertKnownRoles(input);
        Assert.Equal(["system", "user", "assistant", "tool"], input.EnumerateArray().Select(message => message.Text("role")));
        Assert.Equal("be brief", input.Text("0", "parts", "0", "content"));
        Assert.Equal(
            ["text", "blob", "uri", "blob", "file"], input[1].GetProperty("parts").EnumerateArray().Select(part => part.Text("type")));
        Assert.Equal(("image/png", "AAAA"), (input.Text("1", "parts", "1", "mime_type"), input.Text("1", "parts", "1", "content")));
        Assert.Equal(("audio", "audio/wav"), (input.Text("1", "parts", "3", "modality"), input.Text("1", "parts", "3", "mime_type")));
        var called = input[2].GetProperty("parts")[0];
        Assert.Equal(
            ("call_1", "weather", "Paris"),
            (called.Text("id"), called.Text("name"), called.Text("arguments", "place")));
        Assert.Equal(("call_1", "rainy"), (input.Text("3", "parts", "0", "id"), input.Text("3", "parts", "0", "response")));
        Assert.False(span.Has("gen_ai.system_instructions"));
        GenAiSchema.AssertTools(span.Json("gen_ai.tool.definitions"));
        Assert.Equal(
            ("weather", "of a place"),
            (span.Json("gen_ai.tool.definitions").Text("0", "name"), span.Json("gen_ai.tool.definitions").Text("0", "description")));
        var output = span.Json("gen_ai.output.messages");
        GenAiSchema.AssertOutput(output);
        Assert.StartsWith("[emulated", output.Text("0", "parts", "0", "content"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("openai", false)]
    [InlineData("openai", true)]
    [InlineData("gemini", false)]
    [InlineData("gemini", true)]
    [InlineData("anthropic", false)]
    [InlineData("anthropic", true)]
    public async Task A_call_of_a_tool_is_captured_whole_however_it_came(string provider, bool stream)
    {
        var span = await SpanAsync(
            "/v1/chat/completions",
            $$"""{"model":"{{provider}}/m","stream":{{(stream ? "true" : "false")}},"messages":[{"role":"user","content":"weather?"}],"tools":[{{Tool}}]}""");

        var output = span.Json("gen_ai.output.messages");
        GenAiSchema.AssertOutput(output);
        var part = output[0].GetProperty("parts")[0];
        Assert.Equal(("tool_call", "weather", "emulated"), (part.Text("type"), part.Text("name"), part.Text("arguments", "place")));
        Assert.False(string.IsNullOrEmpty(part.Text("id")));
        Assert.Equal("tool_call", output.Text("0", "finish_reason"));
        Assert.Equal(["tool_calls"], Assert.IsType<string[]>(span.GetTagItem("gen_ai.response.finish_reasons")));
        Assert.False(string.IsNullOrEmpty((string?)span.GetTagItem("gen_ai.response.id")));
    }

    [Theory]
    [InlineData("openai")]
    [InlineData("gemini")]
    [InlineData("anthropic")]
    public async Task A_stream_is_captured_like_the_whole_answer(string provider)
    {
        const string request = """{"model":"PROVIDER/m","messages":[{"role":"user","content":"say é \ud83d\ude00"}]STREAM}""";
        var whole = await SpanAsync(
            "/v1/chat/completions",
            request.Replace("PROVIDER", provider, StringComparison.Ordinal).Replace("STREAM", "", StringComparison.Ordinal));
        var streamed = await SpanAsync(
            "/v1/chat/completions",
            request.Replace("PROVIDER", provider, StringComparison.Ordinal).Replace("STREAM", ",\"stream\":true", StringComparison.Ordinal));

        Assert.Equal((string?)whole.GetTagItem("gen_ai.output.messages"), (string?)streamed.GetTagItem("gen_ai.output.messages"));
        Assert.Equal(whole.GetTagItem("gen_ai.usage.output_tokens"), streamed.GetTagItem("gen_ai.usage.output_tokens"));
        Assert.Equal(whole.GetTagItem("gen_ai.response.model"), streamed.GetTagItem("gen_ai.response.model"));
        Assert.Equal(["stop"], Assert.IsType<string[]>(streamed.GetTagItem("gen_ai.response.finish_reasons")));
        Assert.Equal((null, true), (whole.GetTagItem("gen_ai.request.stream"), streamed.GetTagItem("gen_ai.request.stream")));
        Assert.True((double)streamed.GetTagItem("gen_ai.response.time_to_first_chunk")! > 0);
        Assert.False(whole.Has("gen_ai.response.time_to_first_chunk"));
    }

    [Fact]
    public async Task Each_choice_is_a_message()
    {
        var span = await SpanAsync("/v1/chat/completions", """{"model":"openai/m","n":3,"messages":[{"role":"user","content":"x"}]}""");

        var output = span.Json("gen_ai.output.messages");
        GenAiSchema.AssertOutput(output);
        Assert.Equal(3, output.GetArrayLength());
        Assert.Equal(["stop", "stop", "stop"], Assert.IsType<string[]>(span.GetTagItem("gen_ai.response.finish_reasons")));
        Assert.Equal(3L, span.GetTagItem("gen_ai.request.choice.count"));
    }

    [Fact]
    public async Task Choices_of_a_stream_are_told_apart_with_reasoning_refusals_and_usage()
    {
        string[] chunks =
        [
            """{"id":"c1","model":"m-1","choices":[{"index":1,"delta":{"role":"assistant","reasoning_content":"hm"}},{"index":0,"delta":{"content":"one"}}]}""",
            """{"id":"c1","model":"m-1","choices":[{"index":0,"delta":{"content":" two"}}]}""",
            """{"id":"c1","model":"m-1","choices":[{"index":1,"delta":{"refusal":"I will not"}}]}""",
            """{"id":"c1","model":"m-1","choices":[{"index":0,"delta":{},"finish_reason":"stop"},{"index":1,"delta":{},"finish_reason":"content_filter"}]}""",
            """{"id":"c1","choices":[],"usage":{"prompt_tokens":9,"completion_tokens":7,"prompt_tokens_details":{"cached_tokens":4},"completion_tokens_details":{"reasoning_tokens":3}}}""",
        ];
        var span = await SpanOfStreamAsync([.. chunks, "[DONE]"]);

        var output = span.Json("gen_ai.output.messages");
        GenAiSchema.AssertOutput(output);
        Assert.Equal("one two", output.Text("0", "parts", "0", "content"));
        Assert.Equal(
            ["reasoning hm", "refusal I will not"],
            output[1].GetProperty("parts").EnumerateArray().Select(part => $"{part.Text("type")} {part.Text("content")}"));
        Assert.Equal(["stop", "content_filter"], Assert.IsType<string[]>(span.GetTagItem("gen_ai.response.finish_reasons")));
        Assert.Equal(("c1", "m-1"), (span.GetTagItem("gen_ai.response.id"), span.GetTagItem("gen_ai.response.model")));
        Assert.Equal((9, 7), (span.GetTagItem("gen_ai.usage.input_tokens"), span.GetTagItem("gen_ai.usage.output_tokens")));
        Assert.Equal(
            (4, 3), (span.GetTagItem("gen_ai.usage.cache_read.input_tokens"), span.GetTagItem("gen_ai.usage.reasoning.output_tokens")));
    }

    [Fact]
    public async Task A_stream_that_breaks_off_is_captured_as_far_as_it_came()
    {
        var span = await SpanOfStreamAsync([
            """{"id":"c1","choices":[{"index":0,"delta":{"content":"half"}}]}""",
            """{"id":"c1","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"t","function":{"name":"f","arguments":"{\"a"}}]}}]}"""]);

        var output = span.Json("gen_ai.output.messages");
        GenAiSchema.AssertOutput(output);
        Assert.Equal(
            ("half", "{\"a", "error"),
            (output.Text("0", "parts", "0", "content"), output.Text("0", "parts", "1", "arguments"), output.Text("0", "finish_reason")));
        Assert.Equal(["error"], Assert.IsType<string[]>(span.GetTagItem("gen_ai.response.finish_reasons")));
        Assert.Equal(("broken_answer", ActivityStatusCode.Error), (span.GetTagItem("error.type"), span.Status));
    }

    [Fact]
    public async Task A_stream_that_is_resumed_is_two_spans_each_with_its_part()
    {
        await using var gateway = new GatewayHost(
            Capture, ("Gateway:Routes:r:Candidates:0", "groq/m"), ("Gateway:Routes:r:Candidates:1", "openai/m"),
            ("Gateway:Routes:r:Resume", "true"));
        using var trace = TraceRecorder.OfGateway();
        await gateway.Emulator.BreakAsync("groq", new { cut_after = 4, trickle_ms = 30 });

        using var answer = await trace.PostAsync(
            gateway.Http, "/v1/chat/completions", """{"model":"r","stream":true,"messages":[{"role":"user","content":"x"}]}""");
        await answer.Content.ReadAsStringAsync(Token);

        var spans = await trace.SpansAsync("MasterX.AiGateway", 2);
        var begun = spans[0].Json("gen_ai.output.messages").Text("0", "parts", "0", "content");
        Assert.StartsWith("[emulated groq/m]", begun, StringComparison.Ordinal);
        Assert.Equal(begun, spans[1].Json("gen_ai.input.messages").Text("1", "parts", "0", "content"));
        Assert.Equal(
            ["error", "stop"], spans.Select(span => Assert.IsType<string[]>(span.GetTagItem("gen_ai.response.finish_reasons")).Single()));
        Assert.Equal(["broken_answer", "success"], spans.Select(span => span.GetTagItem("gateway.outcome")));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Responses_are_captured_with_their_instructions_apart(bool stream)
    {
        var previous = new ResponseIds(GatewayHost.Token, "").Sign("openai", "resp_0");
        var span = await SpanAsync("/v1/responses", $$"""
            {"model":"openai/m","stream":{{(stream ? "true" : "false")}},"instructions":"be brief","max_output_tokens":500,"previous_response_id":"{{previous}}","conversation":{"id":"conv_1"},
             "reasoning":{"effort":"low"},"text":{"format":{"type":"text"} },"tools":[{"type":"function","name":"f","parameters":{"type":"object"} },{"type":"web_search"}],
             "input":[{"role":"developer","content":"d"},{"type":"message","role":"user","content":[{"type":"input_text","text":"hello"},{"type":"input_image","image_url":"https://example.com/a.png"}]},
                      {"type":"reasoning","summary":[{"type":"summary_text","text":"thought"}]},{"type":"web_search_call","id":"ws","status":"completed"},
                      {"type":"function_call","call_id":"c","name":"f","arguments":"{\"x\":1}"},{"type":"function_call_output","call_id":"c","output":"2"}]}
            """);

        Assert.Equal("chat m", span.DisplayName);
        Assert.Equal(("chat", "responses"), (span.GetTagItem("gen_ai.operation.name"), span.GetTagItem("openai.api.type")));
        Assert.Equal(
            (500L, "resp_0", "conv_1"),
            (span.GetTagItem("gen_ai.request.max_tokens"), span.GetTagItem("gen_ai.request.previous_response.id"),
                span.GetTagItem("gen_ai.conversation.id")));
        Assert.Equal(("low", "text"), (span.GetTagItem("gen_ai.request.reasoning.level"), span.GetTagItem("gen_ai.output.type")));
        GenAiSchema.AssertInstructions(span.Json("gen_ai.system_instructions"));
        Assert.Equal("be brief", span.Json("gen_ai.system_instructions").Text("0", "content"));
        var input = span.Json("gen_ai.input.messages");
        GenAiSchema.AssertInput(input);
        Assert.Equal(
            [
                "system text", "user text", "assistant reasoning", "assistant server_tool_call", "assistant tool_call", "tool tool_call_response",
            ],
            input.EnumerateArray().Select(message => $"{message.Text("role")} {message.Text("parts", "0", "type")}"));
        GenAiSchema.AssertTools(span.Json("gen_ai.tool.definitions"));
        Assert.Equal(["f", "web_search"], span.Json("gen_ai.tool.definitions").EnumerateArray().Select(tool => tool.Text("name")));
        var output = span.Json("gen_ai.output.messages");
        GenAiSchema.AssertOutput(output);
        Assert.StartsWith("[emulated", output.Text("0", "parts", "0", "content"), StringComparison.Ordinal);
        Assert.Equal(["stop"], Assert.IsType<string[]>(span.GetTagItem("gen_ai.response.finish_reasons")));
        Assert.StartsWith("resp_", (string)span.GetTagItem("gen_ai.response.id")!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_streamed_response_that_breaks_off_is_put_together_of_its_pieces()
    {
        await using var gateway = new GatewayHost(Capture);
        using var trace = TraceRecorder.OfGateway();
        await gateway.Emulator.BreakAsync("openai", new { cut_after = 7, trickle_ms = 30 });

        using var answer = await trace.PostAsync(gateway.Http, "/v1/responses", """{"model":"openai/m","stream":true,"input":"hello"}""");
        await answer.Content.ReadAsStringAsync(Token);

        var span = await trace.CallAsync();
        var output = span.Json("gen_ai.output.messages");
        GenAiSchema.AssertOutput(output);
        Assert.Equal(("[emulated openai/m] No", "error"), (output.Text("0", "parts", "0", "content"), output.Text("0", "finish_reason")));
    }

    [Fact]
    public async Task Embeddings_have_parameters_and_no_messages()
    {
        var span = await SpanAsync(
            "/v1/embeddings", """{"model":"openai/e","input":["one","two"],"dimensions":8,"encoding_format":"float"}""");

        Assert.Equal("embeddings e", span.DisplayName);
        Assert.Equal(8L, span.GetTagItem("gen_ai.embeddings.dimension.count"));
        Assert.Equal(["float"], Assert.IsType<string[]>(span.GetTagItem("gen_ai.request.encoding_formats")));
        Assert.True((int)span.GetTagItem("gen_ai.usage.input_tokens")! > 0);
        Assert.All(
            [.. Contents, "gen_ai.usage.output_tokens", "gen_ai.response.finish_reasons"],
            attribute => Assert.False(span.Has(attribute), attribute));
    }

    [Fact]
    public async Task Parameters_are_told_in_the_conventions_words()
    {
        var span = await SpanAsync("/v1/chat/completions", """
            {"model":"openai/m","messages":[{"role":"user","content":"x"}],"max_completion_tokens":50,"temperature":0.5,"top_p":1,"frequency_penalty":0.1,"presence_penalty":-0.1,
             "stop":["a","b"],"seed":7,"n":1,"reasoning_effort":"high","response_format":{"type":"json_object"},"service_tier":"auto","max_tokens":"wrong"}
            """);

        var expected = new Dictionary<string, object?>
        {
            ["max_tokens"] = 50L, ["temperature"] = 0.5, ["top_p"] = 1.0, ["frequency_penalty"] = 0.1, ["presence_penalty"] = -0.1,
            ["seed"] = 7L,
            ["reasoning.level"] = "high", ["choice.count"] = null, ["stream"] = null,
        };
        Assert.All(expected, parameter => Assert.Equal(parameter.Value, span.GetTagItem($"gen_ai.request.{parameter.Key}")));
        Assert.Equal(["a", "b"], Assert.IsType<string[]>(span.GetTagItem("gen_ai.request.stop_sequences")));
        Assert.Equal(
            ("json", "auto", "chat_completions"),
            (span.GetTagItem("gen_ai.output.type"), span.GetTagItem("openai.request.service_tier"), span.GetTagItem("openai.api.type")));
    }

    [Theory]
    [InlineData("/v1/chat/completions", false)]
    [InlineData("/v1/chat/completions", true)]
    [InlineData("/v1/responses", false)]
    [InlineData("/v1/responses", true)]
    public async Task Nothing_that_was_said_is_captured_unless_the_variable_asks_for_it(string path, bool stream)
    {
        const string secret = "what-nobody-may-read";
        await using var gateway = new GatewayHost();
        using var trace = TraceRecorder.OfGateway();

        using var answer = await trace.PostAsync(
            gateway.Http, path,
            $$"""{"model":"openai/m","stream":{{(stream ? "true" : "false")}},"instructions":"{{secret}}","input":"{{secret}}","messages":[{"role":"user","content":"{{secret}}"}],"tools":[{{Tool.Replace("weather", secret, StringComparison.Ordinal)}}]}""");
        await answer.Content.ReadAsStringAsync(Token);

        var span = await trace.CallAsync();
        Assert.All(Contents, attribute => Assert.False(span.Has(attribute), attribute));
        Assert.DoesNotContain(span.TagObjects, tag => $"{tag.Value}".Contains(secret, StringComparison.Ordinal));
        Assert.True(span.Has("gen_ai.response.finish_reasons") && span.Has("gen_ai.response.id") && span.Has("gen_ai.response.model"));
    }

    private static Task<Activity> SpanOfStreamAsync(string[] events) => SpanAsync(
        """{"model":"openai/m","stream":true,"messages":[{"role":"user","content":"x"}]}""",
        async context =>
        {
            context.Response.ContentType = "text/event-stream";
            await Microsoft.AspNetCore.Http.HttpResponseWritingExtensions.WriteAsync(
                context.Response, string.Concat(events.Select(data => $"data: {data}\n\n")), context.RequestAborted);
        });

    private static async Task<Activity> SpanAsync(string body, Func<Microsoft.AspNetCore.Http.HttpContext, Task> provider)
    {
        await using var scripted = await ScriptedProvider.StartAsync(provider);
        await using var gateway = new GatewayHost(Capture, ("Gateway:Providers:openai:BaseUrl", scripted.Url));
        using var trace = TraceRecorder.OfGateway();
        using var answer = await trace.PostAsync(gateway.Http, "/v1/chat/completions", body);
        await answer.Content.ReadAsStringAsync(Token);
        return await trace.CallAsync();
    }

    private static async Task<Activity> SpanAsync(string path, string body)
    {
        await using var gateway = new GatewayHost(Capture);
        using var trace = TraceRecorder.OfGateway();
        using var answer = await trace.PostAsync(gateway.Http, path, body);
        var text = await answer.Content.ReadAsStringAsync(Token);
        Assert.True(answer.IsSuccessStatusCode, text);
        return await trace.CallAsync();
    }
}
