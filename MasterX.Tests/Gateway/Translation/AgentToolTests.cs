using System.Text.Json;
using MasterX.Tests.Hosts;

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

    private const string End = """{"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}""";

    private static string Start(string name) => $$$"""{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"c1","type":"function","function":{"name":"{{{name}}}","arguments":""}}]}}]}""";

    private static string Piece(string arguments) => $$$$"""{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":{{{{Quoted(arguments)}}}}}}]}}]}""";

    private static string WholeChat(string name, string arguments) =>
        $$$$"""{"choices":[{"index":0,"message":{"tool_calls":[{"id":"c1","type":"function","function":{"name":"{{{{name}}}}","arguments":{{{{Quoted(arguments)}}}}}}]},"finish_reason":"tool_calls"}]}""";

    private static string Quoted(string text) => JsonSerializer.Serialize(text);
}
