using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using MasterX.Tests.Hosts;
using Microsoft.AspNetCore.Http;

namespace MasterX.Tests.Gateway;

/// <summary>What those who are compatible with OpenAI's API do differently, and what clients of it send.</summary>
public sealed class CompatibleProviderTests
{
    private const string Text = """data: {"id":"c","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"role":"assistant","content":"hi"},"finish_reason":null}]}""" + "\n\n";
    private const string Stop = """data: {"id":"c","object":"chat.completion.chunk","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}""" + "\n\n";
    private const string Question = "\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>A provider's stream, and whether it is whole: the caller has the text and the end mark then, else an error.</summary>
    public static TheoryData<string, string, bool> Streams => new()
    {
        { "no end mark", Text + Stop, true },
        { "a byte order mark", "\uFEFF" + Text + Stop + "data: [DONE]\n\n", true },
        { "CR line ends", (Text + Stop + "data: [DONE]\n\n").Replace('\n', '\r'), true },
        { "no line behind the last event", Text + Stop.TrimEnd(), true },
        { "an empty reason for the end", Text.Replace("null", "\"\"", StringComparison.Ordinal), false },
        { "no reason for the end", Text, false },
        { "no space behind the colon", Text.Replace("data: ", "data:", StringComparison.Ordinal) + Stop, true },
        { "a whole answer", ScriptedProvider.Completion, true },
        { "a whole answer in lines", "\r\n" + ScriptedProvider.Completion.Replace(",\"", ",\n  \"", StringComparison.Ordinal) + "\r\n", true },
        { "an error that is no event", """{"error":{"message":"overloaded"}}""", false },
        { "Groq's own error", Text + """data: {"choices":[],"x_groq":{"error":"over capacity"}}""" + "\n\n", false },
    };

