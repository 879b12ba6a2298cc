using System.Text.Json;
using MasterX.Tests.Hosts;

namespace MasterX.Tests.Gateway.Translation;

/// <summary>OpenAI's chat completions as Anthropic's messages, and back.</summary>
public sealed class AnthropicTests
{
    [Fact]
    public void A_conversation_becomes_turns_of_blocks_with_the_system_text_apart()
    {
        var message = ToAnthropic("""
            {"model":"x","temperature":1.5,"top_p":0.9,"max_tokens":100,"stop":"END","seed":7,"user":"u-1",
             "messages":[
               {"role":"system","content":"Be brief."},{"role":"developer","content":"And kind."},
               {"role":"user","content":"Hello"},
               {"role":"assistant","content":"Hi."},
               {"role":"user","content":[{"type":"text","text":"What is this?"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}},{"type":"image_url","image_url":{"url":"https://example.com/a.png"}}]}]}
            """);

        Assert.Equal("Be brief.\n\nAnd kind.", message.Text("system"));
        Assert.Equal(["user", "assistant", "user"], message.GetProperty("messages").EnumerateArray().Select(turn => turn.Text("role")));
        Assert.Equal("What is this?", message.Text("messages", "2", "content", "0", "text"));
        Assert.Equal(("image/png", "AAAA"), (message.Text("messages", "2", "content", "1", "source", "media_type"), message.Text("messages", "2", "content", "1", "source", "data")));
        Assert.Equal("https://example.com/a.png", message.Text("messages", "2", "content", "2", "source", "url"));
        Assert.Equal(("m-1", "100", "1"), (message.Text("model"), message.Text("max_tokens"), message.Text("temperature")));
        Assert.Equal(("END", "u-1"), (message.Text("stop_sequences", "0"), message.Text("metadata", "user_id")));
        Assert.False(message.TryGetProperty("seed", out _) || message.TryGetProperty("top_p", out _));
    }

    [Fact]
    public void Tools_calls_and_results_become_tools_tool_use_and_tool_results()
    {
        var message = ToAnthropic("""
            {"messages":[
               {"role":"user","content":"Weather in Bern and Rome?"},
               {"role":"assistant","content":null,"tool_calls":[
                 {"id":"a","type":"function","function":{"name":"weather","arguments":"{\"city\":\"Bern\"}"}},
                 {"id":"b","type":"function","function":{"name":"weather","arguments":"{\"city\":\"Rome\"}"}}]},
               {"role":"tool","tool_call_id":"a","content":"5"},
               {"role":"tool","tool_call_id":"b","content":"sunny"}],
             "tools":[{"type":"function","function":{"name":"weather","description":"d","parameters":{"type":"object"}}},{"type":"function","function":{"name":"now"}}],
             "tool_choice":{"type":"function","function":{"name":"weather"}},"parallel_tool_calls":false}
            """);

        Assert.Equal("""{"name":"weather","description":"d","input_schema":{"type":"object"}}""", message.GetProperty("tools")[0].GetRawText());
        Assert.Equal("""{"name":"now","input_schema":{"type":"object"}}""", message.GetProperty("tools")[1].GetRawText());
        Assert.Equal("""{"type":"tool","name":"weather","disable_parallel_tool_use":true}""", message.GetProperty("tool_choice").GetRawText());
        Assert.Equal("""{"type":"tool_use","id":"a","name":"weather","input":{"city":"Bern"}}""", message.GetProperty("messages")[1].GetProperty("content")[0].GetRawText());
        Assert.Equal(3, message.GetProperty("messages").GetArrayLength());
        Assert.Equal("""{"type":"tool_result","tool_use_id":"b","content":"sunny"}""", message.GetProperty("messages")[2].GetProperty("content")[1].GetRawText());
    }

    [Fact]
    public void A_request_without_a_limit_gets_one_and_a_schema_becomes_the_output_format()
    {
        var message = ToAnthropic("""{"messages":[{"role":"user","content":"x"}],"response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{"type":"object"}}}}""");

        Assert.Equal("8192", message.Text("max_tokens"));
        Assert.Equal("""{"type":"json_schema","schema":{"type":"object"}}""", message.GetProperty("output_config").GetProperty("format").GetRawText());
    }

