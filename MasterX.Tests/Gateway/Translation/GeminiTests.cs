using System.Text.Json;
using MasterX.Tests.Hosts;

namespace MasterX.Tests.Gateway.Translation;

/// <summary>OpenAI's chat completions as Gemini's generateContent, and back.</summary>
public sealed class GeminiTests
{
    [Fact]
    public void A_conversation_becomes_turns_with_a_system_instruction_apart()
    {
        var gemini = ToGemini("""
            {"model":"m","temperature":0.5,"top_p":0.9,"max_tokens":100,"stop":"END","seed":7,"n":2,
             "messages":[
               {"role":"system","content":"Be brief."},
               {"role":"user","content":"Hello"},
               {"role":"assistant","content":"Hi."},
               {"role":"user","content":[{"type":"text","text":"What is this?"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}}]}]}
            """);

        Assert.Equal("Be brief.", gemini.Text("systemInstruction", "parts", "0", "text"));
        Assert.Equal(["user", "model", "user"], gemini.GetProperty("contents").EnumerateArray().Select(turn => turn.Text("role")));
        Assert.Equal("What is this?", gemini.Text("contents", "2", "parts", "0", "text"));
        Assert.Equal("image/png", gemini.Text("contents", "2", "parts", "1", "inlineData", "mimeType"));
        Assert.Equal("AAAA", gemini.Text("contents", "2", "parts", "1", "inlineData", "data"));
        Assert.Equal("""{"temperature":0.5,"topP":0.9,"candidateCount":2,"seed":7,"maxOutputTokens":100,"stopSequences":["END"]}""", gemini.GetProperty("generationConfig").GetRawText());
    }

    [Fact]
    public void Tools_calls_and_results_become_function_declarations_calls_and_responses()
    {
        var gemini = ToGemini("""
            {"messages":[
               {"role":"user","content":"Weather in Bern and Rome?"},
               {"role":"assistant","content":null,"tool_calls":[
                 {"id":"a","type":"function","function":{"name":"weather","arguments":"{\"city\":\"Bern\"}"}},
                 {"id":"b","type":"function","function":{"name":"weather","arguments":"{\"city\":\"Rome\"}"}}]},
               {"role":"tool","tool_call_id":"a","content":"{\"celsius\":5}"},
               {"role":"tool","tool_call_id":"b","content":"sunny"}],
             "tools":[{"type":"function","function":{"name":"weather","description":"d","parameters":{"type":"object","properties":{"city":{"type":"string"}},"additionalProperties":false}}}],
             "tool_choice":{"type":"function","function":{"name":"weather"}}}
            """);

        Assert.Equal("weather", gemini.Text("tools", "0", "functionDeclarations", "0", "name"));
        Assert.Equal("False", gemini.Text("tools", "0", "functionDeclarations", "0", "parametersJsonSchema", "additionalProperties"));
        Assert.Equal("ANY", gemini.Text("toolConfig", "functionCallingConfig", "mode"));
        Assert.Equal("weather", gemini.Text("toolConfig", "functionCallingConfig", "allowedFunctionNames", "0"));
        Assert.Equal("Bern", gemini.Text("contents", "1", "parts", "0", "functionCall", "args", "city"));
        Assert.Equal(3, gemini.GetProperty("contents").GetArrayLength());
        Assert.Equal("5", gemini.Text("contents", "2", "parts", "0", "functionResponse", "response", "celsius"));
        Assert.Equal("sunny", gemini.Text("contents", "2", "parts", "1", "functionResponse", "response", "result"));
    }

    [Fact]
    public void A_JSON_schema_becomes_the_response_schema()
    {
        var gemini = ToGemini("""
            {"messages":[{"role":"user","content":"x"}],
             "response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{"type":"object"}}}}
            """);

        Assert.Equal("application/json", gemini.Text("generationConfig", "responseMimeType"));
        Assert.Equal("""{"type":"object"}""", gemini.GetProperty("generationConfig").GetProperty("responseJsonSchema").GetRawText());
    }

