using System.Text.Json;
using System.Text.Json.Nodes;
using MasterX.AiGateway.Providers;
using MasterX.Tests.Hosts;

namespace MasterX.Tests.Gateway.Translation;

/// <summary>Bedrock's Converse: requests written, answers read.</summary>
public sealed class ConverseTests
{
    private const string User = """{"role":"user","content":"x"}""";
    private const string Tools = ""","tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}},{"type":"function","function":{"name":"g"}}]""";
    private const string Call = User + """,{"role":"assistant","content":null,"tool_calls":[{"id":"c/1","type":"function","function":{"name":"f","arguments":""}}]}""";

    private const string Whole = """
        {"metrics":{"latencyMs":9},"output":{"message":{"role":"assistant","content":[
          {"reasoningContent":{"reasoningText":{"text":"Hm. ","signature":"SIG"}}},{"text":"Let me look. "},
          {"toolUse":{"toolUseId":"call-1","name":"f","input":{"a":1}}},{"toolUse":{"toolUseId":"call-2","name":"g","input":{}}}]}},
         "stopReason":"tool_use","usage":{"inputTokens":60,"cacheReadInputTokens":30,"cacheWriteInputTokens":10,"outputTokens":27,"totalTokens":127}}
        """;

    private static readonly string[] Events =
    [
        """{"messageStart":{"role":"assistant"}}""",
        """{"contentBlockDelta":{"contentBlockIndex":0,"delta":{"reasoningContent":{"text":"Hm. "}}}}""",
        """{"contentBlockDelta":{"contentBlockIndex":0,"delta":{"reasoningContent":{"signature":"SIG"}}}}""",
        """{"contentBlockStop":{"contentBlockIndex":0}}""",
        """{"contentBlockDelta":{"contentBlockIndex":1,"delta":{"text":"Let me "}}}""",
        """{"contentBlockDelta":{"contentBlockIndex":1,"delta":{"text":"look. "}}}""",
        """{"contentBlockStop":{"contentBlockIndex":1}}""",
        """{"contentBlockStart":{"contentBlockIndex":2,"start":{"toolUse":{"toolUseId":"call-1","name":"f"}}}}""",
        """{"contentBlockDelta":{"contentBlockIndex":2,"delta":{"toolUse":{"input":"{\"a\""}}}}""",
        """{"contentBlockDelta":{"contentBlockIndex":2,"delta":{"toolUse":{"input":":1}"}}}}""",
        """{"contentBlockStop":{"contentBlockIndex":2}}""",
        """{"contentBlockStart":{"contentBlockIndex":3,"start":{"toolUse":{"toolUseId":"call-2","name":"g"}}}}""",
        """{"contentBlockStop":{"contentBlockIndex":3}}""",
        """{"messageStop":{"stopReason":"tool_use"}}""",
        """{"metadata":{"usage":{"inputTokens":60,"cacheReadInputTokens":30,"cacheWriteInputTokens":10,"outputTokens":27,"totalTokens":127},"metrics":{"latencyMs":9}}}""",
    ];