    [Theory]
    [MemberData(nameof(Streams))]
    public async Task A_stream_is_read_however_it_is_written(string what, string body, bool isWhole)
    {
        await using var provider = await ScriptedProvider.StartAsync(context =>
        {
            context.Response.ContentType = what.Contains("whole", StringComparison.Ordinal) ? "application/json" : "Text/Event-Stream";
            return context.Response.WriteAsync(body);
        });
        await using var gateway = GatewayOf(provider);

        var (text, answer) = await PostAsync(gateway, "chat/completions", $$"""{"model":"openai/m","stream":true,{{Question}}}""");

        using (answer)
        {
            Assert.Equal(isWhole, text.EndsWith("data: [DONE]\n\n", StringComparison.Ordinal) && text.Contains("\"hi\"", StringComparison.Ordinal));
            Assert.Equal(isWhole, !text.Contains("\"error\":{", StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task A_connection_that_stays_open_behind_the_finish_does_not_keep_the_caller()
    {
        await using var provider = await ScriptedProvider.StartAsync(async context =>
        {
            context.Response.ContentType = "text/event-stream";
            await context.Response.WriteAsync(Text + Stop);
            await context.Response.Body.FlushAsync();
            await Task.Delay(Timeout.InfiniteTimeSpan, context.RequestAborted).ContinueWith(static _ => { }, TaskScheduler.Default);
        });
        await using var gateway = GatewayOf(provider);

        var (text, answer) = await PostAsync(gateway, "chat/completions", $$"""{"model":"openai/m","stream":true,{{Question}}}""");

        answer.Dispose();
        Assert.EndsWith("data: [DONE]\n\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Of_several_answers_the_end_of_one_is_not_the_end_of_all()
    {
        var late = new TaskCompletionSource();
        await using var provider = await ScriptedProvider.StartAsync(async context =>
        {
            context.Response.ContentType = "text/event-stream";
            await context.Response.WriteAsync(Text + Stop);
            await context.Response.Body.FlushAsync();
            await late.Task.WaitAsync(context.RequestAborted);
            await context.Response.WriteAsync((Text + Stop).Replace("\"index\":0", "\"index\":1", StringComparison.Ordinal).Replace("hi", "late", StringComparison.Ordinal) + "data: [DONE]\n\n");
        });
        await using var gateway = GatewayOf(provider);
        using var message = new HttpRequestMessage(HttpMethod.Post, new Uri("/v1/chat/completions", UriKind.Relative))
        {
            Content = new StringContent($$"""{"model":"openai/m","n":2,"stream":true,{{Question}}}""", Encoding.UTF8, "application/json"),
        };

        using var answer = await gateway.Http.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, Token);
        using var lines = new StreamReader(await answer.Content.ReadAsStreamAsync(Token));
        await lines.ReadLineAsync(Token);

        // Longer than the gateway waits behind the end of a single answer.
        await Task.Delay(TimeSpan.FromSeconds(3), Token);
        late.SetResult();

        Assert.Contains("late", await lines.ReadToEndAsync(Token), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("chat/completions", "\"choices\"")]
    [InlineData("messages", "\"stop_reason\"")]
    public async Task A_stream_for_a_whole_answer_is_put_together(string path, string expected)
    {
        await using var provider = await ScriptedProvider.StartAsync(context => context.Response.WriteAsync(Text + Stop + "data: [DONE]\n\n"));
        await using var gateway = GatewayOf(provider);

        var (text, answer) = await PostAsync(gateway, path, $$"""{"model":"openai/m","max_tokens":5,{{Question}}}""");

        using (answer)
        {
            Assert.Equal(200, (int)answer.StatusCode);
            Assert.Contains("\"hi\"", text, StringComparison.Ordinal);
            Assert.Contains(expected, text, StringComparison.Ordinal);
        }
    }

    /// <summary>What a caller says of the usage of a stream, and what the provider is asked.</summary>
    [Theory]
    [InlineData("", """{"include_usage":true}""")]
    [InlineData(",\"stream_options\":null", """{"include_usage":true}""")]
    [InlineData(",\"stream_options\":{}", """{"include_usage":true}""")]
    [InlineData(",\"stream_options\":{\"include_usage\":false,\"include_obfuscation\":false}", """{"include_usage":true,"include_obfuscation":false}""")]
    [InlineData(",\"stream_options\":{\"include_usage\":true}", """{"include_usage":true}""")]
    [InlineData(",\"stream_options\":7", "7")]
    public async Task The_provider_is_asked_once_for_the_usage_of_a_stream(string said, string asked)
    {
        var sent = await SentAsync($$"""{"model":"openai/m","stream":true,{{Question}}{{said}}}""");

        Assert.Equal(asked, sent.GetProperty("stream_options").GetRawText());
        Assert.Single(sent.EnumerateObject(), field => field.Name == "stream_options");
    }

    [Fact]
    public async Task Of_a_field_that_is_there_twice_the_last_one_is_routed_and_sent_alone()
    {
        var sent = await SentAsync($$"""{"model":"openai/dear","user":"a",{{Question}},"model":"openai/m","user":"b"}""");

        Assert.Equal("""{"model":"m","messages":[{"role":"user","content":"x"}],"user":"b"}""", sent.GetRawText());
    }

    [Fact]
    public async Task A_byte_order_mark_before_a_request_means_nothing() =>
        Assert.Equal("m", (await SentAsync($$"""{{"\uFEFF"}}{"model":"openai/m",{{Question}}}""")).Text("model"));

    private static GatewayHost GatewayOf(ScriptedProvider provider) => new(("Gateway:Providers:openai:BaseUrl", provider.Url), ("Gateway:Providers:openai:IdleTimeout", "00:01:00"));

    private static async Task<JsonElement> SentAsync(string body)
    {
        JsonElement sent = default;
        await using var provider = await ScriptedProvider.StartAsync(async context =>
        {
            sent = await JsonSerializer.DeserializeAsync<JsonElement>(context.Request.Body);
            await context.Response.WriteAsync(sent.TryGetProperty("stream", out _) ? Text + Stop : ScriptedProvider.Completion);
        });
        await using var gateway = GatewayOf(provider);
        var (text, answer) = await PostAsync(gateway, "chat/completions", body);
        using (answer)
        {
            Assert.True(answer.IsSuccessStatusCode, text);
            return sent;
        }
    }

    private static async Task<(string Text, HttpResponseMessage Answer)> PostAsync(GatewayHost gateway, string path, string body)
    {
        using var content = new ByteArrayContent(Encoding.UTF8.GetBytes(body)) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
        var answer = await gateway.Http.PostAsync(new Uri($"/v1/{path}", UriKind.Relative), content, Token);
        return (await answer.Content.ReadAsStringAsync(Token), answer);
    }
}
