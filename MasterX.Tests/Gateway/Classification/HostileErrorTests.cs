using System.Text;
using MasterX.AiGateway.Providers;
using MasterX.AiGateway.Providers.Classification;
using MasterX.AiGateway.Requests;
using MasterX.Tests.Hosts;

namespace MasterX.Tests.Gateway.Classification;

/// <summary>Bodies that are meant to harm: none throws, none costs more than its first 64 KB, and every one comes to a verdict.</summary>
public sealed class HostileErrorTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Twenty_thousand_mutations_of_real_errors_are_all_judged()
    {
        string[] seeds =
        [
            .. ErrorTableTests.OpenAi.Concat(ErrorTableTests.Compatible).Concat(ErrorTableTests.InGoodAnswers)
                .Concat(ErrorTableTests.Anthropic).Concat(ErrorTableTests.Gemini).Select(row => row.Data.Item2),
        ];
        for (var i = 0; i < 20_000; i++)
        {
            var body = new Mutator(i).Mutate(seeds[i % seeds.Length]);
            foreach (var kind in WireFormat.Kinds)
            {
                Judge(kind, i % 400 + 200, body);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Bodies), DisableDiscoveryEnumeration = true)]
    public void A_hostile_body_is_judged_and_costs_little(string name, byte[] body)
    {
        Judge("openai", 400, body);
        var before = GC.GetAllocatedBytesForCurrentThread();
        foreach (var kind in WireFormat.Kinds)
        {
            Judge(kind, 400, body);
        }

        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 8 * 1024 * 1024, name);
    }

    [Theory]
    [InlineData(400)]
    [InlineData(500)]
    public async Task A_reason_that_never_ends_is_not_waited_for_and_one_that_never_comes_neither(int status)
    {
        await using var endless = await ScriptedProvider.StartAsync(async context =>
        {
            context.Response.StatusCode = status;
            var megabyte = new byte[1024 * 1024];
            while (!context.RequestAborted.IsCancellationRequested)
            {
                await context.Response.Body.WriteAsync(megabyte, context.RequestAborted);
            }
        });
        await using var silent = await ScriptedProvider.StartAsync(async context =>
        {
            context.Response.StatusCode = status;
            await context.Response.Body.FlushAsync(context.RequestAborted);
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        });
        await using var gateway = new GatewayHost(
            ("Gateway:Providers:first:BaseUrl", endless.Url), ("Gateway:Providers:second:BaseUrl", silent.Url),
            ("Gateway:Routes:r:Candidates:0", "first/m"), ("Gateway:Routes:r:Candidates:1", "second/m"), ("Gateway:Routes:r:Candidates:2", "groq/m"));

        using var answer = await gateway.AskAsync("hello", "r");

        Assert.Equal(("groq", "3"), (answer.Header("x-masterx-provider"), answer.Header("x-masterx-attempts")));
        Assert.DoesNotContain("timed_out", answer.Header("x-masterx-attempt-list"), StringComparison.Ordinal);
    }

    public static TheoryData<string, byte[]> Bodies => new()
    {
        { "deep", Repeat("{\"error\":", 20_000) },
        { "deep array", Repeat("[", 60_000) },
        { "many members", Encoding.UTF8.GetBytes($"{{\"error\":{{{string.Join(',', Enumerable.Range(0, 5000).Select(i => $"\"code\":\"{i}\""))}}}}}") },
        { "many details", Encoding.UTF8.GetBytes($"{{\"error\":{{\"details\":[{string.Join(',', Enumerable.Repeat("{\"@type\":\"google.rpc.ErrorInfo\"}", 1500))}]}}}}") },
        { "a long message", Encoding.UTF8.GetBytes($"{{\"error\":{{\"message\":\"{new string('x', 60_000)}maximum context length\"}}}}") },
        { "white space", Repeat(" ", 200_000) },
        { "one that is cut", Encoding.UTF8.GetBytes($"{{\"error\":{{\"message\":\"{new string('x', 10_000_000)}\"}}}}") },
        { "no UTF-8", [(byte)'{', (byte)'"', 0xff, 0xfe, (byte)'"', (byte)':', (byte)'1', (byte)'}'] },
        { "half a character", "{\"error\":{\"message\":\"\\ud83d\",\"code\":\"\\udc00\"}}"u8.ToArray() },
        { "a pair that is cut", Encoding.UTF8.GetBytes($"{{\"error\":{{\"message\":\"{new string('x', 999)}😀\"}}}}") },
        { "numbers", "{\"error\":{\"code\":1e999,\"status\":-1,\"retry_after\":1e308,\"message\":7}}"u8.ToArray() },
        { "a relay of a relay", Encoding.UTF8.GetBytes("{\"error\":{\"metadata\":{\"raw\":\"" + string.Concat(Enumerable.Repeat("{\\\"error\\\":", 3000)) + "\"}}}") },
        { "types", "{\"error\":[[{\"message\":{\"detail\":{\"msg\":[1,2]}}}],3],\"detail\":{\"loc\":{}},\"choices\":7,\"candidates\":[null],\"promptFeedback\":[]}"u8.ToArray() },
        { "a mark and nothing", [0xef, 0xbb, 0xbf] },
    };

    private static byte[] Repeat(string text, int times) => Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat(text, times)));

    private static void Judge(string kind, int status, byte[] body)
    {
        var (table, read) = (WireFormat.Of(kind).Errors, ErrorBody.Read(body, Now));
        var verdict = table.Judge(status, read, modelIsKnown: true);
        var parts = table.Describe(read);

        Assert.NotEqual(AttemptOutcome.Success, verdict.Outcome);
        Assert.True(parts is { Message: null or { Length: <= 1000 }, Code: null or { Length: <= 100 }, Parameter: null or { Length: <= 100 } });
        Assert.True(read.RetryAfter is null || read.RetryAfter > TimeSpan.Zero && read.RetryAfter <= WaitText.Longest);
        if (parts.Message is { } message)
        {
            // It can be written again.
            Encoding.GetEncoding("utf-8", EncoderFallback.ExceptionFallback, DecoderFallback.ExceptionFallback).GetByteCount(message);
        }
    }
}
