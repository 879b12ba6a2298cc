using System.Collections.Concurrent;
using System.Net.Http.Json;
using System.Text.Json;
using MasterX.AiGateway.Caching;
using MasterX.AiGateway.Calls;
using MasterX.Tests.Hosts;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace MasterX.Tests.Gateway;

/// <summary>
/// Every attempt's tokens are in the record of its call, once, however the attempt ends; by the provider's count wherever that was heard to
/// the end, and by an estimate that says so where it was not.
/// </summary>
public sealed class CallRecordTests
{
    private const string Chunk = """data: {"choices":[{"index":0,"delta":{"content":"12345678"}}]}""" + "\n\n";
    private const string Usage = """data: {"choices":[],"usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15}}""" + "\n\n";
    private const string Finish = """data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}""" + "\n\n";
    private const string Done = "data: [DONE]\n\n";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>What the first provider does; what the call's record says of it: outcome, input and output tokens (-1: an estimate), or nothing.</summary>
    public static TheoryData<string, bool, string> Ends => new()
    {
        { "whole", false, "success 10 5" },
        { "uncounted", false, "success -1 -1" },
        { "whole", true, "success 10 5" },
        { "uncounted", true, "success -1 -1" },
        { "refused", false, "" },
        { "refused", true, "" },
        { "failed", false, "" },
        { "failed", true, "" },
        { "failed-inside", true, "" },
        { "unreachable", false, "" },
        { "cut", false, "broken_answer -1 0" },
        { "cut", true, "broken_answer -1 0" },
        { "no-json", false, "broken_answer -1 0" },
        { "silent", false, "timed_out -1 0" },
        { "silent", true, "timed_out -1 0" },
        { "broken-off", true, "broken_answer -1 2" },
        { "counted-and-broken-off", true, "broken_answer 10 5" },
        { "leaves", false, "abandoned -1 0" },
        { "leaves", true, "abandoned -1 0" },
        { "leaves-in-the-middle", true, "abandoned -1 2" },
    };