    /// <summary>Fields of a chat: said (<c>path=value</c>), listed (<c>~name</c>), or refused (<c>!name</c>).</summary>
    [Theory]
    [InlineData("\"temperature\":1.5", "inferenceConfig.temperature=1")]
    [InlineData("\"top_p\":0.5", "inferenceConfig.topP=0.5")]
    [InlineData("\"top_k\":4", "~top_k")]
    [InlineData("\"max_tokens\":7", "inferenceConfig.maxTokens=7")]
    [InlineData("\"stop\":[\"\",\"b\"]", "inferenceConfig.stopSequences.0=b")]
    [InlineData("\"stop\":[\"\"]", "~stop")]
    [InlineData("\"n\":2", "!n")]
    [InlineData("\"seed\":9", "~seed")]
    [InlineData("\"presence_penalty\":0.5", "~presence_penalty")]
    [InlineData("\"frequency_penalty\":0.5", "~frequency_penalty")]
    [InlineData("\"logprobs\":true", "~logprobs")]
    [InlineData("\"logit_bias\":{\"1\":-100}", "!logit_bias")]
    [InlineData("\"user\":\"u-1\"", "~user")]
    [InlineData("\"reasoning_effort\":\"low\"", "~reasoning_effort")]
    [InlineData("\"modalities\":[\"text\",\"image\"]", "!modalities")]
    [InlineData("\"response_format\":{\"type\":\"json_object\"}", "system.0.text=Answer with a single valid JSON object and nothing else: no explanation around it, no code fence.")]
    [InlineData("\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"n\",\"schema\":{\"type\":\"object\"}}}", "outputConfig.textFormat.structure.jsonSchema.schema={\"type\":\"object\"}")]
    [InlineData("\"parallel_tool_calls\":false" + Tools, "~parallel_tool_calls")]
    [InlineData("\"tool_choice\":null" + Tools, "toolConfig.toolChoice=")]
    [InlineData("\"tool_choice\":\"auto\"" + Tools, "toolConfig.toolChoice={\"auto\":{}}")]
    [InlineData("\"tool_choice\":\"required\"" + Tools, "toolConfig.toolChoice={\"any\":{}}")]
    [InlineData("\"tool_choice\":\"none\"" + Tools, "toolConfig=")]
    [InlineData("\"tool_choice\":{\"type\":\"function\",\"function\":{\"name\":\"g\"}}" + Tools, "toolConfig.toolChoice={\"tool\":{\"name\":\"g\"}}")]
    [InlineData("\"tool_choice\":null" + Tools, "toolConfig.tools.1.toolSpec.inputSchema.json={\"type\":\"object\",\"properties\":{}}")]
    [InlineData("\"tools\":[{\"type\":\"function\",\"cache_control\":{\"type\":\"ephemeral\"},\"function\":{\"name\":\"f\"}}]", "~cache_control")]
    [InlineData("\"additionalModelRequestFields\":{\"a\":1}", "additionalModelRequestFields={\"a\":1}")]
    [InlineData("\"guardrailConfig\":{\"guardrailIdentifier\":\"g\",\"guardrailVersion\":\"1\"}", "guardrailConfig.guardrailVersion=1")]
    [InlineData("\"metadata\":{\"a\":\"b\"}", "~metadata")]
    [InlineData("\"something_new\":1", "!something_new")]
    public void A_field_of_a_chat_is_said_listed_or_refused(string field, string expected) => Expect(expected, "m-1", $$"""{"messages":[{{User}}],{{field}}}""");

    /// <summary>Messages of a chat.</summary>
    [Theory]
    [InlineData("""{"role":"system","content":"s"},""" + User, "system.0.text=s")]
    [InlineData("""{"role":"system","content":"s"}""", "messages.0.content.0.text=s")]
    [InlineData("""{"role":"user","content":""}""", "!messages")]
    [InlineData("""{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/jpg;base64,AAAA"}}]}""", "messages.0.content.0.image={\"format\":\"jpeg\",\"source\":{\"bytes\":\"AAAA\"}}")]
    [InlineData("""{"role":"user","content":[{"type":"image_url","image_url":{"url":"https://example.com/a.png"}}]}""", "!messages")]
    [InlineData("""{"role":"user","content":[{"type":"image_url","image_url":{"url":"s3://bucket/a.png"}}]}""", "messages.0.content.0.image.source.s3Location.uri=s3://bucket/a.png")]
    [InlineData("""{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/tiff;base64,AAAA"}}]}""", "!messages")]
    [InlineData("""{"role":"user","content":[{"type":"input_audio","input_audio":{"data":"AAAA","format":"mp3"}}]}""", "messages.0.content.0.audio.format=mp3")]
    [InlineData("""{"role":"user","content":[{"type":"file","file":{"filename":"my_report  v1.pdf","file_data":"data:application/pdf;base64,AAAA"}}]}""", "messages.0.content.0.document={\"format\":\"pdf\",\"name\":\"my report v1 pdf\",\"source\":{\"bytes\":\"AAAA\"}}")]
    [InlineData("""{"role":"user","content":[{"type":"file","file":{"file_data":"data:text/csv;base64,AAAA"}},{"type":"file","file":{"file_data":"data:text/csv;base64,AAAA"}}]}""", "messages.0.content.1.document.name=document (2)")]
    [InlineData("""{"role":"user","content":[{"type":"file","file":{"file_id":"file-1"}}]}""", "!messages")]
    [InlineData(Call + """,{"role":"tool","tool_call_id":"c/1","content":"ok"}""", "messages.2.content.0.toolResult.content.0.text=ok")]
    [InlineData(Call + """,{"role":"tool","tool_call_id":"c/1","content":""}""", "messages.2.content.0.toolResult.content.0={\"json\":{}}")]
    [InlineData(Call + """,{"role":"tool","tool_call_id":"c/1","content":"ok"}""", "toolConfig.tools.0.toolSpec.name=f")]
    [InlineData(Call + """,{"role":"tool","tool_call_id":"c/1","content":"ok"}""", "messages.1.content.0.toolUse.input={}")]
    public void A_message_of_a_chat_is_said_or_refused(string messages, string expected) => Expect(expected, "m-1", $$"""{"messages":[{{messages}}]}""");

