using System.Text.Json;
using MasterX.Tests.Hosts;
using Microsoft.AspNetCore.Http;

namespace MasterX.Tests.Gateway.Translation;

/// <summary>
/// Tools of coding agents that no other format has: freeform ones, the local shell, groups of them. A model of another provider calls a
/// function, and the agent is answered in its own words, whole and streamed.
/// </summary>
public sealed class AgentToolTests
{
    private const string ResponseTools = """{"input":"x","tools":[{"type":"custom","name":"apply_patch","format":{"type":"grammar","syntax":"lark","definition":"s"}},{"type":"local_shell"},{"type":"namespace","name":"mcp__a","tools":[{"type":"function","name":"f"}]}]}""";
    private const string ChatTools = """{"messages":[{"role":"user","content":"x"}],"tools":[{"type":"custom","custom":{"name":"apply_patch"}}]}""";

    /// <summary>Arguments a model gives for a freeform tool, and the input the agent gets.</summary>
    public static TheoryData<string, string> Inputs => new()
    {
        { """{"input":"*** Begin\n+\"é\" \u00e9 \ud83d\ude00 \\\n"}""", "*** Begin\n+\"é\" é 😀 \\\n" },
        { """ { "input" : "a/b\/c" , "other": "\"" } """, "a/b/c" },
        { """{"input":""}""", "" },
        { """{"input":"\ud83d!"}""", "\uFFFD!" },
        { """{"patch":"*** Begin"}""", "*** Begin" },
        { """{"other":1,"input":"late"}""", "late" },
        { "\"bare\"", "bare" },
        { "{}", "" },
        { """{"a":1,"b":2}""", """{"a":1,"b":2}""" },
    };

    [Theory]
    [MemberData(nameof(Inputs))]
    public void The_input_of_a_freeform_tool_comes_out_of_the_arguments_of_its_function(string arguments, string input)
    {
        var chat = new Translated("chat");
        string[] events = [Start("apply_patch"), .. arguments.Chunk(1).Select(piece => Piece(new string(piece))), End];

        var whole = chat.Answer("responses", WholeChat("apply_patch", arguments), ResponseTools)!.Value.GetProperty("output")[0];
        var streamed = chat.Stream("responses", ResponseTools, events);

        Assert.Equal(("custom_tool_call", "apply_patch", "c1", input, "completed"), (whole.Text("type"), whole.Text("name"), whole.Text("call_id"), whole.Text("input"), whole.Text("status")));
        Assert.Equal(input, string.Concat(streamed.Where(one => one.Name == "response.custom_tool_call_input.delta").Select(one => one.Data.Text("delta"))));
        Assert.Equal(input, Assert.Single(streamed, one => one.Name == "response.custom_tool_call_input.done").Data.Text("input"));
        Assert.Equal(("custom_tool_call", input), (streamed[^1].Data.Text("response", "output", "0", "type"), streamed[^1].Data.Text("response", "output", "0", "input")));
        Assert.DoesNotContain(streamed, one => one.Name!.Contains("function_call", StringComparison.Ordinal));
    }

    [Fact]
    public void A_freeform_input_is_told_while_it_comes()
    {
        var streamed = new Translated("chat").Stream("responses", ResponseTools, [Start("apply_patch"), Piece("{\"inp"), Piece("ut\":\"one "), Piece("two"), Piece("\"}"), End]);

        Assert.Equal(["one ", "two"], streamed.Where(one => one.Name == "response.custom_tool_call_input.delta").Select(one => one.Data.Text("delta")));
    }

    /// <summary>Codex sends its answer so far again, when that broke off.</summary>
    [Theory]
    [InlineData("claude-opus-4-6", "user")]
    [InlineData("claude-sonnet-4-5", "assistant")]
    public void Claude_is_asked_to_go_on_where_it_takes_no_beginning_of_its_answer(string model, string last)
    {
        var messages = new Translated("anthropic", model).Request(
            "responses", """{"input":[{"role":"user","content":"x"},{"type":"message","role":"assistant","content":[{"type":"output_text","text":"Let me"}]}]}""").GetProperty("messages");

        Assert.Equal(last, messages[messages.GetArrayLength() - 1].Text("role"));
        Assert.Equal("Let me", messages[1].Text("content", "0", "text"));
    }