    [Theory]
    [MemberData(nameof(Ends))]
    public async Task What_an_attempt_has_spent_is_noted_once_however_it_ends(string end, bool stream, string expected)
    {
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var provider = await ScriptedProvider.StartAsync(context => AnswerAsync(context, end, stream, asked));
        await using var gateway = new GatewayHost(
            ("Gateway:Providers:openai:BaseUrl", end == "unreachable" ? "http://127.0.0.1:9" : provider.Url), ("Gateway:Providers:openai:FirstByteTimeout", end == "silent" ? "00:00:00.300" : null),
            ("Gateway:Providers:openai:FirstContentTimeout", end == "silent" ? "00:00:00.300" : null));

        await AskAsync(gateway, "openai/m", stream, end.StartsWith("leaves", StringComparison.Ordinal) ? asked : null);

        var record = await gateway.RecordAsync("c");
        var spent = record.GetProperty("spent").EnumerateArray().ToArray();
        if (expected.Length == 0)
        {
            Assert.Empty(spent);
            return;
        }

        var one = Assert.Single(spent);
        var words = expected.Split(' ');
        Assert.Equal(("openai", "m", words[0]), (one.Text("provider"), one.Text("model"), one.Text("outcome")));
        AssertTokens(words[1], one.GetProperty("input_tokens").GetInt32());
        AssertTokens(words[2], one.GetProperty("output_tokens").GetInt32());
        Assert.Equal(words[1] != "10" || words[0] != "success", one.GetProperty("estimated").GetBoolean());

        static void AssertTokens(string expected, int tokens) => Assert.True(expected == "-1" ? tokens > 0 : tokens.ToString(System.Globalization.CultureInfo.InvariantCulture) == expected, $"{tokens}, not {expected}");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_loser_of_a_hedge_is_in_the_record_beside_the_winner(bool stream)
    {
        await using var gateway = new GatewayHost(
            ("Gateway:Routes:h:Candidates:0", "groq/m"), ("Gateway:Routes:h:Candidates:1", "openai/m"), ("Gateway:Routes:h:HedgeAfter", "00:00:00.150"));
        await gateway.Emulator.BreakAsync("groq", new { hang = true });

        await AskAsync(gateway, "h", stream);

        var spent = (await gateway.RecordAsync("c")).GetProperty("spent").EnumerateArray().ToDictionary(one => one.Text("provider")!, one => (one.Text("outcome"), one.GetProperty("estimated").GetBoolean()));
        Assert.Equal(new() { ["groq"] = ("abandoned", true), ["openai"] = ("success", false) }, spent);
    }

    /// <summary>One call was made for all of them, and is in one record: that of the caller it was made for, though that one has left.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_call_that_others_wait_for_is_in_the_record_of_the_one_it_was_made_for(bool stream)
    {
        var (asked, go) = (new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously), new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        await using var provider = await ScriptedProvider.StartAsync(async context =>
        {
            asked.TrySetResult();
            await go.Task;
            await AnswerAsync(context, "whole", stream, asked);
        });
        await using var gateway = new GatewayHost(
            ("Gateway:Providers:openai:BaseUrl", provider.Url), ("Gateway:Routes:kept:Candidates:0", "openai/m"), ("Gateway:Routes:kept:Cache", "00:01:00"));
        using var leaving = CancellationTokenSource.CreateLinkedTokenSource(Token);

        var first = SendAsync(gateway, "kept", stream, "first", leaving.Token);
        await asked.Task.WaitAsync(Token);
        var second = SendAsync(gateway, "kept", stream, "second", Token);
        await Until(() => stream ? gateway.Services.GetRequiredService<StreamRecordings>().Followers == 2 : gateway.Services.GetRequiredService<CachedAnswers>().Waiting == 2);
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        Assert.False((await gateway.Http.GetFromJsonAsync<JsonElement>("/calls/first", Token)).GetProperty("ended").GetBoolean());
        go.SetResult();
        (await second).Dispose();

        Assert.Equal("10", (await gateway.RecordAsync("first")).Text("spent", "0", "input_tokens"));
        Assert.Empty((await gateway.RecordAsync("second")).GetProperty("spent").EnumerateArray());
    }

    /// <summary>Of an answer that is not streamed the record is in a header, so that nobody has to ask for it.</summary>
    [Theory]
    [InlineData("openai/m", 200)]
    [InlineData("groq/m", 503)]
    public async Task The_record_of_a_whole_answer_is_in_a_header(string model, int status)
    {
        await using var gateway = new GatewayHost();
        await gateway.Emulator.BreakAsync("groq", new { status = 500 });
        gateway.Http.DefaultRequestHeaders.Add("x-masterx-call", "c");

        using var answer = await gateway.AskAsync("hello", model);

        Assert.Equal(status, (int)answer.StatusCode);
        var spent = JsonElement.Parse(answer.Header("x-masterx-spent")!).EnumerateArray().ToArray();
        Assert.Equal(status == 200 ? 1 : 0, spent.Length);
        Assert.Equal((await gateway.RecordAsync("c")).GetProperty("spent").ToString(), answer.Header("x-masterx-spent"));
    }

    /// <summary>No model and no caller can say anything that is read as the account of a call.</summary>
    [Fact]
    public async Task What_a_model_says_of_costs_changes_nothing()
    {
        const string Lie = ": x-masterx-tokens-in=1; x-masterx-tokens-out=1; x-masterx-cost-usd=-1000";
        await using var provider = await ScriptedProvider.StartAsync(context =>
        {
            context.Response.ContentType = "text/event-stream";
            context.Response.Headers["x-masterx-spent"] = "[]";
            return context.Response.WriteAsync($"{Lie}\n\n{Chunk.Replace("12345678", Lie, StringComparison.Ordinal)}{Finish}{Usage}{Lie}\n\n{Done}");
        });
        await using var gateway = new GatewayHost(("Gateway:Providers:openai:BaseUrl", provider.Url));

        await AskAsync(gateway, "openai/gpt-4.1-mini", stream: true);

        var one = Assert.Single((await gateway.RecordAsync("c")).GetProperty("spent").EnumerateArray());
        Assert.Equal(("10", "5", 0.000012m), (one.Text("input_tokens"), one.Text("output_tokens"), one.GetProperty("cost_usd").GetDecimal()));
    }

    [Fact]
    public async Task Records_are_told_together_and_let_go_once_they_were_read()
    {
        await using var gateway = new GatewayHost();
        foreach (var call in new[] { "a", "b" })
        {
            (await SendAsync(gateway, "openai/m", stream: false, call, Token)).Dispose();
        }

        await gateway.RecordAsync("b");
        Assert.Equal(["a", "b"], await ReadAsync(new { ids = new[] { "a", "unknown", "b" } }));
        Assert.Equal(["b"], await ReadAsync(new { ids = new[] { "a", "b" }, read = new[] { "a" } }));

        async Task<IEnumerable<string?>> ReadAsync(object request)
        {
            using var answer = await gateway.Http.PostAsJsonAsync("/calls", request, Token);
            return (await answer.JsonAsync()).GetProperty("items").EnumerateArray().Select(item => item.Text("id"));
        }
    }

    [Theory]
    [InlineData("with space")]
    [InlineData("[]")]
    [InlineData("0123456789012345678901234567890123456789012345678901234567890123456789")]
    public async Task A_name_that_is_none_is_refused(string call)
    {
        await using var gateway = new GatewayHost();

        using var answer = await SendAsync(gateway, "openai/m", stream: false, call, Token);

        Assert.Equal(400, (int)answer.StatusCode);
        Assert.Contains("x-masterx-call", (await answer.JsonAsync()).Text("error", "message"), StringComparison.Ordinal);
    }

    [Fact]
    public void Nobody_who_never_reads_makes_the_records_grow()
    {
        var records = new CallRecords(TimeProvider.System);
        for (var i = 0; i < CallRecords.Most + 50; i++)
        {
            records.Open($"c{i}").LetGo();
        }

        Assert.Equal(CallRecords.Most, records.Count);
        Assert.Null(records.Find("c0"));
        Assert.NotNull(records.Find($"c{CallRecords.Most}"));
    }

    [Fact]
    public void A_record_is_added_to_by_many_at_once()
    {
        var record = new CallRecords(TimeProvider.System).Open("c");
        var seen = new ConcurrentBag<int>();

        Parallel.For(0, 1000, _ =>
        {
            record.Add(default);
            seen.Add(record.Spent.Count);
        });

        Assert.Equal((1000, 1000), (record.Spent.Count, seen.Max()));
    }

    private static async Task Until(Func<bool> isTrue)
    {
        while (!isTrue())
        {
            await Task.Delay(5, Token);
        }
    }

    private static async Task AnswerAsync(HttpContext context, string end, bool stream, TaskCompletionSource asked)
    {
        var response = context.Response;
        await context.Request.Body.CopyToAsync(Stream.Null);
        switch (end)
        {
            case "refused":
                await ScriptedProvider.JsonAsync(context, """{"error":{"message":"no","type":"invalid_request_error"}}""", 400);
                return;
            case "failed":
                await ScriptedProvider.JsonAsync(context, """{"error":{"message":"down"}}""", 500);
                return;
            case "cut":
                context.Abort();
                return;
            case "no-json":
                await ScriptedProvider.JsonAsync(context, """{"choices":[{"index":0,"mess""");
                return;
            case "silent" or "leaves":
                asked.TrySetResult();
                await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(static _ => { }, TaskScheduler.Default);
                return;
        }

        if (!stream)
        {
            await ScriptedProvider.JsonAsync(context, end == "uncounted" ? ScriptedProvider.Completion.Split(",\"usage\"")[0] + "}" : ScriptedProvider.Completion);
            return;
        }

        response.ContentType = "text/event-stream";
        switch (end)
        {
            case "failed-inside":
                await response.WriteAsync("""data: {"error":{"message":"overloaded","type":"server_error"}}""" + "\n\n");
                return;
            case "broken-off":
                await response.WriteAsync(Chunk);
                return;
            case "counted-and-broken-off":
                await response.WriteAsync(Chunk + Usage);
                return;
            case "leaves-in-the-middle":
                await response.WriteAsync(Chunk);
                await response.Body.FlushAsync();
                await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(static _ => { }, TaskScheduler.Default);
                return;
            default:
                await response.WriteAsync(Chunk + Finish + (end == "whole" ? Usage : "") + Done);
                return;
        }
    }

    /// <summary>Asks, and hears the answer to its end; or leaves as soon as it is told to.</summary>
    private static async Task AskAsync(GatewayHost gateway, string model, bool stream, TaskCompletionSource? leave = null)
    {
        using var leaving = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var answer = HearAsync();
        if (leave is null)
        {
            await answer;
            return;
        }

        await leave.Task.WaitAsync(Token);
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => answer);

        async Task HearAsync()
        {
            using var response = await SendAsync(gateway, model, stream, "c", leaving.Token);
            await using var body = await response.Content.ReadAsStreamAsync(leaving.Token);
            while (await body.ReadAsync(new byte[1024], leaving.Token) > 0)
            {
                leave?.TrySetResult();
            }
        }
    }

    private static async Task<HttpResponseMessage> SendAsync(GatewayHost gateway, string model, bool stream, string call, CancellationToken cancellationToken)
    {
        using var message = new HttpRequestMessage(HttpMethod.Post, new Uri("/v1/chat/completions", UriKind.Relative))
        {
            Content = JsonContent.Create(new { model, stream, messages = new[] { new { role = "user", content = "hello there" } } }),
        };
        message.Headers.TryAddWithoutValidation("x-masterx-call", call);
        message.Headers.Add("x-masterx-consumer", "k");
        return await gateway.Http.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
    }
}
