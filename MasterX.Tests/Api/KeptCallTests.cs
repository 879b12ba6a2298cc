using System.Net;
using System.Text;
using System.Text.Json;
using MasterX.Api.OpenAi;
using MasterX.Tests.Hosts;

namespace MasterX.Tests.Api;

/// <summary>Calls of <c>/v1</c> in the history, where their project asks for it.</summary>
public sealed class KeptCallTests
{
    private static readonly object[] Turns = [new { role = "user", content = "an earlier question" }, new { role = "assistant", content = "an answer" }, new { role = "user", content = "the question" }];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<string, object, string?> Doors => new()
    {
        { "/v1/chat/completions", new { model = "openai/m", messages = Turns.Prepend(new { role = "system", content = "the system" }) }, "the system" },
        { "/v1/chat/completions", new { model = "openai/m", messages = Turns, stream = true }, null },
        { "/v1/messages", new { model = "anthropic/m", max_tokens = 99, messages = Turns, system = new[] { new { type = "text", text = "the system" } } }, "the system" },
        { "/v1/messages", new { model = "anthropic/m", max_tokens = 99, messages = Turns, stream = true }, null },
        { "/v1/responses", new { model = "openai/m", input = "the question", instructions = "the system" }, "the system" },
        { "/v1/responses", new { model = "openai/m", input = Turns, stream = true }, null },
    };

    [Theory]
    [MemberData(nameof(Doors))]
    public async Task A_call_is_in_the_history_as_it_was_heard_and_booked(string path, object question, string? system)
    {
        await using var api = new ApiHost();
        using var consumer = await MakeMemberAsync(api, keeps: true);

        using var answer = await consumer.SendAsync("POST", path, question, [("Idempotency-Key", "once")]);
        var said = await answer.Content.ReadAsStringAsync(Token);
        Assert.True(answer.IsSuccessStatusCode, said);
        using var again = await consumer.SendAsync("POST", path, question, [("Idempotency-Key", "once")]);
        Assert.Equal(said, await again.Content.ReadAsStringAsync(Token));
        var usage = await consumer.GetJsonAsync("/api/usage");

        var kept = Assert.Single((await consumer.GetJsonAsync("/api/ai/generations")).GetProperty("items").EnumerateArray());
        var model = JsonSerializer.SerializeToElement(question).Text("model")!;
        Assert.Equal(("the question", system, model, "m"), (kept.Text("prompt"), kept.Text("system"), kept.Text("requested_model"), kept.Text("model")));
        Assert.Equal((model.Split('/')[0], "stop", "True", "False"), (kept.Text("provider"), kept.Text("finish_reason"), kept.Text("success"), kept.Text("interrupted")));
        Assert.Contains("the question", kept.Text("content")!, StringComparison.Ordinal);
        Assert.Equal((usage.Text("total", "input_tokens"), usage.Text("total", "output_tokens")), (kept.Text("usage", "input_tokens"), kept.Text("usage", "output_tokens")));
        Assert.Equal("success", kept.Text("attempts", "0", "outcome"));
    }

    [Fact]
    public async Task Nothing_is_kept_that_nobody_asked_to_keep_or_that_was_not_answered()
    {
        await using var api = new ApiHost();
        using var consumer = await MakeMemberAsync(api, keeps: false);
        using var keeper = await MakeMemberAsync(api, keeps: true);

        using var answer = await consumer.SendAsync("POST", "/v1/chat/completions", new { model = "openai/m", messages = Turns });
        using var vectors = await keeper.SendAsync("POST", "/v1/embeddings", new { model = "openai/m", input = "a text" });
        using var refused = await keeper.SendAsync("POST", "/v1/chat/completions", new { model = "none/such", messages = Turns });

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK, HttpStatusCode.NotFound), (answer.StatusCode, vectors.StatusCode, refused.StatusCode));
        Assert.Equal("2", (await api.Http.GetJsonAsync("/api/usage")).Text("total", "requests"));
        Assert.Empty((await api.Http.GetJsonAsync("/api/ai/generations")).GetProperty("items").EnumerateArray());
    }

    [Fact]
    public async Task Of_a_stream_whose_caller_leaves_is_kept_what_it_has_heard()
    {
        await using var api = new ApiHost();
        using var consumer = await MakeMemberAsync(api, keeps: true);
        await api.Emulator.BreakAsync("openai", new { trickle_ms = 100 });

        // The answer has the question in it, and is far from its end when its caller leaves.
        var question = new { model = "openai/m", messages = new[] { new { role = "user", content = string.Join(' ', Enumerable.Repeat("word", 2000)) } }, stream = true };
        using (var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = new StringContent(JsonSerializer.Serialize(question), Encoding.UTF8, "application/json") })
        using (var answer = await consumer.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Token))
        using (var lines = new StreamReader(await answer.Content.ReadAsStreamAsync(Token)))
        {
            while (await lines.ReadLineAsync(Token) is { } line && !line.Contains("emulated", StringComparison.Ordinal))
            {
                // Until something was said.
            }
        }

        await ApiCalls.UntilAsync(async () => (await consumer.GetJsonAsync("/api/ai/generations")).GetProperty("items").GetArrayLength() == 1, "it is kept");
        var kept = (await consumer.GetJsonAsync("/api/ai/generations")).GetProperty("items")[0];
        Assert.Equal(("False", "True", ""), (kept.Text("success"), kept.Text("interrupted"), kept.Text("finish_reason") ?? ""));
        Assert.StartsWith("[emulated", kept.Text("content"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_body_that_is_none_says_nothing()
    {
        foreach (var body in new[] { "", "7", "[]", "{\"messages\":7}", "{\"messages\":[7,{\"role\":\"user\"}]}" })
        {
            Assert.Equal(("", null), ForwardedText.OfRequest(Encoding.UTF8.GetBytes(body)));
        }

        // Half of a character, as escapes and as bytes: what nobody can read ends nobody's answer.
        using var half = JsonDocument.Parse("""{"choices":[{"delta":{"content":"\ud83d"}}]}""");
        using var cut = JsonDocument.Parse((ReadOnlyMemory<byte>)(byte[])[.. """{"choices":[{"delta":{"content":"x"""u8, 0xC3, .. "\"}}]}"u8]);
        Assert.Equal("\uFFFD", ForwardedText.OfEvent(half.RootElement).Text);
        Assert.Equal("\uFFFD", ForwardedText.OfEvent(cut.RootElement).Text);

        // The same as a name, as long as one that is looked for.
        const string Name = """{"\ud83dxxxxxxxxxxxxxxxxxxxxxxxx":1,"choices":[{"delta":{"content":"x"},"message":{"content":"x"}}],"messages":[{"role":"user","content":"x"}]}""";
        using var named = JsonDocument.Parse(Name);
        Assert.Null(Record.Exception(() => (ForwardedText.OfEvent(named.RootElement), ForwardedText.OfAnswer(named.RootElement), ForwardedText.OfRequest(Encoding.UTF8.GetBytes(Name)))));
    }

    private static async Task<HttpClient> MakeMemberAsync(ApiHost api, bool keeps)
    {
        await api.WaitReadyAsync();
        using var project = await api.Http.SendAsync("POST", "/api/projects", new { name = "p", keep_generations = keeps });
        return (await api.MakeKeyAsync(new { project_id = (await project.JsonAsync()).Text("id") })).Client;
    }
}