    [Fact]
    public void An_answer_becomes_a_chat_completion()
    {
        var openAi = ToOpenAi("""
            {"candidates":[{"content":{"parts":[{"text":"thinking…","thought":true},{"text":"Hel"},{"text":"lo"}],"role":"model"},"finishReason":"MAX_TOKENS","avgLogprobs":-0.25,"index":0}],
             "usageMetadata":{"promptTokenCount":10,"candidatesTokenCount":5,"thoughtsTokenCount":7,"cachedContentTokenCount":4,"totalTokenCount":22},
             "modelVersion":"gemini-x","responseId":"r1"}
            """);

        Assert.Equal("chatcmpl-r1", openAi.Text("id"));
        Assert.Equal("gemini-x", openAi.Text("model"));
        Assert.Equal("Hello", openAi.Text("choices", "0", "message", "content"));
        Assert.Equal("length", openAi.Text("choices", "0", "finish_reason"));
        Assert.Equal("-0.25", openAi.Text("choices", "0", "avg_logprobs"));
        Assert.Equal(("10", "12", "22"), (openAi.Text("usage", "prompt_tokens"), openAi.Text("usage", "completion_tokens"), openAi.Text("usage", "total_tokens")));
        Assert.Equal("4", openAi.Text("usage", "prompt_tokens_details", "cached_tokens"));
        Assert.Equal("7", openAi.Text("usage", "completion_tokens_details", "reasoning_tokens"));
    }

    [Fact]
    public void A_function_call_becomes_a_tool_call()
    {
        var openAi = ToOpenAi("""{"candidates":[{"content":{"parts":[{"functionCall":{"name":"weather","args":{"city":"Bern"}}}]},"finishReason":"STOP"}]}""");

        Assert.Null(openAi.Text("choices", "0", "message", "content"));
        Assert.Equal("weather", openAi.Text("choices", "0", "message", "tool_calls", "0", "function", "name"));
        Assert.Equal("""{"city":"Bern"}""", openAi.Text("choices", "0", "message", "tool_calls", "0", "function", "arguments"));
        Assert.Equal("tool_calls", openAi.Text("choices", "0", "finish_reason"));
    }

    [Fact]
    public void A_safety_block_is_a_filtered_answer() => Assert.Equal(
        "content_filter", ToOpenAi("""{"candidates":[{"finishReason":"SAFETY","index":0}]}""").Text("choices", "0", "finish_reason"));

    [Theory]
    [InlineData("""{"promptFeedback":{"blockReason":"SAFETY"}}""")]
    [InlineData("""{"candidates":[{"finishReason":"MALFORMED_FUNCTION_CALL","index":0}]}""")]
    [InlineData("""{"candidates":[{"content":{"parts":[{"text":"so far"}]},"finishReason":"OTHER"}]}""")]
    [InlineData("""{"candidates":[{"content":{"parts":[{"text":""}]},"finishReason":"STOP"}]}""")]
    [InlineData("""{"candidates":[{"content":{"role":"model"},"finishReason":"STOP"}]}""")]
    public void A_candidate_that_was_given_up_or_is_empty_is_no_answer(string answer) => Assert.Null(new Translated("gemini").Answer("chat", answer));

    [Fact]
    public async Task A_request_that_Gemini_cannot_be_told_goes_to_the_next_candidate()
    {
        await using var gateway = new GatewayHost();

        using var answer = await gateway.ChatAsync(new
        {
            messages = new[] { new { role = "user", content = "x" } },
            logit_bias = new Dictionary<string, int> { ["50256"] = -100 },
        });

        Assert.Equal("groq", answer.Header("x-masterx-provider"));
        Assert.Contains("gemini;model=\"gemini-2.5-flash\";outcome=not_taken_here", answer.Header("x-masterx-attempt-list"), StringComparison.Ordinal);
        Assert.Equal(0, await gateway.Emulator.CallsAsync("gemini"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_was_left_out_is_told_to_everybody_who_is_given_the_answer(bool stream)
    {
        await using var gateway = new GatewayHost(("Gateway:Routes:kept:Candidates:0", "gemini"), ("Gateway:Routes:kept:Cache", "00:05:00"));

        foreach (var cached in new[] { "false", "true" })
        {
            using var answer = await gateway.ChatAsync(new { model = "kept", stream, messages = new[] { new { role = "user", content = "x" } }, user = "u", store = true });
            await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);

            Assert.Equal((cached, "user, store"), (answer.Header("x-masterx-cached"), answer.Header("x-masterx-ignored")));
        }
    }

    private static JsonElement ToGemini(string request) => new Translated("gemini").Request("chat", request);

    private static JsonElement ToOpenAi(string answer) => new Translated("gemini").Answer("chat", answer)!.Value;
}