    /// <summary>What a maker's models alone have.</summary>
    [Theory]
    [InlineData("openai.gpt-oss-120b-1:0", "\"reasoning_effort\":\"low\"", "additionalModelRequestFields={\"reasoning_effort\":\"low\"}")]
    [InlineData("us.amazon.nova-2-lite-v1:0", "\"reasoning_effort\":\"low\"", "additionalModelRequestFields.reasoningConfig.maxReasoningEffort=low")]
    [InlineData("us.amazon.nova-2-lite-v1:0", "\"reasoning_effort\":\"low\",\"additionalModelRequestFields\":{\"reasoningConfig\":{\"type\":\"disabled\"}}", "additionalModelRequestFields={\"reasoningConfig\":{\"type\":\"disabled\"}}")]
    [InlineData("amazon.nova-pro-v1:0", "\"top_k\":4", "additionalModelRequestFields.inferenceConfig.topK=4")]
    [InlineData("amazon.nova-pro-v1:0", "\"tools\":[{\"type\":\"function\",\"cache_control\":{\"type\":\"ephemeral\",\"ttl\":\"1h\"},\"function\":{\"name\":\"f\"}}]", "toolConfig.tools.1={\"cachePoint\":{\"type\":\"default\",\"ttl\":\"1h\"}}")]
    public void A_model_is_told_in_its_makers_words(string model, string field, string expected) => Expect(expected, model, $$"""{"messages":[{{User}}],{{field}}}""");

    [Fact]
    public void Calls_cannot_be_forbidden_where_the_history_has_some() =>
        Expect("!tool_choice", "m-1", $$"""{"messages":[{{Call}},{"role":"tool","tool_call_id":"c/1","content":"ok"}],"tool_choice":"none"{{Tools}}}""");

    [Fact]
    public void A_call_has_a_name_that_Bedrock_takes_and_its_result_the_same()
    {
        var written = new Translated("bedrock").Request("chat", $$"""{"messages":[{{Call}},{"role":"tool","tool_call_id":"c/1","content":"ok"}]}""");

        var id = written.Text("messages", "1", "content", "0", "toolUse", "toolUseId");
        Assert.Matches("^[a-zA-Z0-9_.:-]{1,64}$", id);
        Assert.Equal(id, written.Text("messages", "2", "content", "0", "toolResult", "toolUseId"));
    }

    [Fact]
    public void A_messages_mark_and_a_failed_result_are_said()
    {
        var written = new Translated("bedrock", "amazon.nova-pro-v1:0").Request(
            "messages",
            """{"max_tokens":5,"messages":[{"role":"user","content":[{"type":"text","text":"x","cache_control":{"type":"ephemeral"}}]},{"role":"assistant","content":[{"type":"tool_use","id":"a","name":"f","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"a","content":"no","is_error":true}]}]}""");

        Assert.Equal("default", written.Text("messages", "0", "content", "1", "cachePoint", "type"));
        Assert.Equal("error", written.Text("messages", "2", "content", "0", "toolResult", "status"));
    }

    [Fact]
    public void An_answer_loses_nothing_through_a_chat()
    {
        var answer = new Translated("bedrock").Answer("chat", Whole)!.Value;

        var message = answer.GetProperty("choices")[0].GetProperty("message");
        Assert.Equal(("Hm. ", "Let me look. "), (message.Text("reasoning_content"), message.Text("content")));
        Assert.Equal(("call-1", """{"a":1}""", "call-2", "{}"), (message.Text("tool_calls", "0", "id"), message.Text("tool_calls", "0", "function", "arguments"), message.Text("tool_calls", "1", "id"), message.Text("tool_calls", "1", "function", "arguments")));
        Assert.Equal(("tool_calls", "100", "27", "30"), (answer.Text("choices", "0", "finish_reason"), answer.Text("usage", "prompt_tokens"), answer.Text("usage", "completion_tokens"), answer.Text("usage", "prompt_tokens_details", "cached_tokens")));
    }

