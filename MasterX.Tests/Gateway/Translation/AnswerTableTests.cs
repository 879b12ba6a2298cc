using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using MasterX.Tests.Hosts;

namespace MasterX.Tests.Gateway.Translation;

/// <summary>
/// One answer, as each kind of provider gives it, whole and streamed, through each door: thoughts with their signatures, text, two calls, why
/// it ended, and what it cost. Whole or streamed, the caller has the same; and sent back as history, it is what the provider gave.
/// </summary>
public sealed class AnswerTableTests
{
    private const string GeminiWhole = """
        {"responseId":"r1","modelVersion":"real","candidates":[{"index":0,"finishReason":"STOP","content":{"role":"model","parts":[
          {"text":"Hm. ","thought":true},{"text":"Let me look. "},
          {"functionCall":{"name":"f","args":{"a":1},"id":"call-1"},"thoughtSignature":"SIG"},{"functionCall":{"name":"g","args":{},"id":"call-2"}}]}}],
         "usageMetadata":{"promptTokenCount":100,"candidatesTokenCount":20,"thoughtsTokenCount":7,"cachedContentTokenCount":40}}
        """;

    private const string AnthropicWhole = """
        {"id":"msg_r1","type":"message","role":"assistant","model":"real","content":[
          {"type":"thinking","thinking":"Hm. ","signature":"SIG"},{"type":"text","text":"Let me look. "},
          {"type":"tool_use","id":"call-1","name":"f","input":{"a":1}},{"type":"tool_use","id":"call-2","name":"g","input":{}}],
         "stop_reason":"tool_use","usage":{"input_tokens":60,"cache_read_input_tokens":40,"cache_creation_input_tokens":0,"output_tokens":27}}
        """;

    private const string ChatWhole = """
        {"id":"r1","model":"real","choices":[{"index":0,"finish_reason":"tool_calls","message":{"role":"assistant","reasoning_content":"Hm. ","content":"Let me look. ","tool_calls":[
          {"id":"call-1","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}},{"id":"call-2","type":"function","function":{"name":"g","arguments":""}}]}}],
         "usage":{"prompt_tokens":100,"completion_tokens":27,"prompt_tokens_details":{"cached_tokens":40},"completion_tokens_details":{"reasoning_tokens":7}}}
        """;

    private static readonly string[] GeminiEvents =
    [
        """{"responseId":"r1","modelVersion":"real","candidates":[{"index":0,"content":{"parts":[{"text":"Hm. ","thought":true}]}}],"usageMetadata":{"promptTokenCount":100}}""",
        """{"candidates":[{"index":0,"content":{"parts":[{"text":"Let me "}]}}]}""",
        """{"candidates":[{"index":0,"content":{"parts":[{"text":"look. "}]}}]}""",
        """{"candidates":[{"index":0,"content":{"parts":[{"functionCall":{"name":"f","args":{"a":1},"id":"call-1"},"thoughtSignature":"SIG"}]}}]}""",
        """{"candidates":[{"index":0,"content":{"parts":[{"functionCall":{"name":"g","args":{},"id":"call-2"}}]},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":100,"candidatesTokenCount":20,"thoughtsTokenCount":7,"cachedContentTokenCount":40}}""",
    ];

    private static readonly string[] AnthropicEvents =
    [
        """{"type":"message_start","message":{"id":"msg_r1","type":"message","model":"real","content":[],"usage":{"input_tokens":60,"cache_read_input_tokens":40,"output_tokens":1}}}""",
        """{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}""",
        """{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"Hm. "}}""",
        """{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"SIG"}}""",
        """{"type":"content_block_stop","index":0}""",
        """{"type":"ping"}""",
        """{"type":"content_block_start","index":1,"content_block":{"type":"text","text":"Let "}}""",
        """{"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"me look. "}}""",
        """{"type":"content_block_stop","index":1}""",
        """{"type":"content_block_start","index":2,"content_block":{"type":"tool_use","id":"call-1","name":"f","input":{}}}""",
        """{"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"{\"a\""}}""",
        """{"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":":1}"}}""",
        """{"type":"content_block_stop","index":2}""",
        """{"type":"content_block_start","index":3,"content_block":{"type":"tool_use","id":"call-2","name":"g","input":{}}}""",
        """{"type":"content_block_stop","index":3}""",
        """{"type":"message_delta","delta":{"stop_reason":"tool_use"},"usage":{"output_tokens":27}}""",
        """{"type":"message_stop"}""",
    ];

