using System.Text.Json;
using MasterX.Tests.Hosts;

namespace MasterX.Tests.Gateway;

/// <summary>On a route that resumes, a stream that broke off goes on with the next candidate, and its caller sees one answer.</summary>
public sealed class ResumeTests
{
    private const string Chat = "chat/completions", Messages = BreakingPair.Messages, Responses = BreakingPair.Responses;

    /// <summary>A caller's format, whose answer breaks off, who goes on.</summary>
    public static TheoryData<string, string, string> Ways
    {
        get
        {
            var ways = new TheoryData<string, string, string>();
            foreach (var door in new[] { Chat, Messages, Responses })
            {
                foreach (var first in new[] { "openai", "anthropic", "gemini" })
                {
                    foreach (var second in new[] { "openai", "anthropic", "gemini" })
                    {
                        ways.Add(door, first, second);
                    }
                }
            }

            return ways;
        }
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task Whoever_goes_on_the_caller_sees_one_answer(string door, string first, string second)
    {
        await using var pair = await BreakingPair.StartAsync(first, [AnswerPiece.Text("Hello, "), AnswerPiece.Text("wor")], second, [AnswerPiece.Text("ld."), AnswerPiece.Finish]);

        var stream = await pair.AskAsync(door);

        Assert.Equal("Hello, world.", TextOf(door, stream));
        AssertOneAnswer(door, stream);
        Assert.Equal("Hello, wor", pair.LastTurns(second)[^2].Text);
        Assert.Equal(("user", BreakingPair.Prompt), (pair.LastTurns(second)[^1].Role, pair.LastTurns(second)[^1].Text));
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task A_thought_before_the_text_is_no_hindrance_and_stays_whose_it_was(string door, string first, string second)
    {
        await using var pair = await BreakingPair.StartAsync(first, [AnswerPiece.Thought("hm"), AnswerPiece.Text("one ")], second, [AnswerPiece.Thought("so"), AnswerPiece.Text("two"), AnswerPiece.Finish]);

        var stream = await pair.AskAsync(door);

        Assert.Equal("one two", TextOf(door, stream));
        AssertOneAnswer(door, stream);
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task What_breaks_off_while_it_thinks_is_asked_for_again(string door, string first, string second)
    {
        await using var pair = await BreakingPair.StartAsync(first, [AnswerPiece.Thought("hm")], second, [AnswerPiece.Thought("so"), AnswerPiece.Text("two"), AnswerPiece.Finish]);

        var stream = await pair.AskAsync(door);

        Assert.Equal("two", TextOf(door, stream));
        AssertOneAnswer(door, stream);
        Assert.Equal("tell", Assert.Single(pair.LastTurns(second)).Text);
    }

    [Theory]
    [InlineData("one ", " two", "one two")]
    [InlineData("one\n\n", "\ntwo", "one\n\ntwo")]
    [InlineData("one\n", "\n\ntwo", "one\n\ntwo")]
    [InlineData("one ", "two", "one two")]
    [InlineData("one", " two", "one two")]
    [InlineData("o", "ne", "one")]
    [InlineData(" \n", " \nyes", " \nyes")]
    public async Task White_space_at_the_joint_is_there_once(string before, string after, string whole)
    {
        foreach (var door in new[] { Chat, Messages })
        {
            await using var pair = await BreakingPair.StartAsync(
                "anthropic", [AnswerPiece.Text(before)], "anthropic", [.. after.Select(sign => AnswerPiece.Text(sign.ToString())), AnswerPiece.Finish], ("Continuation", "prefill"));

            Assert.Equal(whole, TextOf(door, await pair.AskAsync(door)));

            // Anthropic refuses a beginning that ends with white space, and one of white space alone.
            var last = pair.LastTurns("anthropic")[^1];
            Assert.Equal(before.Trim().Length == 0 ? ("user", "tell") : ("assistant", before.TrimEnd()), (last.Role, last.Text));
        }
    }

    [Theory]
    [InlineData("anthropic", "claude-3-5-haiku-latest", null, "assistant")]
    [InlineData("anthropic", "claude-opus-4-6", null, "user")]
    [InlineData("anthropic", "claude-opus-4-6", "prefill", "assistant")]
    [InlineData("openai", "m", null, "user")]
    [InlineData("openai", "m", "prefill", "assistant")]
    [InlineData("openai", "m", "prefix", "assistant")]
    [InlineData("openai", "m", "continue_final_message", "assistant")]
    [InlineData("gemini", "m", null, "user")]
    [InlineData("gemini", "m", "prefill", "assistant")]
    public async Task A_model_is_asked_to_go_on_as_it_can(string kind, string model, string? continuation, string lastRole)
    {
        foreach (var door in new[] { Chat, Messages })
        {
            await using var pair = await BreakingPair.StartAsync("openai", [AnswerPiece.Text("one ")], kind, [AnswerPiece.Text("two"), AnswerPiece.Finish], ("Model", model), ("Continuation", continuation));

            var stream = await pair.AskAsync(door);

            Assert.Equal("one two", TextOf(door, stream));
            Assert.Equal(lastRole, pair.LastTurns(kind)[^1].Role);
            Assert.Equal(continuation == "prefix", pair.Last["messages"]?.AsArray()[^1]!["prefix"]?.GetValue<bool>() is true);
            Assert.Equal(
                continuation == "continue_final_message" ? (true, false) : (null, (bool?)null),
                (pair.Last["continue_final_message"]?.GetValue<bool>(), pair.Last["add_generation_prompt"]?.GetValue<bool>()));
        }
    }

    [Theory]
    [InlineData(Messages, """{"thinking":{"type":"enabled","budget_tokens":1024},"max_tokens":2000}""")]
    [InlineData(Chat, """{"reasoning_effort":"low"}""")]
    public async Task Nobody_thinks_first_who_is_given_the_beginning(string door, string fields)
    {
        await using var pair = await BreakingPair.StartAsync("anthropic", [AnswerPiece.Text("one ")], "anthropic", [AnswerPiece.Text("two"), AnswerPiece.Finish], ("Model", "claude-sonnet-4-5"));

        await pair.AskAsync(door, fields);

        Assert.Equal("user", pair.LastTurns("anthropic")[^1].Role);
    }

    [Fact]
    public async Task One_who_cannot_go_on_is_passed_over()
    {
        await using var pair = await BreakingPair.StartAsync("openai", [AnswerPiece.Text("one ")], "openai", [AnswerPiece.Text("two"), AnswerPiece.Finish], ("Continuation", "none"));

        var stream = await pair.AskAsync(Chat);

        Assert.Equal("stream_interrupted", stream.Error?.Text("code"));
        Assert.Equal(0, pair.AskedSecond);
    }

    [Theory]
    [InlineData(Chat, """{"response_format":{"type":"json_object"}}""")]
    [InlineData(Chat, """{"response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{"type":"object"}}}}""")]
    [InlineData(Messages, """{"output_config":{"format":{"type":"json_schema","schema":{"type":"object"}}}}""")]
    [InlineData(Responses, """{"text":{"format":{"type":"json_object"}}}""")]
    public async Task An_answer_that_has_a_form_as_a_whole_is_not_gone_on_with(string door, string fields)
    {
        await using var pair = await BreakingPair.StartAsync("anthropic", [AnswerPiece.Text("{\"a\":")], "anthropic", [AnswerPiece.Text("1}"), AnswerPiece.Finish]);

        var stream = await pair.AskAsync(door, fields);

        Assert.NotNull(ErrorOf(stream));
        Assert.Equal(0, pair.AskedSecond);
    }

    [Theory]
    [InlineData(Chat, "openai")]
    [InlineData(Chat, "anthropic")]
    [InlineData(Messages, "openai")]
    [InlineData(Messages, "anthropic")]
    [InlineData(Responses, "gemini")]
    public async Task A_call_that_has_begun_is_not_gone_on_with(string door, string first)
    {
        await using var pair = await BreakingPair.StartAsync(first, [AnswerPiece.Text("let me see"), AnswerPiece.Call], "openai", [AnswerPiece.Text("no"), AnswerPiece.Finish]);

        var stream = await pair.AskAsync(door);

        Assert.NotNull(ErrorOf(stream));
        Assert.Equal(0, pair.AskedSecond);
    }

    /// <summary>The end of a response repeats all of it, which is not kept of one that passes as it comes.</summary>
    [Fact]
    public async Task A_response_that_passed_as_it_came_ends_with_an_error()
    {
        await using var pair = await BreakingPair.StartAsync("responses", [AnswerPiece.Text("one ")], "anthropic", [AnswerPiece.Text("two"), AnswerPiece.Finish]);

        var stream = await pair.AskAsync(Responses);

        Assert.NotNull(ErrorOf(stream));
        Assert.Equal(0, pair.AskedSecond);
    }

    [Fact]
    public async Task A_character_cut_in_two_at_the_joint_is_left_out_and_one_within_is_whole()
    {
        await using var pair = await BreakingPair.StartAsync(
            "openai", [AnswerPiece.Text("a\ud83d"), AnswerPiece.Text("\ude00b"), AnswerPiece.Text("\ud83d")], "openai", [AnswerPiece.Text("c"), AnswerPiece.Finish], ("Continuation", "prefill"));

        await pair.AskAsync(Chat);

        Assert.Equal("a\ud83d\ude00b", pair.LastTurns("openai")[^1].Text);
    }

    [Fact]
    public async Task Two_who_break_off_are_gone_on_with_by_a_third()
    {
        await using var pair = await BreakingPair.StartAsync("openai", [AnswerPiece.Text("one ")], "anthropic", [AnswerPiece.Text("two ")], ("Model", "claude-3-opus"));
        await using var third = await PieceProvider.StartAsync("openai", [AnswerPiece.Text("three"), AnswerPiece.Finish]);
        pair.Add(third);

        foreach (var door in new[] { Chat, Messages })
        {
            var stream = await pair.AskAsync(door);

            Assert.Equal("one two three", TextOf(door, stream));
            AssertOneAnswer(door, stream);
            Assert.Equal("one two", third.Turns[^2].Text);
        }
    }

    /// <summary>What the caller has not been given, nobody goes on behind.</summary>
    [Theory]
    [InlineData("openai", Chat)]
    [InlineData("openai", Messages)]
    [InlineData("anthropic", Messages)]
    [InlineData("anthropic", Chat)]
    public async Task An_event_that_was_cut_is_not_part_of_the_answer_so_far(string first, string door)
    {
        var torn = first == "openai"
            ? """{"choices":[{"index":0,"delta":{"content":"NOT "},"finish_re"""
            : """{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"NOT "},"x""";
        await using var pair = await BreakingPair.StartAsync(first, [AnswerPiece.Text("It is "), new("raw", torn)], "openai", [AnswerPiece.Text("safe."), AnswerPiece.Finish], ("Continuation", "prefill"));

        var stream = await pair.AskAsync(door);

        Assert.Equal("It is safe.", TextOf(door, stream));
        Assert.Equal("It is", pair.LastTurns("openai")[^1].Text);
    }

    /// <summary>Of one that fails before it has said anything the caller would miss, nothing stays in what the next one writes.</summary>
    [Theory]
    [InlineData(Chat)]
    [InlineData(Messages)]
    [InlineData(Responses)]
    public async Task One_that_fails_in_between_leaves_nothing_behind(string door)
    {
        await using var pair = await BreakingPair.StartAsync(
            "openai", [AnswerPiece.Text("Hello, ")], "anthropic",
            [
                new("raw", """{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}"""),
                new("raw", """{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"S"}}"""),
            ]);
        await using var third = await PieceProvider.StartAsync("openai", [AnswerPiece.Text("world."), AnswerPiece.Finish]);
        pair.Add(third);

        var stream = await pair.AskAsync(door);

        Assert.Equal("Hello, world.", TextOf(door, stream));
        AssertOneAnswer(door, stream);
        Assert.DoesNotContain(stream.Events, data => data.Contains("reasoning", StringComparison.Ordinal) || data.Contains("thinking", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Half_a_character_within_is_no_text_to_go_on_with_and_nothing_breaks()
    {
        foreach (var door in new[] { Chat, Messages })
        {
            await using var pair = await BreakingPair.StartAsync(door == Chat ? "openai" : "anthropic", [AnswerPiece.Text("Hi \ud83d"), AnswerPiece.Text("abc ")], door == Chat ? "openai" : "anthropic", [AnswerPiece.Text("d"), AnswerPiece.Finish], ("Continuation", "prefill"));

            Assert.Null(ErrorOf(await pair.AskAsync(door)));
            Assert.Equal("Hi \ufffdabc", pair.LastTurns(door == Chat ? "openai" : "anthropic")[^1].Text);
        }
    }

    [Theory]
    [InlineData("""{"response_format":{"type":"\ud800"}}""")]
    [InlineData("""{"reasoning_effort":"\ud800"}""")]
    public async Task A_request_with_half_a_character_ends_in_an_error_event_or_goes_on(string fields)
    {
        await using var pair = await BreakingPair.StartAsync("openai", [AnswerPiece.Text("one ")], "openai", [AnswerPiece.Text("two"), AnswerPiece.Finish]);

        var stream = await pair.AskRawAsync($$"""{"model":"route","stream":true,"messages":[{"role":"user","content":"tell"}],{{fields[1..]}}""");

        Assert.True(stream.Error is not null || stream.IsWhole);
    }

    [Fact]
    public async Task A_caller_who_says_how_a_turn_goes_on_is_not_contradicted_by_a_second_word_of_it()
    {
        await using var pair = await BreakingPair.StartAsync("openai", [AnswerPiece.Text("one ")], "openai", [AnswerPiece.Text("two"), AnswerPiece.Finish], ("Continuation", "continue_final_message"));

        await pair.AskAsync(Chat, """{"continue_final_message":false,"add_generation_prompt":true}""");

        Assert.Equal((true, false), (pair.Last["continue_final_message"]!.GetValue<bool>(), pair.Last["add_generation_prompt"]!.GetValue<bool>()));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_the_one_who_goes_on_was_not_told_and_who_it_was_is_in_the_record(bool cached)
    {
        await using var pair = await BreakingPair.StartAsync("openai", [AnswerPiece.Text("one ")], "anthropic", [AnswerPiece.Text("two"), AnswerPiece.Finish], ("Cache", cached ? "00:05:00" : null));

        pair.Gateway.Http.DefaultRequestHeaders.Add("x-masterx-call", "c");

        await pair.AskTextAsync("""{"model":"route","stream":true,"seed":7,"messages":[{"role":"user","content":"tell"}]}""");

        var record = await pair.Gateway.RecordAsync("c");
        Assert.Equal("seed", record.Text("ignored", "0"));
        Assert.Equal(["a broken_answer", "b success"], record.GetProperty("attempts").EnumerateArray().Select(attempt => $"{attempt.Text("provider")} {attempt.Text("outcome")}"));
    }

    private static string TextOf(string door, ChatStream stream) => door switch
    {
        Chat => stream.Text,
        Messages => string.Concat(stream.Chunks.Where(chunk => chunk.Text("type") == "content_block_delta").Select(chunk => chunk.Text("delta", "text"))),
        _ => string.Concat(stream.Chunks.Where(chunk => chunk.Text("type") == "response.output_text.delta").Select(chunk => chunk.Text("delta"))),
    };

    private static JsonElement? ErrorOf(ChatStream stream) =>
        stream.Error ?? stream.Chunks.Select(chunk => (JsonElement?)chunk).FirstOrDefault(chunk => chunk!.Value.Text("type") is "error" or "response.failed");

    /// <summary>Begun once, ended once, and everything in between in its place.</summary>
    private static void AssertOneAnswer(string door, ChatStream stream)
    {
        Assert.Null(ErrorOf(stream));
        JsonElement[] chunks = [.. stream.Chunks];
        switch (door)
        {
            case Chat:
                Assert.True(stream.IsWhole);
                Assert.Single(stream.FinishReasons);
                Assert.Single(chunks, chunk => chunk.Text("choices", "0", "delta", "role") is not null);
                break;
            case Messages:
                Assert.Equal("message_start", chunks[0].Text("type"));
                Assert.Equal(["message_delta", "message_stop"], chunks[^2..].Select(chunk => chunk.Text("type")));
                Assert.Single(chunks, chunk => chunk.Text("type") == "message_start");
                AssertBlocks(chunks);
                break;
            default:
                Assert.Equal(Enumerable.Range(0, chunks.Length), chunks.Select(chunk => chunk.GetProperty("sequence_number").GetInt32()));
                Assert.Single(chunks, chunk => chunk.Text("type") == "response.created");
                Assert.Equal("response.completed", chunks[^1].Text("type"));
                Assert.Equal(TextOf(Responses, stream), string.Concat(
                    chunks[^1].GetProperty("response").GetProperty("output").EnumerateArray().Where(item => item.Text("type") == "message").Select(item => item.Text("content", "0", "text"))));
                break;
        }
    }

    /// <summary>Blocks are begun in order, added to while they are open, and ended.</summary>
    private static void AssertBlocks(JsonElement[] events)
    {
        var (index, open) = (-1, (string?)null);
        foreach (var one in events)
        {
            switch (one.Text("type"))
            {
                case "content_block_start":
                    Assert.Null(open);
                    Assert.Equal(++index, one.GetProperty("index").GetInt32());
                    open = one.Text("content_block", "type");
                    break;
                case "content_block_delta":
                    Assert.Equal(index, one.GetProperty("index").GetInt32());
                    Assert.StartsWith(open!, one.Text("delta", "type"), StringComparison.Ordinal);
                    break;
                case "content_block_stop":
                    Assert.Equal(index, one.GetProperty("index").GetInt32());
                    Assert.NotNull(open);
                    open = null;
                    break;
            }
        }

        Assert.Null(open);
    }
}