    [Fact]
    public void An_answer_loses_nothing_through_messages_and_goes_back_as_it_came()
    {
        var translated = new Translated("bedrock");
        var answer = translated.Answer("messages", Whole)!.Value;

        Assert.Equal(["thinking", "text", "tool_use", "tool_use"], answer.GetProperty("content").EnumerateArray().Select(block => block.Text("type")));
        Assert.Equal(("mx1.bedrock.SIG", "tool_use"), (answer.Text("content", "0", "signature"), answer.Text("stop_reason")));
        Assert.Equal(("60", "30", "10", "27"), (answer.Text("usage", "input_tokens"), answer.Text("usage", "cache_read_input_tokens"), answer.Text("usage", "cache_creation_input_tokens"), answer.Text("usage", "output_tokens")));

        var history = new JsonArray(
            JsonNode.Parse(User), new JsonObject { ["role"] = "assistant", ["content"] = JsonNode.Parse(answer.GetProperty("content").GetRawText()) },
            JsonNode.Parse("""{"role":"user","content":[{"type":"tool_result","tool_use_id":"call-1","content":"1"},{"type":"tool_result","tool_use_id":"call-2","content":"2"}]}"""));
        var written = translated.Request("messages", $$"""{"max_tokens":5,"messages":{{history.ToJsonString()}}}""");

        using var given = JsonDocument.Parse(Whole);
        Assert.Equal(
            JsonSerializer.Serialize(given.RootElement.GetProperty("output").GetProperty("message").GetProperty("content")),
            JsonSerializer.Serialize(written.GetProperty("messages")[1].GetProperty("content")));
    }

    [Theory]
    [InlineData("chat")]
    [InlineData("messages")]
    [InlineData("responses")]
    public void A_streamed_answer_says_what_a_whole_one_does(string door)
    {
        var translated = new Translated("bedrock");

        var text = string.Concat(translated.Stream(door, Events).Select(one => one.Data.GetRawText()));

        foreach (var said in new[] { "Hm. ", "Let me ", "look. ", "call-1", "call-2", "\"f\"", "\"g\"", door == "chat" ? "\"prompt_tokens\":100" : door == "messages" ? "\"cache_read_input_tokens\":30" : "\"input_tokens\":100" })
        {
            Assert.Contains(said, text, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("end_turn", "stop")]
    [InlineData("stop_sequence", "stop")]
    [InlineData("max_tokens", "length")]
    [InlineData("model_context_window_exceeded", "length")]
    [InlineData("guardrail_intervened", "content_filter")]
    [InlineData("content_filtered", "content_filter")]
    [InlineData("malformed_tool_use", null)]
    [InlineData("malformed_model_output", null)]
    public void The_reason_for_the_end_is_told_in_the_callers_words(string reason, string? told)
    {
        var answer = new Translated("bedrock").Answer("chat", $$$"""{"output":{"message":{"role":"assistant","content":[{"text":"x"}]}},"stopReason":"{{{reason}}}","usage":{}}""");

        Assert.Equal(told, answer?.Text("choices", "0", "finish_reason"));
    }

    /// <summary>A few models count in the input what was read from the cache: the total tells.</summary>
    [Theory]
    [InlineData(60, 30, 100, "90")]
    [InlineData(60, 30, 70, "60")]
    [InlineData(20, 30, 30, "50")]
    public void The_input_has_what_was_cached_once(int input, int cached, int total, string told)
    {
        var answer = new Translated("bedrock").Answer(
            "chat",
            $$$"""{"output":{"message":{"role":"assistant","content":[{"text":"x"}]}},"stopReason":"end_turn","usage":{"inputTokens":{{{input}}},"outputTokens":10,"cacheReadInputTokens":{{{cached}}},"totalTokens":{{{total}}}}}""");

        Assert.Equal(told, answer!.Value.Text("usage", "prompt_tokens"));
    }

    private static void Expect(string expected, string model, string body)
    {
        var translated = new Translated("bedrock", model);
        if (expected[0] == '!')
        {
            Assert.Equal(expected[1..], Assert.Throws<UntranslatableRequestException>(() => translated.Request("chat", body)).Parameter);
            return;
        }

        var written = translated.Request("chat", body);
        if (expected[0] == '~')
        {
            Assert.Contains(expected[1..], translated.Ignored);
            return;
        }

        var sign = expected.IndexOf('=', StringComparison.Ordinal);
        JsonElement? found = written;
        foreach (var step in expected[..sign].Split('.'))
        {
            found = found is { ValueKind: JsonValueKind.Array } array ? array.EnumerateArray().Cast<JsonElement?>().ElementAtOrDefault(int.Parse(step, System.Globalization.CultureInfo.InvariantCulture))
                : found is { ValueKind: JsonValueKind.Object } holder && holder.TryGetProperty(step, out var value) ? value : null;
        }

        var text = found is not { } element ? "" : element.ValueKind is JsonValueKind.Object ? element.GetRawText() : element.ToString();
        Assert.True(text == expected[(sign + 1)..], $"{expected} is not in {written}");
    }
}