    private static readonly string[] ChatEvents =
    [
        """{"id":"r1","model":"real","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":""}]}""",
        """{"id":"r1","model":"real","choices":[{"index":0,"delta":{"reasoning_content":"Hm. "}}]}""",
        """{"id":"r1","model":"real","choices":[{"index":0,"delta":{"content":"Let me look. "}}]}""",
        """{"id":"r1","model":"real","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"call-1","type":"function","function":{"name":"f","arguments":""}}]}}]}""",
        """{"id":"r1","model":"real","choices":[{"index":0,"delta":{"tool_calls":[{"index":1,"id":"call-2","type":"function","function":{"name":"g","arguments":""}}]}}]}""",
        """{"id":"r1","model":"real","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"a\""}}]}}]}""",
        """{"id":"r1","model":"real","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":":1}"}}]}}]}""",
        """{"id":"r1","model":"real","choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}""",
        """{"id":"r1","model":"real","choices":[],"usage":{"prompt_tokens":100,"completion_tokens":27,"prompt_tokens_details":{"cached_tokens":40},"completion_tokens_details":{"reasoning_tokens":7}}}""",
        "[DONE]",
    ];

    public static TheoryData<string, string> Pairs => new()
    {
        { "gemini", "chat" }, { "gemini", "messages" }, { "gemini", "responses" },
        { "anthropic", "chat" }, { "anthropic", "responses" },
        { "chat", "messages" }, { "chat", "responses" },
    };

    [Theory]
    [MemberData(nameof(Pairs))]
    public void A_whole_answer_loses_nothing(string kind, string door) => Check(door, WholeOf(kind, door), SignatureOf(kind, door));

