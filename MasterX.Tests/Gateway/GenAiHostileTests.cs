using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using MasterX.AiGateway.Telemetry;
using MasterX.Tests.Hosts;
using Microsoft.AspNetCore.Http;

namespace MasterX.Tests.Gateway;

/// <summary>
/// Whatever callers and providers send, telemetry only looks on: the answer is the one that would be given without it, and what is captured
/// is JSON.
/// </summary>
public sealed class GenAiHostileTests
{
    private static readonly (string, string?) Capture = ("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "true");

    private static readonly string[] Contents =
    [
        "gen_ai.input.messages", "gen_ai.output.messages", "gen_ai.system_instructions", "gen_ai.tool.definitions",
    ];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<string, string> Requests { get; } = new()
    {
        { "chat/completions", """{"model":"scripted/m","messages":[{}]}""" },
        { "chat/completions", """{"model":"scripted/m","messages":[{"role":null,"content":null}]}""" },
        { "chat/completions", """{"model":"scripted/m","messages":[{"role":7,"content":42}]}""" },
        { "chat/completions", """{"model":"scripted/m","messages":[{"role":{"a":1},"content":{"text":["x"]}}]}""" },
        { "chat/completions", """{"model":"scripted/m","messages":[{"role":"user","content":[null,1,"x",[],{},{"type":null},{"type":"text"},{"type":"text","text":null},{"type":"\ud800"}]}]}""" },
        { "chat/completions", """{"model":"scripted/m","messages":[{"role":"user","content":"half \ud83d a pair"}],"stop":["\udc00"],"seed":"\ud800"}""" },
        { "chat/completions", """{"model":"scripted/m","messages":[{"role":"user","content":"x","\ud800":1}],"\udc00":{"\ud800":[]}}""" },
        { "chat/completions", """{"model":"scripted/m","messages":[{"role":"user","role":"system","content":"a","content":"b"}],"tools":[],"tools":[{"type":"function"}]}""" },
        { "chat/completions", """{"model":"scripted/m","messages":[{"role":"assistant","tool_calls":[null,7,{},{"function":7},{"function":{"name":7,"arguments":{"a":1}}},{"id":"\ud800","function":{"arguments":"{"}}]}]}""" },
        { "chat/completions", """{"model":"scripted/m","messages":[{"role":"tool","tool_call_id":{"x":1},"content":[null,{"text":null},{"text":"\ud800"}]}]}""" },
        { "chat/completions", """{"model":"scripted/m","messages":[{"role":"user","content":[{"type":"image_url","image_url":7},{"type":"image_url","image_url":{"url":"data:"}},{"type":"image_url","image_url":{"url":"data:,"}},{"type":"input_audio","input_audio":[]},{"type":"file","file":"x"}]}]}""" },
        { "chat/completions", """{"model":"scripted/m","messages":[{"role":"user","content":"x"}],"tools":{"a":1},"n":1e400,"temperature":"hot","max_tokens":1e30,"modalities":"audio","response_format":[],"stop":{},"reasoning":7}""" },
        { "chat/completions", """{"model":"scripted/m","messages":[{"role":"user","content":"x"}],"tools":[null,7,[],{},{"type":7,"name":8},{"type":"function","function":{"name":"f","parameters":[1]}}],"functions":7}""" },
        { "responses", """{"model":"scripted/m","input":[null,7,"x",[],{},{"type":7},{"type":"message"},{"type":"message","content":7},{"type":"a_call"},{"type":"reasoning","summary":7},{"type":"unknown","\ud800":1}]}""" },
        { "responses", """{"model":"scripted/m","input":"x","instructions":{"a":1},"conversation":7,"text":7,"reasoning":[],"previous_response_id":{},"tools":"x"}""" },
        { "responses", """{"model":"scripted/m","input":[{"role":"user","content":[{"type":"input_image"},{"type":"input_image","image_url":7},{"type":"input_file","file_data":7},{"type":"input_text"}]}],"instructions":[null,7,{"content":[{}]}]}""" },
        { "embeddings", """{"model":"scripted/m","input":[1,2],"dimensions":"many","encoding_format":["float"]}""" },
    };

    public static TheoryData<string> Answers { get; } =
    [
        """{"choices":[{}]}""",
        """{"choices":[{"message":null,"finish_reason":null}],"id":7,"model":null}""",
        """{"choices":[{"message":{"content":{"a":1},"tool_calls":7,"refusal":7,"audio":7,"reasoning":[]},"finish_reason":7}],"usage":7}""",
        """{"choices":[{"message":{"content":"half \ud83d a pair","role":"\ud800"},"finish_reason":"\ud800"}],"id":"\udc00","model":"\ud800"}""",
        """{"choices":[{"message":{"\ud800":1}}],"\ud800":1}""",
        """{"choices":[{},7,null,"x",[]],"choices":[{"message":{"content":"b"},"message":{"content":"c"}}]}""",
    ];

    public static TheoryData<string> Chunks { get; } =
    [
        """{"choices":[{"index":-1,"delta":{"content":"x"}},{"index":9999999999,"delta":{"content":"x"}},{"index":"x","delta":7}]}""",
        """{"choices":[{"delta":{"content":"half \ud83d a pair"}}]}""",
        """{"choices":[{"delta":{"content":{"a":1},"tool_calls":[null,7,{},{"index":-7},{"index":0,"function":{"name":"\ud800","arguments":{}}}]}}]}""",
        """{"id":7,"model":"\ud800","choices":[{"delta":{"\ud800":"x"}}]}""",
        """{"choices":[{"delta":null,"delta":{"content":"a","content":"b"},"finish_reason":{}}]}""",
        """{"choices":[{"delta":{"audio":7,"refusal":[],"reasoning":null,"reasoning_content":7}}],"usage":{"prompt_tokens":-5}}""",
    ];

    // Bodies of megabytes: as names of tests they took half a minute and a gigabyte before any test ran.
    [Theory]
    [MemberData(nameof(Requests), DisableDiscoveryEnumeration = true)]
    public async Task A_request_of_any_shape_is_passed_on_and_answered_as_without_telemetry(string path, string body)
    {
        var answer = path == "chat/completions" ? ScriptedProvider.Completion
            : path == "responses" ? """{"id":"r","status":"completed","model":"m","output":[]}"""
            : """{"data":[{"embedding":[0.1]}],"model":"m"}""";
        var seen = new List<string>();
        await AssertSameAsync($"/v1/{path}", body, async context =>
        {
            using var reader = new StreamReader(context.Request.Body);
            seen.Add(await reader.ReadToEndAsync(Token));
            await ScriptedProvider.JsonAsync(context, answer);
        });

        Assert.All(seen, sent => Assert.Equal(body.Replace("scripted/m", "m", StringComparison.Ordinal), sent));
    }

    [Theory]
    [MemberData(nameof(Answers), DisableDiscoveryEnumeration = true)]
    public Task An_answer_of_any_shape_is_passed_on_as_without_telemetry(string answer) => AssertSameAsync(
        "/v1/chat/completions", """{"model":"scripted/m","messages":[{"role":"user","content":"x"}]}""",
        context => ScriptedProvider.JsonAsync(context, answer));

    [Theory]
    [MemberData(nameof(Chunks), DisableDiscoveryEnumeration = true)]
    public Task A_stream_of_any_shape_is_passed_on_as_without_telemetry(string chunk) => AssertSameAsync(
        "/v1/chat/completions", """{"model":"scripted/m","stream":true,"messages":[{"role":"user","content":"x"}]}""", async context =>
        {
            context.Response.ContentType = "text/event-stream";
            const string good = """data: {"choices":[{"index":0,"delta":{"content":"hi"}}]}""";
            await context.Response.WriteAsync(
                $"{good}\n\ndata: {chunk}\n\ndata: {{\"choices\":[{{\"index\":0,\"delta\":{{}},\"finish_reason\":\"stop\"}}]}}\n\ndata: [DONE]\n\n", Token);
        });

    [Theory]
    [InlineData("""{"type":"response.output_text.delta","output_index":"x","delta":7}""")]
    [InlineData("""{"type":"response.output_item.added","output_index":0,"item":{"type":7,"name":"\ud800"}}""")]
    [InlineData("""{"type":"response.created","response":{"id":7,"model":"\ud800","\ud800":1}}""")]
    [InlineData("""{"type":"response.output_text.delta","output_index":-1,"delta":"half \ud83d"}""")]
    public Task A_streamed_response_of_any_shape_is_passed_on_as_without_telemetry(string streamed) => AssertSameAsync(
        "/v1/responses", """{"model":"scripted/m","stream":true,"input":"x"}""", async context =>
        {
            context.Response.ContentType = "text/event-stream";
            await context.Response.WriteAsync(
                $"data: {streamed}\n\ndata: {{\"type\":\"response.output_text.delta\",\"delta\":\"x\"}}\n\ndata: {{\"type\":\"response.completed\",\"response\":{{\"output\":7}}}}\n\n", Token);
        });

    [Fact]
    public async Task What_is_captured_is_bounded_and_what_was_cut_is_marked()
    {
        var messages = string.Join(
            ',', Enumerable.Range(0, 20_000).Select(number => $$"""{"role":"user","content":"message {{number}}"}"""));
        var tools = string.Join(',', Enumerable.Repeat("""{"type":"function","function":{"name":"f","description":"d"}}""", 10_000));
        var image = new string('A', 300_000);
        var text = new string('t', 100_000);
        await using var provider = await ScriptedProvider.StartAsync(context => ScriptedProvider.JsonAsync(
            context, $$$"""{"choices":[{"message":{"content":"{{{text}}}"},"finish_reason":"stop"}]}"""));
        await using var gateway = new GatewayHost(Capture, ("Gateway:Providers:scripted:BaseUrl", provider.Url));
        using var trace = TraceRecorder.OfGateway();

        using var answer = await trace.PostAsync(gateway.Http, "/v1/chat/completions", $$$"""
            {"model":"scripted/m","messages":[{"role":"system","content":"be brief"},{{{messages}}},
             {"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,{{{image}}}"}},{"type":"text","text":"the newest"}]}],
             "tools":[{{{tools}}}]}
            """);

        var span = await trace.CallAsync();
        Assert.All(
            Contents.Where(span.Has),
            attribute => Assert.InRange(((string)span.GetTagItem(attribute)!).Length, 1, 2 * BoundedJsonArray.MostCharacters));
        var input = span.Json("gen_ai.input.messages");
        GenAiSchema.AssertInput(input);
        Assert.Equal("be brief", input.Text("0", "parts", "0", "content"));
        Assert.Matches("cut: [0-9]+ earlier messages", input.Text("1", "parts", "0", "content"));
        var newest = input[input.GetArrayLength() - 1].GetProperty("parts");
        Assert.Equal(
            ("", "300000", "the newest"), (newest.Text("0", "content"), newest.Text("0", "cut_characters"), newest.Text("1", "content")));
        Assert.EndsWith(
            $"[cut: {100_000 - BoundedJsonArray.MostCharactersOfText} more characters]",
            span.Json("gen_ai.output.messages").Text("0", "parts", "0", "content"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_captured_of_a_stream_is_bounded_too()
    {
        var piece = new string('p', 50_000);
        await using var provider = await ScriptedProvider.StartAsync(async context =>
        {
            context.Response.ContentType = "text/event-stream";
            for (var i = 0; i < 300; i++)
            {
                await context.Response.WriteAsync(
                    $$$"""data: {"choices":[{"index":{{{i}}},"delta":{"content":"{{{piece}}}","tool_calls":[{"index":{{{i}}},"function":{"arguments":"{{{piece}}}"} }]} }]}""" + "\n\n",
                    Token);
            }

            await context.Response.WriteAsync(
                """data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}""" + "\n\ndata: [DONE]\n\n", Token);
        });
        await using var gateway = new GatewayHost(Capture, ("Gateway:Providers:scripted:BaseUrl", provider.Url));
        using var trace = TraceRecorder.OfGateway();

        using var answer = await trace.PostAsync(
            gateway.Http, "/v1/chat/completions", """{"model":"scripted/m","stream":true,"messages":[{"role":"user","content":"x"}]}""");
        await answer.Content.ReadAsStringAsync(Token);

        var span = await trace.CallAsync();
        GenAiSchema.AssertOutput(span.Json("gen_ai.output.messages"));
        Assert.InRange(((string)span.GetTagItem("gen_ai.output.messages")!).Length, 1000, 2 * BoundedJsonArray.MostCharacters);
    }

    [Fact]
    public async Task Names_that_a_provider_makes_up_by_the_thousand_count_towards_the_bound()
    {
        var name = new string('n', 256);
        await using var provider = await ScriptedProvider.StartAsync(async context =>
        {
            context.Response.ContentType = "text/event-stream";
            for (var choice = 0; choice < 128; choice++)
            {
                var calls = string.Join(',', Enumerable.Range(0, 128).Select(
                    call => $$$"""{"index":{{{call}}},"id":"{{{name}}}","function":{"name":"{{{name}}}","arguments":"{}"} }"""));
                await context.Response.WriteAsync(
                    $$$"""data: {"choices":[{"index":{{{choice}}},"delta":{"content":"x","tool_calls":[{{{calls}}}]} }]}""" + "\n\n", Token);
            }

            await context.Response.WriteAsync(
                """data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}""" + "\n\ndata: [DONE]\n\n", Token);
        });
        await using var gateway = new GatewayHost(Capture, ("Gateway:Providers:scripted:BaseUrl", provider.Url));
        using var trace = TraceRecorder.OfGateway();

        using var answer = await trace.PostAsync(
            gateway.Http, "/v1/chat/completions", """{"model":"scripted/m","stream":true,"messages":[{"role":"user","content":"x"}]}""");
        await answer.Content.ReadAsStringAsync(Token);

        var span = await trace.CallAsync();
        GenAiSchema.AssertOutput(span.Json("gen_ai.output.messages"));
        Assert.InRange(((string)span.GetTagItem("gen_ai.output.messages")!).Length, 1000, 2 * BoundedJsonArray.MostCharacters);
    }

    /// <summary>Bodies broken at random; the same in every run.</summary>
    [Fact]
    public async Task Broken_bodies_are_answered_as_without_telemetry()
    {
        var seeds = Requests.Select(row => (Path: row.Data.Item1, Body: row.Data.Item2)).ToArray();
        await using var provider = await ScriptedProvider.StartAsync(async context =>
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body, Token);
            var seed = Answers.Select(row => row.Data).ElementAt((int)(body.Length % Answers.Count));
            context.Response.ContentType = "application/json";
            await context.Response.Body.WriteAsync(new Mutator((int)body.Length).Mutate(seed), Token);
        });
        (string, string?)[] settings =
        [
            ("Gateway:Providers:scripted:BaseUrl", provider.Url), ("Gateway:Providers:scripted:RequestsPerMinute", "0"),
            ("Gateway:Providers:scripted:Circuit:MinimumThroughput", "1000000"), ("Logging:LogLevel:Default", "None"),
        ];
        await using var watched = new GatewayHost([Capture, .. settings]);
        await using var alone = new GatewayHost(settings);
        using var trace = TraceRecorder.OfGateway();
        for (var number = 0; number < 1500; number++)
        {
            var (path, seed) = seeds[number % seeds.Length];
            var body = Encoding.UTF8.GetString(new Mutator(number).Mutate(seed));
            using var one = await trace.PostAsync(watched.Http, $"/v1/{path}", body);
            using var other = await alone.Http.PostAsync(
                new Uri($"/v1/{path}", UriKind.Relative), new StringContent(body, Encoding.UTF8, "application/json"), Token);

            var text = await one.Content.ReadAsStringAsync(Token);
            Assert.True(
                one.StatusCode == other.StatusCode && Plain(text) == Plain(await other.Content.ReadAsStringAsync(Token)),
                $"{number}: {body} -> {text}");
        }
    }

    /// <summary>All but what is another in every request: how long it took, and the id of its trace.</summary>
    private static string Plain(string text) => Regex.Replace(text, "\"ms\":[0-9]+|\"trace_id\":\"[^\"]*\"|chatcmpl-[0-9a-f]{32}", "");

    private static async Task AssertSameAsync(string path, string body, Func<HttpContext, Task> answer)
    {
        await using var provider = await ScriptedProvider.StartAsync(answer);
        await using var watched = new GatewayHost(Capture, ("Gateway:Providers:scripted:BaseUrl", provider.Url));
        await using var alone = new GatewayHost(("Gateway:Providers:scripted:BaseUrl", provider.Url));
        using var trace = TraceRecorder.OfGateway();

        using var one = await trace.PostAsync(watched.Http, path, body);
        using var other = await alone.Http.PostAsync(
            new Uri(path, UriKind.Relative), new StringContent(body, Encoding.UTF8, "application/json"), Token);

        Assert.Equal(other.StatusCode, one.StatusCode);
        Assert.Equal(Plain(await other.Content.ReadAsStringAsync(Token)), Plain(await one.Content.ReadAsStringAsync(Token)));
        if (one.StatusCode == HttpStatusCode.BadRequest)
        {
            // The gateway itself could not read it, and called nobody.
            return;
        }

        var span = await trace.CallAsync();
        Assert.All(Contents.Where(span.Has), attribute => Assert.Equal(JsonValueKind.Array, span.Json(attribute).ValueKind));
        if (span.Has("gen_ai.input.messages"))
        {
            GenAiSchema.AssertInput(span.Json("gen_ai.input.messages"));
        }

        if (span.Has("gen_ai.output.messages"))
        {
            GenAiSchema.AssertOutput(span.Json("gen_ai.output.messages"));
        }
    }
}
