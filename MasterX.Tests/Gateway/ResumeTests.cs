using System.Text.Json;
using System.Text.Json.Nodes;
using MasterX.Tests.Hosts;
using Microsoft.AspNetCore.Http;

namespace MasterX.Tests.Gateway;

/// <summary>On a route that resumes, a stream that broke off goes on with the next candidate, and its caller sees one answer.</summary>
public sealed class ResumeTests
{
    private const string Chat = "chat/completions", Messages = "messages", Responses = "responses";

    private const string Prompt = "Go on, please.";

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
        await using var pair = await Pair.StartAsync(first, [Piece.Text("Hello, "), Piece.Text("wor")], second, [Piece.Text("ld."), Piece.Finish]);

        var stream = await pair.AskAsync(door);

        Assert.Equal("Hello, world.", TextOf(door, stream));
        AssertOneAnswer(door, stream);
        Assert.Equal("Hello, wor", pair.LastTurns(second)[^2].Text);
        Assert.Equal(("user", Prompt), (pair.LastTurns(second)[^1].Role, pair.LastTurns(second)[^1].Text));
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task A_thought_before_the_text_is_no_hindrance_and_stays_whose_it_was(string door, string first, string second)
    {
        await using var pair = await Pair.StartAsync(first, [Piece.Thought("hm"), Piece.Text("one ")], second, [Piece.Thought("so"), Piece.Text("two"), Piece.Finish]);

        var stream = await pair.AskAsync(door);

        Assert.Equal("one two", TextOf(door, stream));
        AssertOneAnswer(door, stream);
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task What_breaks_off_while_it_thinks_is_asked_for_again(string door, string first, string second)
    {
        await using var pair = await Pair.StartAsync(first, [Piece.Thought("hm")], second, [Piece.Thought("so"), Piece.Text("two"), Piece.Finish]);

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
            await using var pair = await Pair.StartAsync(
                "anthropic", [Piece.Text(before)], "anthropic", [.. after.Select(sign => Piece.Text(sign.ToString())), Piece.Finish], ("Continuation", "prefill"));

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
            await using var pair = await Pair.StartAsync("openai", [Piece.Text("one ")], kind, [Piece.Text("two"), Piece.Finish], ("Model", model), ("Continuation", continuation));

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
        await using var pair = await Pair.StartAsync("anthropic", [Piece.Text("one ")], "anthropic", [Piece.Text("two"), Piece.Finish], ("Model", "claude-sonnet-4-5"));

        await pair.AskAsync(door, fields);

        Assert.Equal("user", pair.LastTurns("anthropic")[^1].Role);
    }

    [Fact]
    public async Task One_who_cannot_go_on_is_passed_over()
    {
        await using var pair = await Pair.StartAsync("openai", [Piece.Text("one ")], "openai", [Piece.Text("two"), Piece.Finish], ("Continuation", "none"));

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
        await using var pair = await Pair.StartAsync("anthropic", [Piece.Text("{\"a\":")], "anthropic", [Piece.Text("1}"), Piece.Finish]);

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
        await using var pair = await Pair.StartAsync(first, [Piece.Text("let me see"), Piece.Call], "openai", [Piece.Text("no"), Piece.Finish]);

        var stream = await pair.AskAsync(door);

        Assert.NotNull(ErrorOf(stream));
        Assert.Equal(0, pair.AskedSecond);
    }

    /// <summary>The end of a response repeats all of it, which is not kept of one that passes as it comes.</summary>
    [Fact]
    public async Task A_response_that_passed_as_it_came_ends_with_an_error()
    {
        await using var pair = await Pair.StartAsync("responses", [Piece.Text("one ")], "anthropic", [Piece.Text("two"), Piece.Finish]);

        var stream = await pair.AskAsync(Responses);

        Assert.NotNull(ErrorOf(stream));
        Assert.Equal(0, pair.AskedSecond);
    }

    [Fact]
    public async Task A_character_cut_in_two_at_the_joint_is_left_out_and_one_within_is_whole()
    {
        await using var pair = await Pair.StartAsync(
            "openai", [Piece.Text("a\ud83d"), Piece.Text("\ude00b"), Piece.Text("\ud83d")], "openai", [Piece.Text("c"), Piece.Finish], ("Continuation", "prefill"));

        await pair.AskAsync(Chat);

        Assert.Equal("a\ud83d\ude00b", pair.LastTurns("openai")[^1].Text);
    }

    [Fact]
    public async Task Two_who_break_off_are_gone_on_with_by_a_third()
    {
        await using var pair = await Pair.StartAsync("openai", [Piece.Text("one ")], "anthropic", [Piece.Text("two ")], ("Model", "claude-3-opus"));
        await using var third = await Scripted.StartAsync("openai", [Piece.Text("three"), Piece.Finish]);
        await pair.AddAsync(third);

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
        await using var pair = await Pair.StartAsync(first, [Piece.Text("It is "), new("raw", torn)], "openai", [Piece.Text("safe."), Piece.Finish], ("Continuation", "prefill"));

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
        await using var pair = await Pair.StartAsync(
            "openai", [Piece.Text("Hello, ")], "anthropic",
            [
                new("raw", """{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}"""),
                new("raw", """{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"S"}}"""),
            ]);
        await using var third = await Scripted.StartAsync("openai", [Piece.Text("world."), Piece.Finish]);
        await pair.AddAsync(third);

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
            await using var pair = await Pair.StartAsync(door == Chat ? "openai" : "anthropic", [Piece.Text("Hi \ud83d"), Piece.Text("abc ")], door == Chat ? "openai" : "anthropic", [Piece.Text("d"), Piece.Finish], ("Continuation", "prefill"));

            Assert.Null(ErrorOf(await pair.AskAsync(door)));
            Assert.Equal("Hi \ufffdabc", pair.LastTurns(door == Chat ? "openai" : "anthropic")[^1].Text);
        }
    }