    [Theory]
    [MemberData(nameof(Pairs))]
    public void A_streamed_answer_is_the_same_as_a_whole_one(string kind, string door)
    {
        var events = new Translated(kind).Stream(door, EventsOf(kind));

        Check(door, door switch { "chat" => ChatOf(events), "messages" => MessageOf(events), _ => ResponseOf(events) }, SignatureOf(kind, door));
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public void Sent_back_as_history_an_answer_is_what_the_provider_gave(string kind, string door)
    {
        var answer = WholeOf(kind, door);
        var model = kind == "gemini" ? "gemini-3-pro" : "claude-sonnet-4-5";
        string Echo(string path) => JsonNode.Parse(answer.GetRawText())![path]!.ToJsonString();
        var request = door switch
        {
            "chat" => $$$$"""{"messages":[{"role":"user","content":"x"},{{{{JsonNode.Parse(answer.GetRawText())!["choices"]![0]!["message"]!.ToJsonString()}}}},{"role":"tool","tool_call_id":"call-1","content":"1"},{"role":"tool","tool_call_id":"call-2","content":"2"}],"reasoning_effort":"low","tools":[{"type":"function","function":{"name":"f"}},{"type":"function","function":{"name":"g"}}]}""",
            "messages" => $$$$"""{"max_tokens":5000,"thinking":{"type":"enabled","budget_tokens":1024},"messages":[{"role":"user","content":"x"},{"role":"assistant","content":{{{{Echo("content")}}}}},{"role":"user","content":[{"type":"tool_result","tool_use_id":"call-1","content":"1"},{"type":"tool_result","tool_use_id":"call-2","content":"2"}]}],"tools":[{"name":"f","input_schema":{"type":"object"}}]}""",
            _ => $$"""{"reasoning":{"effort":"low"},"input":[{"role":"user","content":"x"},{{Echo("output")[1..^1]}},{"type":"function_call_output","call_id":"call-1","output":"1"},{"type":"function_call_output","call_id":"call-2","output":"2"}],"tools":[{"type":"function","name":"f"}]}""",
        };

        var written = new Translated(kind, model).Request(door, request);

        switch (kind)
        {
            case "gemini":
                Assert.Equal(["user", "model", "user"], written.GetProperty("contents").EnumerateArray().Select(turn => turn.Text("role")));
                var call = written.GetProperty("contents")[1].GetProperty("parts").EnumerateArray().First(part => part.TryGetProperty("functionCall", out _));
                Assert.Equal(("SIG", "call-1", "1"), (call.Text("thoughtSignature"), call.Text("functionCall", "id"), call.Text("functionCall", "args", "a")));
                Assert.Equal("call-2", written.Text("contents", "2", "parts", "1", "functionResponse", "id"));
                break;
            case "anthropic":
                Assert.Equal(["user", "assistant", "user"], written.GetProperty("messages").EnumerateArray().Select(turn => turn.Text("role")));
                Assert.Equal(("thinking", "Hm. ", "SIG"), (written.Text("messages", "1", "content", "0", "type"), written.Text("messages", "1", "content", "0", "thinking"), written.Text("messages", "1", "content", "0", "signature")));
                Assert.Equal(("text", "tool_use", "tool_use"), (written.Text("messages", "1", "content", "1", "type"), written.Text("messages", "1", "content", "2", "type"), written.Text("messages", "1", "content", "3", "type")));
                Assert.Equal(("enabled", "call-2"), (written.Text("thinking", "type"), written.Text("messages", "2", "content", "1", "tool_use_id")));
                break;
            default:
                Assert.Equal(["user", "assistant", "tool", "tool"], written.GetProperty("messages").EnumerateArray().Select(turn => turn.Text("role")));
                Assert.Equal(("Let me look. ", """{"a":1}""", "{}"), (written.Text("messages", "1", "content"), written.Text("messages", "1", "tool_calls", "0", "function", "arguments"), written.Text("messages", "1", "tool_calls", "1", "function", "arguments")));
                break;
        }
    }

    /// <summary>Reasons for the end, by provider's word, through each door.</summary>
    public static TheoryData<string, string, string, string, string> Reasons => new()
    {
        { "gemini", "STOP", "stop", "end_turn", "completed" },
        { "gemini", "MAX_TOKENS", "length", "max_tokens", "incomplete:max_output_tokens" },
        { "gemini", "SAFETY", "content_filter", "refusal", "incomplete:content_filter" },
        { "gemini", "RECITATION", "content_filter", "refusal", "incomplete:content_filter" },
        { "anthropic", "end_turn", "stop", "", "completed" },
        { "anthropic", "stop_sequence", "stop", "", "completed" },
        { "anthropic", "max_tokens", "length", "", "incomplete:max_output_tokens" },
        { "anthropic", "refusal", "content_filter", "", "incomplete:content_filter" },
        { "anthropic", "model_context_window_exceeded", "length", "", "incomplete:max_output_tokens" },
        { "chat", "stop", "", "end_turn", "completed" },
        { "chat", "length", "", "max_tokens", "incomplete:max_output_tokens" },
        { "chat", "content_filter", "", "refusal", "incomplete:content_filter" },
    };

    [Theory]
    [MemberData(nameof(Reasons))]
    public void The_reason_for_the_end_is_told_in_the_callers_words(string kind, string reason, string chat, string message, string response)
    {
        var answer = kind switch
        {
            "gemini" => $$"""{"candidates":[{"content":{"parts":[{"text":"x"}]},"finishReason":"{{reason}}"}]}""",
            "anthropic" => $$"""{"type":"message","content":[{"type":"text","text":"x"}],"stop_reason":"{{reason}}"}""",
            _ => $$"""{"choices":[{"message":{"content":"x"},"finish_reason":"{{reason}}"}]}""",
        };
        var translated = new Translated(kind);

        if (chat.Length > 0)
        {
            Assert.Equal(chat, translated.Answer("chat", answer)!.Value.Text("choices", "0", "finish_reason"));
        }

        if (message.Length > 0)
        {
            Assert.Equal(message, translated.Answer("messages", answer)!.Value.Text("stop_reason"));
        }

        var given = translated.Answer("responses", answer)!.Value;
        Assert.Equal(response, given.Text("incomplete_details", "reason") is { } why ? $"{given.Text("status")}:{why}" : given.Text("status"));
    }

    [Theory]
    [InlineData("gemini")]
    [InlineData("anthropic")]
    public void A_character_cut_in_two_is_put_together_and_half_of_one_is_marked(string kind)
    {
        static string Event(string kind, string text) => kind == "gemini"
            ? $$$"""{"candidates":[{"content":{"parts":[{"text":"{{{text}}}"}]}}]}"""
            : $$$$"""{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"{{{{text}}}}"}}""";
        string[] end = kind == "gemini"
            ? ["""{"candidates":[{"finishReason":"STOP"}]}"""]
            : ["""{"type":"message_delta","delta":{"stop_reason":"end_turn"}}""", """{"type":"message_stop"}"""];

        var events = new Translated(kind).Stream("chat", [Event(kind, "A\\ud83d"), Event(kind, "\\ude00B"), Event(kind, "\\ude00"), Event(kind, "C\\ud83d"), .. end]);

        Assert.Equal("A😀B\uFFFDC\uFFFD", string.Concat(events.Select(one => one.Data.Text("choices", "0", "delta", "content"))));
    }

    [Fact]
    public void Several_answers_are_kept_apart_whole_and_streamed()
    {
        var translated = new Translated("gemini");
        var whole = translated.Answer("chat", """{"candidates":[{"index":1,"content":{"parts":[{"text":"b"}]},"finishReason":"MAX_TOKENS"},{"index":0,"content":{"parts":[{"text":"a"}]},"finishReason":"STOP"}]}""")!.Value;
        Assert.Equal(("a", "stop", "b", "length"), (whole.Text("choices", "0", "message", "content"), whole.Text("choices", "0", "finish_reason"), whole.Text("choices", "1", "message", "content"), whole.Text("choices", "1", "finish_reason")));

        var events = translated.Stream("chat", [
            """{"candidates":[{"index":0,"content":{"parts":[{"text":"a\ud83d"}]}},{"index":1,"content":{"parts":[{"text":"b"}]}}]}""",
            """{"candidates":[{"index":1,"content":{"parts":[{"text":"c"}]},"finishReason":"STOP"},{"index":0,"content":{"parts":[{"text":"\ude00"}]},"finishReason":"MALFORMED_FUNCTION_CALL"}]}"""]);
        string TextOf(string choice) => string.Concat(events.Where(one => one.Data.Text("choices", "0", "index") == choice).Select(one => one.Data.Text("choices", "0", "delta", "content")));
        Assert.Equal(("a😀", "bc"), (TextOf("0"), TextOf("1")));
        Assert.Equal(["content_filter", "stop"], events.Select(one => one.Data.Text("choices", "0", "finish_reason")).OfType<string>());
    }

    [Fact]
    public void Probabilities_come_with_a_stream_too()
    {
        const string Event = """{"candidates":[{"content":{"parts":[{"text":"hi"}]},"finishReason":"STOP","logprobsResult":{"chosenCandidates":[{"token":"hi","logProbability":-0.5}],"topCandidates":[{"candidates":[{"token":"ho","logProbability":-1.5}]}]}}]}""";

        var streamed = new Translated("gemini").Stream("chat", Event).Select(one => one.Data).First(data => data.Text("choices", "0", "logprobs", "content", "0", "token") is not null);
        var whole = new Translated("gemini").Answer("chat", Event)!.Value;

        foreach (var answer in new[] { streamed, whole })
        {
            Assert.Equal(("hi", "-0.5", "ho"), (answer.Text("choices", "0", "logprobs", "content", "0", "token"), answer.Text("choices", "0", "logprobs", "content", "0", "logprob"), answer.Text("choices", "0", "logprobs", "content", "0", "top_logprobs", "0", "token")));
        }
    }

    [Fact]
    public void An_image_the_model_made_reaches_the_caller_through_every_door()
    {
        const string Answer = """{"candidates":[{"content":{"parts":[{"text":"Here: "},{"inlineData":{"mimeType":"image/png","data":"AAAA"}}]},"finishReason":"STOP"}]}""";
        var translated = new Translated("gemini");

        Assert.Equal("data:image/png;base64,AAAA", translated.Answer("chat", Answer)!.Value.Text("choices", "0", "message", "images", "0", "image_url", "url"));
        Assert.Contains("data:image/png;base64,AAAA", translated.Answer("messages", Answer)!.Value.Text("content", "0", "text"), StringComparison.Ordinal);
        Assert.Equal(("image_generation_call", "AAAA"), (translated.Answer("responses", Answer)!.Value.Text("output", "1", "type"), translated.Answer("responses", Answer)!.Value.Text("output", "1", "result")));
    }

    [Theory]
    [InlineData("messages")]
    [InlineData("responses")]
    [InlineData("chat")]
    public void A_choice_nobody_asked_for_and_an_image_that_is_none_end_nothing(string door)
    {
        string[] events =
        [
            """{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{"}}]}}]}""",
            """{"choices":[{"index":1,"delta":{"content":"other"},"finish_reason":"stop"}]}""",
            """{"choices":[{"index":0,"delta":{"images":[{"image_url":{"url":"data:image/svg+xml,<svg/>"}}],"tool_calls":[{"index":0,"function":{"arguments":"}"}}]}}]}""",
            """{"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}""",
        ];

        var stream = door == "chat" ? new Translated("gemini").Stream(door, """{"candidates":[{"content":{"parts":[{"text":"x"}]},"finishReason":"STOP"}]}""") : new Translated("chat").Stream(door, events);

        Assert.Equal(door != "chat", string.Concat(stream.Select(one => one.Data.Text("delta", "partial_json") ?? (one.Name == "response.function_call_arguments.delta" ? one.Data.Text("delta") : ""))) == "{}");
        Assert.DoesNotContain(stream, one => one.Data.GetRawText().Contains("other", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Calls_that_are_all_numbered_0_are_told_apart_by_their_names(bool stream)
    {
        var translated = new Translated("chat");
        var message = stream
            ? MessageOf(translated.Stream("messages",
                """{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{\"x\":1}"}}]}}]}""",
                """{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"b","function":{"name":"g","arguments":"{\"y\":2}"}}]},"finish_reason":"tool_calls"}]}"""))
            : translated.Answer("messages", """{"choices":[{"message":{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{\"x\":1}"}},{"index":0,"id":"b","function":{"name":"g","arguments":"{\"y\":2}"}}]},"finish_reason":"tool_calls"}]}""")!.Value;

        Assert.Equal(("""{"x":1}""", """{"y":2}"""), (message.Text("content", "0", "input"), message.Text("content", "1", "input")));
    }

    [Fact]
    public void An_end_that_is_told_with_every_piece_ends_nothing_before_the_last()
    {
        static string Piece(string text) => $$$$"""{"candidates":[{"content":{"parts":[{"text":"{{{{text}}}}"}]},"finishReason":"STOP"}]}""";

        var events = new Translated("gemini").Stream("chat", Piece("one "), Piece("two "), Piece("three"));

        Assert.Equal("one two three", string.Concat(events.Select(one => one.Data.Text("choices", "0", "delta", "content"))));
        Assert.Single(events, one => one.Data.Text("choices", "0", "finish_reason") == "stop");
    }

    [Fact]
    public void What_a_response_repeats_of_a_request_is_on_one_line_however_it_was_written()
    {
        var events = new Translated("gemini").Stream(
            "responses", "{\n  \"input\": \"x\",\n  \"metadata\": {\n    \"a\": \"b\"\n  }\n}",
            ["""{"candidates":[{"content":{"parts":[{"text":"x"}]},"finishReason":"STOP"}]}"""]);

        Assert.Equal("""{"a":"b"}""", events[^1].Data.Text("response", "metadata"));
    }

    [Theory]
    [InlineData("messages")]
    [InlineData("responses")]
    public void Geminis_signature_on_a_text_goes_back_with_the_text(string door)
    {
        const string Answer = """{"candidates":[{"content":{"parts":[{"text":"said","thoughtSignature":"OF-TEXT"},{"functionCall":{"name":"f","args":{}},"thoughtSignature":"OF-CALL"}]},"finishReason":"STOP"}]}""";
        var given = new Translated("gemini").Answer(door, Answer)!.Value;
        var id = door == "messages"
            ? given.GetProperty("content").EnumerateArray().Single(block => block.Text("type") == "tool_use").Text("id")
            : given.GetProperty("output").EnumerateArray().Single(item => item.Text("type") == "function_call").Text("call_id");
        var request = door == "messages"
            ? $$$$"""{"max_tokens":9,"messages":[{"role":"user","content":"x"},{"role":"assistant","content":{{{{given.GetProperty("content").GetRawText()}}}}},{"role":"user","content":[{"type":"tool_result","tool_use_id":"{{{{id}}}}","content":"1"}]}]}"""
            : $$$$"""{"input":[{"role":"user","content":"x"},{{{{given.GetProperty("output").GetRawText()[1..^1]}}}},{"type":"function_call_output","call_id":"{{{{id}}}}","output":"1"}]}""";

        var parts = new Translated("gemini", "gemini-3-pro").Request(door, request).GetProperty("contents")[1].GetProperty("parts");

        Assert.Equal(("said", "OF-TEXT", "OF-CALL"), (parts.Text("0", "text"), parts.Text("0", "thoughtSignature"), parts.Text("1", "thoughtSignature")));
    }

    [Fact]
    public void Calls_with_one_name_get_names_of_their_own()
    {
        var answer = new Translated("gemini").Answer("chat", """{"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","id":"a"}},{"functionCall":{"name":"f","id":"a"}}]},"finishReason":"STOP"}]}""")!.Value;

        var ids = answer.GetProperty("choices")[0].GetProperty("message").GetProperty("tool_calls").EnumerateArray().Select(call => call.Text("id")).ToArray();
        Assert.Equal(2, ids.Distinct().Count());
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public void A_stream_that_was_not_asked_for_is_as_good_as_a_whole_answer(string kind, string door)
    {
        var stream = string.Concat(EventsOf(kind).Select(data => $"data: {data}\r\n\r\n"));

        Check(door, new Translated(kind).Answer(door, "\uFEFF" + stream)!.Value, SignatureOf(kind, door));
        Assert.Null(new Translated(kind).Answer(door, stream[..(stream.Length / 2)]));
    }

    /// <summary>A call whose arguments have half of a character in them, as each kind of provider gives it.</summary>
    public static TheoryData<string, string> HalfCharacters => new() { { "gemini", "messages" }, { "gemini", "chat" }, { "anthropic", "chat" }, { "anthropic", "responses" }, { "chat", "messages" }, { "chat", "responses" } };

    [Theory]
    [MemberData(nameof(HalfCharacters))]
    public void Half_a_character_in_the_arguments_of_a_call_ends_no_answer(string kind, string door)
    {
        var (whole, events) = CallOf(kind, """{"a":"x\ud83d"}""");

        Assert.NotNull(new Translated(kind).Answer(door, whole));
        Assert.Contains(new Translated(kind).Stream(door, events), one => one.Data.GetRawText().Contains("x\\\\ud83d", StringComparison.Ordinal) || one.Data.GetRawText().Contains("x\uFFFD", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("gemini", "chat")]
    [InlineData("gemini", "messages")]
    [InlineData("anthropic", "chat")]
    [InlineData("anthropic", "responses")]
    [InlineData("chat", "messages")]
    [InlineData("chat", "responses")]
    public void Arguments_that_are_nested_too_deep_are_no_answer_whole_or_streamed(string kind, string door)
    {
        static string Nested(int depth) => string.Concat(Enumerable.Repeat("{\"a\":", depth - 1)) + "{}" + new string('}', depth - 1);
        var (fine, fineEvents) = CallOf(kind, Nested(56));
        var (deep, deepEvents) = CallOf(kind, Nested(57));

        Assert.NotNull(new Translated(kind).Answer(door, fine));
        Assert.NotEmpty(new Translated(kind).Stream(door, fineEvents));
        Assert.Null(new Translated(kind).Answer(door, deep));
        Assert.ThrowsAny<Xunit.Sdk.XunitException>(() => new Translated(kind).Stream(door, deepEvents));
    }

    /// <summary>OpenRouter's thoughts, by the family of the model that thought them: their element, and the signature each door gives it with.</summary>
    public static TheoryData<string, string, string> Details => new()
    {
        { """{"type":"reasoning.text","text":"Hm.","signature":"SIG","format":"anthropic-claude-v1","index":0}""", "SIG", "mx1.anthropic.SIG" },
        { """{"type":"reasoning.text","text":"Hm.","format":"google-gemini-v1","index":0},{"type":"reasoning.encrypted","data":"SIG","format":"google-gemini-v1","id":"call-1","index":1}""", "mx1.gemini.SIG", "mx1.gemini.SIG" },
        { """{"type":"reasoning.summary","summary":"Hm.","format":"openai-responses-v1","index":0},{"type":"reasoning.encrypted","data":"SIG","format":"openai-responses-v1","id":"rs_1","index":1}""", "mx1.openai-responses-v1#rs_1.SIG", "mx1.openai-responses-v1#rs_1.SIG" },
    };

    [Theory]
    [MemberData(nameof(Details))]
    public void Thoughts_of_OpenRouters_come_once_and_with_their_signatures_whole_and_streamed(string details, string message, string response)
    {
        const string Call = "\"tool_calls\":[{\"index\":0,\"id\":\"call-1\",\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]";
        var whole = $$$$"""{"choices":[{"index":0,"message":{"role":"assistant","content":null,"reasoning":"Hm.","reasoning_details":[{{{{details}}}}],{{{{Call}}}}},"finish_reason":"tool_calls"}]}""";
        string[] events =
        [
            .. JsonNode.Parse($"[{details}]")!.AsArray().Select(detail => $$$$"""{"choices":[{"index":0,"delta":{"role":"assistant","content":"","reasoning":{{{{(detail!["data"] is null ? "\"Hm.\"" : "null")}}}},"reasoning_details":[{{{{detail.ToJsonString()}}}}]}}]}"""),
            $$$$"""{"choices":[{"index":0,"delta":{{{{{Call}}}}},"finish_reason":"tool_calls"}]}""",
            """{"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":1}}""",
        ];
        var translated = new Translated("chat");

        foreach (var answer in new[] { translated.Answer("messages", whole)!.Value, MessageOf(translated.Stream("messages", events)) })
        {
            var blocks = answer.GetProperty("content").EnumerateArray().ToArray();
            Assert.Equal("Hm.", string.Concat(blocks.Select(block => block.Text("thinking"))));
            Assert.Contains(message, blocks.Select(block => block.Text("type") == "redacted_thinking" ? block.Text("data") : block.Text("signature")));
            Assert.Equal("tool_use", blocks[^1].Text("type"));
        }

        foreach (var answer in new[] { translated.Answer("responses", whole)!.Value, ResponseOf(translated.Stream("responses", events)) })
        {
            var items = answer.GetProperty("output").EnumerateArray().ToArray();
            Assert.Equal("Hm.", string.Concat(items.Select(item => item.Text("summary", "0", "text"))));
            Assert.Contains(response, items.Select(item => item.Text("encrypted_content")));
            Assert.Equal("function_call", items[^1].Text("type"));
        }
    }

    [Theory]
    [InlineData("gemini")]
    [InlineData("anthropic")]
    public void Who_speaks_of_functions_is_told_of_one_call_without_a_name_of_its_own(string kind)
    {
        const string Legacy = """{"messages":[{"role":"user","content":"x"}],"functions":[{"name":"f"},{"name":"g"}]}""";
        var whole = new Translated(kind).Answer("chat", kind == "gemini" ? GeminiWhole : AnthropicWhole, Legacy)!.Value.GetProperty("choices")[0];
        var deltas = new Translated(kind).Stream("chat", Legacy, EventsOf(kind)).Select(one => one.Data).Where(data => data.GetProperty("choices").GetArrayLength() > 0).ToArray();

        Assert.Equal(("f", """{"a":1}""", "function_call", null), (whole.Text("message", "function_call", "name"), whole.Text("message", "function_call", "arguments"), whole.Text("finish_reason"), whole.Text("message", "tool_calls")));
        Assert.Equal("f", string.Concat(deltas.Select(data => data.Text("choices", "0", "delta", "function_call", "name"))));
        Assert.Equal("""{"a":1}""", string.Concat(deltas.Select(data => data.Text("choices", "0", "delta", "function_call", "arguments"))));
        Assert.Equal(["function_call"], deltas.Select(data => data.Text("choices", "0", "finish_reason")).OfType<string>());
        Assert.DoesNotContain(deltas, data => data.Text("choices", "0", "delta", "tool_calls") is not null);
    }

    private static (string Whole, string[] Events) CallOf(string kind, string arguments)
    {
        var text = JsonSerializer.Serialize(arguments);
        return kind switch
        {
            "gemini" => ($$$$"""{"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","args":{{{{arguments}}}}}}]},"finishReason":"STOP"}]}""",
                [$$$$"""{"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","args":{{{{arguments}}}}}}]},"finishReason":"STOP"}]}"""]),
            "anthropic" => ($$$"""{"type":"message","content":[{"type":"tool_use","id":"c","name":"f","input":{{{arguments}}}}],"stop_reason":"tool_use"}""",
                [
                    """{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"c","name":"f","input":{}}}""",
                    $$$$"""{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":{{{{text}}}}}}""",
                    """{"type":"content_block_stop","index":0}""", """{"type":"message_delta","delta":{"stop_reason":"tool_use"}}""", """{"type":"message_stop"}""",
                ]),
            _ => ($$$$"""{"choices":[{"index":0,"message":{"tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":{{{{text}}}}}}]},"finish_reason":"tool_calls"}]}""",
                [$$$$"""{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"c","type":"function","function":{"name":"f","arguments":{{{{text}}}}}}]},"finish_reason":"tool_calls"}]}"""]),
        };
    }

    private static JsonElement WholeOf(string kind, string door) =>
        new Translated(kind).Answer(door, kind switch { "gemini" => GeminiWhole, "anthropic" => AnthropicWhole, _ => ChatWhole })!.Value;

    private static string[] EventsOf(string kind) => kind switch { "gemini" => GeminiEvents, "anthropic" => AnthropicEvents, _ => ChatEvents };

    /// <summary>What stands in the door's field for signatures; <see langword="null"/> where the provider gives none.</summary>
    private static string? SignatureOf(string kind, string door) => (kind, door) switch
    {
        ("chat", _) => null,
        ("gemini", "messages" or "responses") => "mx1.gemini.SIG",
        ("anthropic", "responses") => "mx1.anthropic.SIG",
        _ => "SIG",
    };

    private static void Check(string door, JsonElement answer, string? signature)
    {
        switch (door)
        {
            case "chat":
                var message = answer.GetProperty("choices")[0].GetProperty("message");
                Assert.Equal(("chatcmpl-r1", "real"), (answer.Text("id")!.Replace("msg_", "", StringComparison.Ordinal), answer.Text("model")));
                Assert.Equal(("assistant", "Hm. ", "Let me look. ", "tool_calls"), (message.Text("role"), message.Text("reasoning_content"), message.Text("content"), answer.Text("choices", "0", "finish_reason")));
                Assert.Equal(signature, message.Text("tool_calls", "0", "extra_content", "google", "thought_signature") ?? message.Text("reasoning_details", "0", "signature"));
                CheckCalls([.. message.GetProperty("tool_calls").EnumerateArray()], "id", call => call.GetProperty("function"));
                CheckUsage(answer, "prompt_tokens", "completion_tokens", "100", answer.Text("usage", "prompt_tokens_details", "cached_tokens"));
                break;
            case "messages":
                Assert.Equal(("msg_r1", "real", "message", "assistant", "tool_use"), (answer.Text("id"), answer.Text("model"), answer.Text("type"), answer.Text("role"), answer.Text("stop_reason")));
                var blocks = answer.GetProperty("content").EnumerateArray().ToArray();
                Assert.Equal("Hm. ", string.Concat(blocks.Select(block => block.Text("thinking"))));
                Assert.Equal("Let me look. ", string.Concat(blocks.Select(block => block.Text("text"))));
                Assert.Contains(signature ?? "", blocks.Select(block => block.Text("signature")));
                CheckCalls([.. blocks.Where(block => block.Text("type") == "tool_use")], "id", call => call);
                CheckUsage(answer, "input_tokens", "output_tokens", "60", answer.Text("usage", "cache_read_input_tokens"));
                break;
            default:
                Assert.Equal(("response", "real", "completed"), (answer.Text("object"), answer.Text("model"), answer.Text("status")));
                var items = answer.GetProperty("output").EnumerateArray().ToArray();
                Assert.Equal("Hm. ", string.Concat(items.Select(item => item.Text("summary", "0", "text"))));
                Assert.Equal("Let me look. ", string.Concat(items.Select(item => item.Text("content", "0", "text"))));
                Assert.Contains(signature, items.Select(item => item.Text("encrypted_content")));
                CheckCalls([.. items.Where(item => item.Text("type") == "function_call")], "call_id", call => call);
                CheckUsage(answer, "input_tokens", "output_tokens", "100", answer.Text("usage", "input_tokens_details", "cached_tokens"));
                break;
        }
    }

    private static void CheckCalls(JsonElement[] calls, string id, Func<JsonElement, JsonElement> function)
    {
        Assert.Equal(["call-1", "call-2"], calls.Select(call => call.Text(id)));
        Assert.Equal(["f", "g"], calls.Select(call => function(call).Text("name")));
        Assert.Equal(["""{"a":1}""", "{}"], calls.Select(call => function(call).Text("arguments") ?? call.GetProperty("input").GetRawText()));
    }

    private static void CheckUsage(JsonElement answer, string input, string output, string expectedInput, string? cached) =>
        Assert.Equal((expectedInput, "27", "40"), (answer.Text("usage", input), answer.Text("usage", output), cached));

    /// <summary>Puts chunks together as clients do.</summary>
    private static JsonElement ChatOf((string? Name, JsonElement Data)[] events)
    {
        JsonObject message = [];
        List<JsonObject> calls = [];
        JsonArray details = [];
        string? reason = null;
        foreach (var delta in events.Select(one => one.Data).Where(data => data.GetProperty("choices").GetArrayLength() > 0).Select(data => data.GetProperty("choices")[0]))
        {
            reason = delta.Text("finish_reason") ?? reason;
            foreach (var field in delta.GetProperty("delta").EnumerateObject())
            {
                if (field.Value.ValueKind == JsonValueKind.String)
                {
                    message[field.Name] = (field.Name == "role" ? "" : message[field.Name]?.GetValue<string>()) + field.Value.GetString();
                }
                else if (field.Name == "reasoning_details")
                {
                    details.Add(JsonNode.Parse(field.Value[0].GetRawText()));
                }
                else if (field.Name == "tool_calls")
                {
                    var piece = field.Value[0];
                    if (piece.GetProperty("index").GetInt32() == calls.Count)
                    {
                        calls.Add(JsonNode.Parse(piece.GetRawText())!.AsObject());
                    }
                    else
                    {
                        var function = calls[piece.GetProperty("index").GetInt32()]["function"]!;
                        function["arguments"] = function["arguments"]!.GetValue<string>() + piece.Text("function", "arguments");
                    }
                }
            }
        }

        message["tool_calls"] = new JsonArray([.. calls]);
        message["reasoning_details"] = details;
        var answer = new JsonObject
        {
            ["id"] = events[0].Data.Text("id"), ["model"] = events[0].Data.Text("model"), ["usage"] = JsonNode.Parse(events[^1].Data.GetProperty("usage").GetRawText()),
            ["choices"] = new JsonArray(new JsonObject { ["message"] = message, ["finish_reason"] = reason }),
        };
        return JsonElement.Parse(answer.ToJsonString());
    }

    /// <summary>Puts events together as Anthropic's clients do.</summary>
    private static JsonElement MessageOf((string? Name, JsonElement Data)[] events)
    {
        Assert.All(events, one => Assert.Equal(one.Name, one.Data.Text("type")));
        Assert.Equal(("message_start", "message_stop"), (events[0].Name, events[^1].Name));
        var message = JsonNode.Parse(events[0].Data.GetProperty("message").GetRawText())!.AsObject();
        List<(JsonObject Block, StringBuilder Input)> blocks = [];
        foreach (var (name, data) in events)
        {
            switch (name)
            {
                case "content_block_start":
                    Assert.Equal(blocks.Count, data.GetProperty("index").GetInt32());
                    blocks.Add((JsonNode.Parse(data.GetProperty("content_block").GetRawText())!.AsObject(), new StringBuilder()));
                    break;
                case "content_block_delta":
                    var (block, input) = blocks[data.GetProperty("index").GetInt32()];
                    foreach (var field in data.GetProperty("delta").EnumerateObject().Where(field => field.Name != "type"))
                    {
                        if (field.Name == "partial_json")
                        {
                            input.Append(field.Value.GetString());
                        }
                        else
                        {
                            block[field.Name] = block[field.Name]?.GetValue<string>() + field.Value.GetString();
                        }
                    }

                    break;
                case "message_delta":
                    message["stop_reason"] = data.Text("delta", "stop_reason");
                    message["usage"] = JsonNode.Parse(data.GetProperty("usage").GetRawText());
                    break;
            }
        }

        foreach (var (block, input) in blocks.Where(block => block.Input.Length > 0))
        {
            block["input"] = JsonNode.Parse(input.ToString());
        }

        message["content"] = new JsonArray([.. blocks.Select(block => block.Block)]);
        return JsonElement.Parse(message.ToJsonString());
    }

    /// <summary>The last event has the whole response; those before it say the same piece by piece.</summary>
    private static JsonElement ResponseOf((string? Name, JsonElement Data)[] events)
    {
        Assert.All(events, one => Assert.Equal(one.Name, one.Data.Text("type")));
        Assert.Equal(Enumerable.Range(0, events.Length), events.Select(one => one.Data.GetProperty("sequence_number").GetInt32()));
        Assert.Equal(("response.created", "response.in_progress", "response.completed"), (events[0].Name, events[1].Name, events[^1].Name));
        var response = events[^1].Data.GetProperty("response");
        Assert.Single(events.Where(one => one.Data.TryGetProperty("response", out _)).Select(one => one.Data.Text("response", "id")).Distinct());
        Assert.Equal(
            response.GetProperty("output").EnumerateArray().Select(item => item.GetRawText()),
            events.Where(one => one.Name == "response.output_item.done").Select(one => one.Data.GetProperty("item").GetRawText()));
        foreach (var item in response.GetProperty("output").EnumerateArray())
        {
            var pieces = string.Concat(events.Where(one => one.Data.Text("item_id") == item.Text("id")).Select(one => one.Data.Text("delta")));
            Assert.Equal(item.Text("content", "0", "text") ?? item.Text("summary", "0", "text") ?? item.Text("arguments") ?? "", pieces);
        }

        return response;
    }
}