    [Theory]
    [InlineData("gemini", "contents")]
    [InlineData("anthropic", "messages")]
    [InlineData("chat", "messages")]
    public void What_one_agent_writes_to_another_is_what_its_user_says(string kind, string turns)
    {
        var written = new Translated(kind).Request(
            "responses", """{"instructions":"i","input":[{"role":"assistant","content":"a"},{"type":"agent_message","author":"/first","recipient":"/first/second","content":[{"type":"input_text","text":"NEW_TASK"},{"type":"encrypted_content","encrypted_content":"Say hello."}]}]}""");

        var last = written.GetProperty(turns).EnumerateArray().Last();
        Assert.Equal("user", last.Text("role"));
        Assert.Contains("Say hello.", last.GetRawText(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("gemini-2.5-pro", null)]
    [InlineData("gemini-3-pro", "application/json")]
    public void A_form_beside_functions_is_said_in_words_where_Gemini_refuses_it(string model, string? type)
    {
        var written = new Translated("gemini", model).Request(
            "responses", """{"input":"x","tools":[{"type":"function","name":"f"}],"text":{"format":{"type":"json_schema","name":"n","schema":{"type":"object","title":"OnlyThis"}}}}""");

        Assert.Equal(type, written.Text("generationConfig", "responseMimeType"));
        Assert.Equal(type is null, written.TryGetProperty("systemInstruction", out var system) && system.GetRawText().Contains("OnlyThis", StringComparison.Ordinal));
    }

    [Fact]
    public void A_search_that_a_provider_does_not_have_is_refused_for_what_it_is() => Assert.Contains(
        "searches the web",
        Assert.Throws<MasterX.AiGateway.Providers.UntranslatableRequestException>(() => new Translated("chat").Request(
            "messages", """{"max_tokens":9,"messages":[{"role":"user","content":"x"}],"tools":[{"type":"web_search_20250305","name":"web_search"}]}""")).Message,
        StringComparison.Ordinal);

    [Fact]
    public void Half_a_character_in_a_command_is_no_reason_to_lose_the_answer()
    {
        const string Arguments = """{"command":["echo","\ud800"],"env":{"A":"\ud800"},"working_directory":"\ud800"}""";
        JsonElement[] calls =
        [
            new Translated("chat").Answer("responses", WholeChat("local_shell", Arguments), ResponseTools)!.Value.GetProperty("output")[0],
            new Translated("chat").Stream("responses", ResponseTools, [Start("local_shell"), Piece(Arguments), End])[^1].Data.GetProperty("response").GetProperty("output")[0],
        ];

        Assert.All(calls, call => Assert.Equal(
            ("echo", "\uFFFD", "\uFFFD", "\uFFFD"),
            (call.Text("action", "command", "0"), call.Text("action", "command", "1"), call.Text("action", "env", "A"), call.Text("action", "working_directory"))));
    }

    /// <summary>A caller chooses the schema, and so how deep the arguments are: no fault of the model's, and nobody else's business.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Arguments_that_are_nested_too_deep_take_the_model_from_nobody(bool stream)
    {
        var deep = JsonSerializer.Serialize(string.Concat(Enumerable.Repeat("{\"a\":", 60)) + "1" + new string('}', 60));
        var isDeep = true;
        await using var provider = await ScriptedProvider.StartAsync(context =>
        {
            var call = $$$"""[{"index":0,"id":"c1","type":"function","function":{"name":"f","arguments":{{{deep}}}}}]""";
            context.Response.ContentType = stream && isDeep ? "text/event-stream" : "application/json";
            return context.Response.WriteAsync(
                !isDeep ? ScriptedProvider.Completion
                : stream ? $$$"""data: {"choices":[{"index":0,"delta":{"tool_calls":{{{call}}}}}]}""" + "\n\n"
                : $$$"""{"choices":[{"index":0,"message":{"role":"assistant","content":null,"tool_calls":{{{call}}}},"finish_reason":"tool_calls"}]}""");
        });
        await using var gateway = new GatewayHost(
            ("Gateway:Providers:own:BaseUrl", provider.Url), ("Gateway:Providers:own:ResponsesApi", "false"), ("Gateway:Providers:own:RequestsPerMinute", "0"));

        for (var call = 0; call < 25; call++)
        {
            using var refused = await gateway.Http.PostAsync(
                new Uri("/v1/messages", UriKind.Relative),
                new StringContent($$$"""{"model":"own/m","max_tokens":9,"stream":{{{(stream ? "true" : "false")}}},"tools":[{"name":"f","input_schema":{"type":"object"}}],"messages":[{"role":"user","content":"x"}]}""", System.Text.Encoding.UTF8, "application/json"),
                TestContext.Current.CancellationToken);
            Assert.Equal(503, (int)refused.StatusCode);
        }

        isDeep = false;
        using var other = await gateway.AskAsync("hello", "own/m");
        Assert.Equal(200, (int)other.StatusCode);
    }

    /// <summary>What comes behind the finish is told at the end, where the answer has begun.</summary>
    [Fact]
    public async Task What_cannot_be_said_at_the_very_end_is_an_error_event()
    {
        var deep = JsonSerializer.Serialize(string.Concat(Enumerable.Repeat("{\"a\":", 60)));
        await using var provider = await ScriptedProvider.StartAsync(context =>
        {
            context.Response.ContentType = "text/event-stream";
            return context.Response.WriteAsync(
                "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"x\"},\"finish_reason\":\"tool_calls\"}]}\n\ndata: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":\"{\"}}]}}]}\n\n"
                + $$$"""data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":1,"id":"b","function":{"name":"g","arguments":{{{deep}}}}}]}}]}""" + "\n\ndata: [DONE]\n\n");
        });
        await using var gateway = new GatewayHost(("Gateway:Providers:own:BaseUrl", provider.Url), ("Gateway:Providers:own:ResponsesApi", "false"));

        var stream = await ChatStream.ReadAsync(
            gateway.Http, new { model = "own/m", stream = true, max_tokens = 9, messages = new[] { new { role = "user", content = "x" } } }, "/v1/messages");

        Assert.Equal(200, stream.Status);
        Assert.Equal("error", stream.Chunks.Last().Text("type"));
    }

    [Fact]
    public void A_command_for_the_local_shell_is_told_as_its_action()
    {
        const string Arguments = """{"command":["ls","-la"],"working_directory":"/tmp","timeout_ms":500}""";
        var whole = new Translated("chat").Answer("responses", WholeChat("local_shell", Arguments), ResponseTools)!.Value.GetProperty("output")[0];
        var streamed = new Translated("chat").Stream("responses", ResponseTools, [Start("local_shell"), Piece(Arguments), End])[^1].Data.GetProperty("response").GetProperty("output")[0];

        foreach (var call in new[] { whole, streamed })
        {
            Assert.Equal(("local_shell_call", "c1", "exec", "ls", "-la"), (call.Text("type"), call.Text("call_id"), call.Text("action", "type"), call.Text("action", "command", "0"), call.Text("action", "command", "1")));
            Assert.Equal(("/tmp", "500"), (call.Text("action", "working_directory"), call.Text("action", "timeout_ms")));
        }

        var line = new Translated("chat").Answer("responses", WholeChat("local_shell", """{"command":"ls -la"}"""), ResponseTools)!.Value.GetProperty("output")[0];
        Assert.Equal(("bash", "ls -la"), (line.Text("action", "command", "0"), line.Text("action", "command", "2")));
    }

    [Fact]
    public void A_tool_of_a_group_is_called_by_its_own_name()
    {
        var call = new Translated("chat").Answer("responses", WholeChat("mcp__a__f", "{}"), ResponseTools)!.Value.GetProperty("output")[0];

        Assert.Equal(("function_call", "mcp__a", "f"), (call.Text("type"), call.Text("namespace"), call.Text("name")));
    }

    [Theory]
    [InlineData("gemini")]
    [InlineData("anthropic")]
    public void A_freeform_tool_of_a_chat_is_answered_as_one(string kind)
    {
        var (answer, events) = kind == "gemini"
            ? ("""{"candidates":[{"content":{"parts":[{"functionCall":{"name":"apply_patch","args":{"input":"p"},"id":"c1"}},{"functionCall":{"name":"g","args":{},"id":"c2"}}]},"finishReason":"STOP"}]}""", (string[]?)null)
            : ("""{"type":"message","content":[{"type":"tool_use","id":"c1","name":"apply_patch","input":{"input":"p"}},{"type":"tool_use","id":"c2","name":"g","input":{}}],"stop_reason":"tool_use"}""",
                [
                    """{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"c1","name":"apply_patch","input":{}}}""",
                    """{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{\"input\":\"p\"}"}}""",
                    """{"type":"content_block_stop","index":0}""",
                    """{"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"c2","name":"g","input":{}}}""",
                    """{"type":"content_block_stop","index":1}""",
                    """{"type":"message_delta","delta":{"stop_reason":"tool_use"}}""", """{"type":"message_stop"}""",
                ]);
        var whole = new Translated(kind).Answer("chat", answer, ChatTools)!.Value.GetProperty("choices")[0].GetProperty("message").GetProperty("tool_calls");
        var calls = new Translated(kind).Stream("chat", ChatTools, events ?? [answer]).Select(one => one.Data)
            .Where(data => data.Text("choices", "0", "delta", "tool_calls", "0", "index") is not null).Select(data => data.GetProperty("choices")[0].GetProperty("delta").GetProperty("tool_calls")[0]).ToArray();

        Assert.Equal(("custom", "apply_patch", "p", "c1"), (whole.Text("0", "type"), whole.Text("0", "custom", "name"), whole.Text("0", "custom", "input"), whole.Text("0", "id")));
        Assert.Equal(("function", "{}"), (whole.Text("1", "type"), whole.Text("1", "function", "arguments")));
        Assert.Equal(("custom", "apply_patch"), (calls[0].Text("type"), calls[0].Text("custom", "name")));
        Assert.Equal("p", string.Concat(calls.Where(call => call.Text("index") == "0").Select(call => call.Text("custom", "input"))));
        Assert.Equal("{}", string.Concat(calls.Where(call => call.Text("index") == "1").Select(call => call.Text("function", "arguments"))));
    }

    [Fact]
    public async Task An_agent_of_OpenAIs_works_with_Anthropics_model_turn_after_turn()
    {
        List<JsonElement> asked = [];
        await using var provider = await ScriptedProvider.StartAsync(async context =>
        {
            asked.Add(await JsonSerializer.DeserializeAsync<JsonElement>(context.Request.Body));
            context.Response.ContentType = "text/event-stream";
            foreach (var data in (string[])[
                """{"type":"message_start","message":{"id":"msg_1","type":"message","model":"m","usage":{"input_tokens":1,"output_tokens":1}}}""",
                """{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"toolu_1","name":"apply_patch","input":{}}}""",
                """{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{\"input\":\"*** Begin"}}""",
                """{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":" Patch\\n\"}"}}""",
                """{"type":"content_block_stop","index":0}""", """{"type":"message_delta","delta":{"stop_reason":"tool_use"},"usage":{"output_tokens":9}}""", """{"type":"message_stop"}"""])
            {
                await context.Response.WriteAsync($"data: {data}\n\n");
            }
        });
        await using var gateway = new GatewayHost(("Gateway:Providers:anthropic:BaseUrl", provider.Url));
        async Task<(string Ignored, JsonElement Call)> AskAsync(string history)
        {
            using var content = new StringContent(
                $$$$"""{"model":"anthropic/claude-opus-4-7","instructions":"i","stream":true,"store":false,"include":["reasoning.encrypted_content"],"prompt_cache_key":"k","tool_choice":"auto","parallel_tool_calls":false,"reasoning":{"effort":"medium","summary":"auto"},"tools":[{"type":"function","name":"exec","strict":false,"parameters":{"type":"object"}},{"type":"custom","name":"apply_patch","description":"d","format":{"type":"grammar","syntax":"lark","definition":"s"}},{"type":"web_search","external_web_access":false}],"input":[{"type":"message","role":"user","content":[{"type":"input_text","text":"x"}]}{{{{history}}}}]}""",
                System.Text.Encoding.UTF8, "application/json");
            using var answer = await gateway.Http.PostAsync(new Uri("/v1/responses", UriKind.Relative), content, TestContext.Current.CancellationToken);
            var text = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
            var done = text.Split('\n').Single(line => line.StartsWith("data: {\"type\":\"response.output_item.done\"", StringComparison.Ordinal));
            Assert.Contains("event: response.completed\n", text, StringComparison.Ordinal);
            return (string.Join(',', answer.Headers.GetValues("x-masterx-ignored")), JsonElement.Parse(done["data: ".Length..]).GetProperty("item"));
        }

        var (ignored, call) = await AskAsync("");
        await AskAsync($$$""",{{{call.GetRawText()}}},{"type":"custom_tool_call_output","call_id":"toolu_1","output":"Done"}""");

        Assert.Contains("tools.web_search", ignored, StringComparison.Ordinal);
        Assert.Equal(("custom_tool_call", "apply_patch", "*** Begin Patch\n"), (call.Text("type"), call.Text("name"), call.Text("input")));
        Assert.Equal(("exec", "apply_patch", "string"), (asked[0].Text("tools", "0", "name"), asked[0].Text("tools", "1", "name"), asked[0].Text("tools", "1", "input_schema", "properties", "input", "type")));
        Assert.Equal(("tool_use", "*** Begin Patch\n"), (asked[1].Text("messages", "1", "content", "0", "type"), asked[1].Text("messages", "1", "content", "0", "input", "input")));
        Assert.Equal(("toolu_1", "Done"), (asked[1].Text("messages", "2", "content", "0", "tool_use_id"), asked[1].Text("messages", "2", "content", "0", "content")));
    }

    private const string End = """{"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}""";

    private static string Start(string name) => $$$"""{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"c1","type":"function","function":{"name":"{{{name}}}","arguments":""}}]}}]}""";

    private static string Piece(string arguments) => $$$$"""{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":{{{{Quoted(arguments)}}}}}}]}}]}""";

    private static string WholeChat(string name, string arguments) =>
        $$$$"""{"choices":[{"index":0,"message":{"tool_calls":[{"id":"c1","type":"function","function":{"name":"{{{{name}}}}","arguments":{{{{Quoted(arguments)}}}}}}]},"finish_reason":"tool_calls"}]}""";

    private static string Quoted(string text) => JsonSerializer.Serialize(text);
}