    [Fact]
    public void A_message_becomes_a_chat_completion()
    {
        var completion = ToOpenAi("""
            {"id":"msg_1","type":"message","role":"assistant","model":"claude-x",
             "content":[{"type":"thinking","thinking":"hm","signature":"s"},{"type":"text","text":"Let me "},{"type":"text","text":"look."},{"type":"tool_use","id":"t1","name":"weather","input":{"city":"Bern"}}],
             "stop_reason":"tool_use","usage":{"input_tokens":10,"cache_creation_input_tokens":3,"cache_read_input_tokens":4,"output_tokens":7}}
            """);

        Assert.Equal(("chat.completion", "claude-x"), (completion.Text("object"), completion.Text("model")));
        Assert.Equal("Let me look.", completion.Text("choices", "0", "message", "content"));
        Assert.Equal(("t1", "weather"), (completion.Text("choices", "0", "message", "tool_calls", "0", "id"), completion.Text("choices", "0", "message", "tool_calls", "0", "function", "name")));
        Assert.Equal("""{"city":"Bern"}""", completion.Text("choices", "0", "message", "tool_calls", "0", "function", "arguments"));
        Assert.Equal("tool_calls", completion.Text("choices", "0", "finish_reason"));
        Assert.Equal(("17", "7", "4"), (completion.Text("usage", "prompt_tokens"), completion.Text("usage", "completion_tokens"), completion.Text("usage", "prompt_tokens_details", "cached_tokens")));
    }

    [Theory]
    [InlineData("end_turn", "stop")]
    [InlineData("stop_sequence", "stop")]
    [InlineData("max_tokens", "length")]
    [InlineData("refusal", "content_filter")]
    public void Stop_reasons_become_finish_reasons(string reason, string expected) => Assert.Equal(
        expected, ToOpenAi($$"""{"type":"message","content":[{"type":"text","text":"x"}],"stop_reason":"{{reason}}"}""").Text("choices", "0", "finish_reason"));

    [Fact]
    public async Task Key_and_version_are_sent_as_Anthropic_wants_them_and_the_usage_is_accounted()
    {
        string? key = null, version = null, authorization = null;
        await using var provider = await ScriptedProvider.StartAsync(context =>
        {
            (key, version, authorization) = (context.Request.Headers["x-api-key"], context.Request.Headers["anthropic-version"], context.Request.Headers.Authorization);
            return ScriptedProvider.JsonAsync(context, """{"id":"msg_1","type":"message","model":"m","content":[{"type":"text","text":"hi"}],"stop_reason":"end_turn","usage":{"input_tokens":10,"output_tokens":5}}""");
        });
        await using var gateway = new GatewayHost(("Gateway:Providers:anthropic:BaseUrl", provider.Url), ("Gateway:Providers:anthropic:ApiKey", "sk-ant-1"), ("Gateway:Prices:m:Input", "3"), ("Gateway:Prices:m:Output", "15"));

        using var answer = await gateway.AskAsync("hello", "anthropic/m");

        Assert.Equal(("sk-ant-1", "2023-06-01", null), (key, version, authorization));
        Assert.Equal(("10", "5", "0.000105"), (answer.Header("x-masterx-tokens-in"), answer.Header("x-masterx-tokens-out"), answer.Header("x-masterx-cost-usd")));
    }

    [Fact]
    public async Task An_error_says_what_Anthropic_said()
    {
        await using var provider = await ScriptedProvider.StartAsync(context =>
            ScriptedProvider.JsonAsync(context, """{"type":"error","error":{"type":"invalid_request_error","message":"messages: roles must alternate"}}""", 400));
        await using var gateway = new GatewayHost(("Gateway:Providers:anthropic:BaseUrl", provider.Url));

        using var answer = await gateway.AskAsync("hello", "anthropic/m");

        Assert.Equal(400, (int)answer.StatusCode);
        Assert.Equal("messages: roles must alternate", (await answer.JsonAsync()).Text("error", "message"));
    }

    private static JsonElement ToAnthropic(string request) => new Translated("anthropic").Request("chat", request);

    private static JsonElement ToOpenAi(string answer) => new Translated("anthropic").Answer("chat", answer)!.Value;
}