    [Theory]
    [InlineData("""{"response_format":{"type":"\ud800"}}""")]
    [InlineData("""{"reasoning_effort":"\ud800"}""")]
    public async Task A_request_with_half_a_character_ends_in_an_error_event_or_goes_on(string fields)
    {
        await using var pair = await Pair.StartAsync("openai", [Piece.Text("one ")], "openai", [Piece.Text("two"), Piece.Finish]);

        var stream = await pair.AskRawAsync($$"""{"model":"route","stream":true,"messages":[{"role":"user","content":"tell"}],{{fields[1..]}}""");

        Assert.True(stream.Error is not null || stream.IsWhole);
    }

    [Fact]
    public async Task A_caller_who_says_how_a_turn_goes_on_is_not_contradicted_by_a_second_word_of_it()
    {
        await using var pair = await Pair.StartAsync("openai", [Piece.Text("one ")], "openai", [Piece.Text("two"), Piece.Finish], ("Continuation", "continue_final_message"));

        await pair.AskAsync(Chat, """{"continue_final_message":false,"add_generation_prompt":true}""");

        Assert.Equal((true, false), (pair.Last["continue_final_message"]!.GetValue<bool>(), pair.Last["add_generation_prompt"]!.GetValue<bool>()));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_the_one_who_goes_on_was_not_told_and_who_it_was_is_said_at_the_end(bool cached)
    {
        await using var pair = await Pair.StartAsync("openai", [Piece.Text("one ")], "anthropic", [Piece.Text("two"), Piece.Finish], ("Cache", cached ? "00:05:00" : null));

        var text = await pair.AskTextAsync("""{"model":"route","stream":true,"seed":7,"messages":[{"role":"user","content":"tell"}]}""");

        Assert.Contains("x-masterx-ignored=seed", text, StringComparison.Ordinal);
        Assert.Contains("x-masterx-provider=b; x-masterx-model=m; x-masterx-attempt-list=a;model=\"m\";outcome=broken_answer;", text, StringComparison.Ordinal);
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

    /// <summary>A piece of an answer, in every provider's words.</summary>
    private sealed record Piece(string Kind, string Said = "")
    {
        public static Piece Finish => new("finish");

        public static Piece Call => new("call");

        public static Piece Text(string text) => new("text", text);

        public static Piece Thought(string text) => new("thought", text);
    }

    /// <summary>A provider that says its pieces, and then lets go of the connection.</summary>
    private sealed class Scripted : IAsyncDisposable
    {
        private readonly string _kind;
        private ScriptedProvider? _provider;

        private Scripted(string kind) => _kind = kind;

        public string Kind => _kind == "responses" ? "openai" : _kind;

        public bool IsChat => _kind == "openai";

        public string Url => _provider!.Url;

        public int Asked { get; private set; }

        public JsonNode Last { get; private set; } = new JsonObject();

        /// <summary>Of the last request, without instructions.</summary>
        public IReadOnlyList<(string Role, string Text)> Turns =>
            Kind == "gemini"
                ? [.. Last["contents"]!.AsArray().Select(turn => ((string)turn!["role"]! == "model" ? "assistant" : "user", string.Concat(turn["parts"]!.AsArray().Select(part => (string?)part!["text"]))))]
                : [.. Last["messages"]!.AsArray().Select(turn => ((string)turn!["role"]!, turn["content"] is JsonArray parts ? string.Concat(parts.Select(part => (string?)part!["text"])) : (string)turn["content"]!))];

        public static async Task<Scripted> StartAsync(string kind, Piece[] pieces)
        {
            var scripted = new Scripted(kind);
            scripted._provider = await ScriptedProvider.StartAsync(async context =>
            {
                scripted.Asked++;
                scripted.Last = (await JsonNode.ParseAsync(context.Request.Body, cancellationToken: context.RequestAborted))!;
                context.Response.ContentType = "text/event-stream";
                foreach (var frame in Frames(kind, pieces))
                {
                    // One that is cut ends with the connection, and not with an empty line.
                    await context.Response.WriteAsync($"data: {frame}{(frame.EndsWith('}') || frame.EndsWith(']') ? "\n\n" : "")}", context.RequestAborted);
                }
            });
            return scripted;
        }

        public async ValueTask DisposeAsync() => await _provider!.DisposeAsync();

        private static IEnumerable<string> Frames(string kind, Piece[] pieces)
        {
            if (kind == "anthropic")
            {
                yield return """{"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"c","content":[],"usage":{"input_tokens":3,"output_tokens":1}}}""";
                var (index, open) = (-1, "");
                foreach (var piece in pieces)
                {
                    if (piece.Kind == "raw")
                    {
                        yield return piece.Said;
                        continue;
                    }

                    if (piece.Kind != open && open.Length > 0)
                    {
                        yield return $$"""{"type":"content_block_stop","index":{{index}}}""";
                        open = "";
                    }

                    if (piece.Kind == "finish")
                    {
                        yield return """{"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":2}}""";
                        yield return """{"type":"message_stop"}""";
                        yield break;
                    }

                    if (open.Length == 0)
                    {
                        (index, open) = (index + 1, piece.Kind);
                        yield return piece.Kind switch
                        {
                            "text" => $$$"""{"type":"content_block_start","index":{{{index}}},"content_block":{"type":"text","text":""}}""",
                            "thought" => $$$"""{"type":"content_block_start","index":{{{index}}},"content_block":{"type":"thinking","thinking":"","signature":""}}""",
                            _ => $$$"""{"type":"content_block_start","index":{{{index}}},"content_block":{"type":"tool_use","id":"toolu_1","name":"f","input":{} }}""",
                        };
                    }

                    if (piece.Kind != "call")
                    {
                        var (type, field) = piece.Kind == "text" ? ("text_delta", "text") : ("thinking_delta", "thinking");
                        yield return $$$"""{"type":"content_block_delta","index":{{{index}}},"delta":{"type":"{{{type}}}","{{{field}}}":{{{Json(piece.Said)}}}}}""";
                    }
                }

                yield break;
            }

            if (kind == "responses")
            {
                yield return """{"type":"response.created","sequence_number":0,"response":{"id":"resp_1","object":"response","status":"in_progress","output":[]}}""";
            }

            var isFirst = true;
            foreach (var piece in pieces)
            {
                var role = isFirst ? "\"role\":\"assistant\"," : "";
                isFirst = false;
                yield return (kind, piece.Kind) switch
                {
                    (_, "raw") => piece.Said,
                    ("openai", "finish") => """{"id":"c","object":"chat.completion.chunk","model":"m","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}""",
                    ("openai", "call") => """{"id":"c","object":"chat.completion.chunk","model":"m","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"call_1","type":"function","function":{"name":"f","arguments":""}}]},"finish_reason":null}]}""",
                    ("openai", var said) => $$"""{"id":"c","object":"chat.completion.chunk","model":"m","choices":[{"index":0,"delta":{{{role}}"{{(said == "text" ? "content" : "reasoning_content")}}":{{Json(piece.Said)}}},"finish_reason":null}]}""",
                    ("gemini", "finish") => """{"candidates":[{"content":{"role":"model","parts":[]},"finishReason":"STOP","index":0}],"usageMetadata":{"promptTokenCount":3,"candidatesTokenCount":2}}""",
                    ("gemini", "call") => """{"candidates":[{"content":{"role":"model","parts":[{"functionCall":{"name":"f","args":{}}}]},"index":0}]}""",
                    ("gemini", var said) => $$"""{"candidates":[{"content":{"role":"model","parts":[{"text":{{Json(piece.Said)}}{{(said == "thought" ? ",\"thought\":true" : "")}}}]},"index":0}]}""",
                    _ => $$"""{"type":"response.output_text.delta","sequence_number":1,"item_id":"msg_1","output_index":0,"content_index":0,"delta":{{Json(piece.Said)}}}""",
                };
            }

            if (kind == "openai" && pieces[^1].Kind == "finish")
            {
                yield return "[DONE]";
            }
        }

        /// <summary>With halves of characters as providers send them, escaped.</summary>
        private static string Json(string text) =>
            string.Concat(text.Select(sign => sign is < ' ' or '"' or '\\' || char.IsSurrogate(sign) ? $"\\u{(int)sign:x4}" : sign.ToString())) is var escaped ? $"\"{escaped}\"" : "";
    }

    /// <summary>A gateway with a route of two providers, of which the first breaks off.</summary>
    private sealed class Pair(Scripted first, Scripted second, (string Name, string? Value)[] settings) : IAsyncDisposable
    {
        private GatewayHost? _gateway;
        private Scripted? _third;

        public int AskedSecond => second.Asked;

        public JsonNode Last => second.Last;

        public static async Task<Pair> StartAsync(string first, Piece[] said, string second, Piece[] rest, params (string Name, string? Value)[] settings) =>
            new(await Scripted.StartAsync(first, said), await Scripted.StartAsync(second, rest), settings);

        public Task AddAsync(Scripted third)
        {
            _third = third;
            return Task.CompletedTask;
        }

        public IReadOnlyList<(string Role, string Text)> LastTurns(string kind)
        {
            Assert.Equal(kind, second.Kind);
            return second.Turns;
        }

        public async Task<ChatStream> AskAsync(string door, string fields = "{}")
        {
            _gateway ??= new GatewayHost([.. Settings()]);
            var request = JsonNode.Parse(fields)!.AsObject();
            (request["model"], request["stream"]) = ("route", true);
            request["max_tokens"] ??= door == Messages ? 100 : null;
            request[door == Responses ? "input" : "messages"] = door == Responses ? "tell" : new JsonArray(new JsonObject { ["role"] = "user", ["content"] = "tell" });
            foreach (var name in request.Where(field => field.Value is null).Select(field => field.Key).ToArray())
            {
                request.Remove(name);
            }

            return await ChatStream.ReadAsync(_gateway.Http, request, $"/v1/{door}");
        }

        public Task<ChatStream> AskRawAsync(string body)
        {
            _gateway ??= new GatewayHost([.. Settings()]);
            return ChatStream.ReadAsync(_gateway.Http, new StringContent(body, System.Text.Encoding.UTF8, "application/json"));
        }

        public async Task<string> AskTextAsync(string body)
        {
            _gateway ??= new GatewayHost([.. Settings()]);
            using var content = new StringContent(body, System.Text.Encoding.UTF8, "application/json");
            using var answer = await _gateway.Http.PostAsync(new Uri("/v1/chat/completions", UriKind.Relative), content, TestContext.Current.CancellationToken);
            return await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        }

        public async ValueTask DisposeAsync()
        {
            if (_gateway is not null)
            {
                await _gateway.DisposeAsync();
            }

            await first.DisposeAsync();
            await second.DisposeAsync();
        }

        private IEnumerable<(string, string?)> Settings()
        {
            var model = settings.FirstOrDefault(setting => setting.Name == "Model").Value ?? "m";
            yield return ("Gateway:ResumePrompt", Prompt);
            yield return ("Gateway:Routes:route:Resume", "true");
            foreach (var (name, provider, index) in new[] { ("a", first, 0), ("b", second, 1), ("c", _third, 2) })
            {
                if (provider is null)
                {
                    continue;
                }

                yield return ($"Gateway:Providers:{name}:Kind", provider.Kind);
                yield return ($"Gateway:Providers:{name}:BaseUrl", provider.Url);
                yield return ($"Gateway:Providers:{name}:ApiKey", "k");
                yield return ($"Gateway:Routes:route:Candidates:{index}", $"{name}/{(name == "b" ? model : "m")}");
            }

            if (first.Kind == "openai" && first.IsChat)
            {
                yield return ("Gateway:Providers:a:ResponsesApi", "false");
            }

            if (settings.FirstOrDefault(setting => setting.Name == "Cache").Value is { } cache)
            {
                yield return ("Gateway:Routes:route:Cache", cache);
            }

            if (settings.FirstOrDefault(setting => setting.Name == "Continuation").Value is { } continuation)
            {
                yield return ($"Gateway:Providers:b:Continuations:{model}", continuation);
            }
        }
    }
}
