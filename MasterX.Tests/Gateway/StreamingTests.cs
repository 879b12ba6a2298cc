using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using MasterX.Tests.Hosts;
using Microsoft.AspNetCore.Http;

namespace MasterX.Tests.Gateway;

/// <summary>Streamed answers: what a caller sees when all is well, and when a provider fails before or after its first content.</summary>
public sealed class StreamingTests
{
    [Theory]
    [InlineData("openai/m")]
    [InlineData("groq/m")]
    [InlineData("gemini/m")]
    [InlineData("anthropic/m")]
    public async Task A_stream_has_the_role_the_text_one_finish_and_the_end_mark(string model)
    {
        await using var gateway = new GatewayHost();

        using var plain = await gateway.AskAsync("hello", model);
        var stream = await ChatStream.ReadAsync(gateway.Http, Request(model));

        Assert.Equal(200, stream.Status);
        Assert.True(stream.IsWhole);
        Assert.Equal("assistant", stream.Chunks.First().Text("choices", "0", "delta", "role"));
        Assert.Equal((await plain.JsonAsync()).Text("choices", "0", "message", "content"), stream.Text);
        Assert.Equal(["stop"], stream.FinishReasons);
        Assert.All(stream.Chunks, chunk => Assert.Equal("chat.completion.chunk", chunk.Text("object")));
        Assert.Equal(model.Split('/')[0], stream.Response.Header("x-masterx-provider"));
    }

    [Fact]
    public async Task A_caller_who_leaves_ends_the_providers_call_too()
    {
        var left = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var endless = await ScriptedProvider.StartAsync(async context =>
        {
            context.Response.ContentType = "text/event-stream";
            _ = context.RequestAborted.Register(() => left.TrySetResult());
            while (true)
            {
                await context.Response.WriteAsync("data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"more \"}}]}\n\n", context.RequestAborted);
                await context.Response.Body.FlushAsync(context.RequestAborted);
                await Task.Delay(10, context.RequestAborted);
            }
        });
        await using var gateway = new GatewayHost(("Gateway:Providers:openai:BaseUrl", endless.Url));
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = JsonContent.Create(Request("openai/m")) };

        using (var response = await gateway.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken))
        using (var reader = new StreamReader(await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken)))
        {
            Assert.StartsWith("data: ", await reader.ReadLineAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        }

        await left.Task.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
    }

    [Theory]
    [InlineData("openai/m")]
    [InlineData("gemini/m")]
    [InlineData("anthropic/m")]
    public async Task The_usage_comes_when_it_is_asked_for_and_only_then(string model)
    {
        await using var gateway = new GatewayHost();

        var without = await ChatStream.ReadAsync(gateway.Http, Request(model));
        var with = await ChatStream.ReadAsync(gateway.Http, new { model, stream = true, stream_options = new { include_usage = true }, messages = new[] { new { role = "user", content = "hello" } } });

        Assert.DoesNotContain(without.Chunks, chunk => chunk.TryGetProperty("usage", out var usage) && usage.ValueKind == System.Text.Json.JsonValueKind.Object);
        var last = with.Chunks.Last();
        Assert.Equal(0, last.GetProperty("choices").GetArrayLength());
        Assert.True(last.GetProperty("usage").GetProperty("completion_tokens").GetInt32() > 5);
    }

    [Theory]
    [InlineData("openai/gpt-4.1-mini", false)]
    [InlineData("gemini/gemini-2.5-flash", false)]
    [InlineData("openai/gpt-4.1-mini", true)]
    public async Task What_a_stream_cost_is_told_in_trailers_over_HTTP_2(string model, bool estimated)
    {
        await using var gateway = new GatewayHost(
            ("Gateway:Providers:openai:StreamUsage", estimated ? "false" : "true"), ("Kestrel:Endpoints:h2:Url", "http://127.0.0.1:0"), ("Kestrel:Endpoints:h2:Protocols", "Http2"));
        gateway.Http.DefaultRequestVersion = HttpVersion.Version20;
        gateway.Http.DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact;

        var stream = await ChatStream.ReadAsync(gateway.Http, Request(model));

        Assert.True(int.Parse(stream.Trailer("x-masterx-tokens-in")!, CultureInfo.InvariantCulture) > 0);
        Assert.True(int.Parse(stream.Trailer("x-masterx-tokens-out")!, CultureInfo.InvariantCulture) > 5);
        Assert.True(decimal.Parse(stream.Trailer("x-masterx-cost-usd")!, CultureInfo.InvariantCulture) > 0);
        Assert.Equal(estimated ? "true" : null, stream.Trailer("x-masterx-tokens-estimated"));
    }

    [Fact]
    public async Task What_a_stream_cost_never_stands_in_it_over_HTTP_1_but_in_its_record()
    {
        await using var gateway = new GatewayHost();
        gateway.Http.DefaultRequestHeaders.Add("x-masterx-call", "one");

        using var response = await gateway.ChatAsync(Request("openai/gpt-4.1-mini"));

        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.EndsWith("data: [DONE]\n\n", text, StringComparison.Ordinal);
        Assert.DoesNotContain("masterx", text, StringComparison.Ordinal);
        var spent = (await gateway.RecordAsync("one")).GetProperty("spent")[0];
        Assert.True(spent.GetProperty("input_tokens").GetInt32() > 0 && spent.GetProperty("output_tokens").GetInt32() > 5 && spent.GetProperty("cost_usd").GetDecimal() > 0);
    }

    [Theory]
    [InlineData("openai/m")]
    [InlineData("gemini/m")]
    [InlineData("anthropic/m")]
    public async Task Tool_calls_are_streamed(string model)
    {
        await using var gateway = new GatewayHost();

        var stream = await ChatStream.ReadAsync(gateway.Http, new
        {
            model,
            stream = true,
            messages = new[] { new { role = "user", content = "Weather in Bern?" } },
            tools = new[] { new { type = "function", function = new { name = "weather", parameters = new { type = "object", properties = new { city = new { type = "string" } } } } } },
        });

        var calls = stream.Chunks.Select(chunk => chunk.GetProperty("choices")[0].GetProperty("delta")).Where(delta => delta.TryGetProperty("tool_calls", out _)).Select(delta => delta.GetProperty("tool_calls")[0].GetProperty("function")).ToArray();
        Assert.Equal("weather", calls[0].Text("name"));
        Assert.Equal("""{"city":"emulated"}""", string.Concat(calls.Select(call => call.TryGetProperty("arguments", out var arguments) ? arguments.GetString() : "")));
        Assert.Equal(["tool_calls"], stream.FinishReasons);
    }

    [Theory]
    [InlineData("status", 503)]
    [InlineData("refuse", true)]
    [InlineData("cut_after", 0)]
    [InlineData("cut_after", 1)]
    [InlineData("in_band_error", true)]
    public async Task A_failure_before_the_first_content_is_made_good_by_the_next_candidate(string fault, object value)
    {
        await using var gateway = new GatewayHost(Chain());
        await gateway.Emulator.BreakAsync("groq", new Dictionary<string, object> { [fault] = value });

        var stream = await ChatStream.ReadAsync(gateway.Http, Request("chain"));

        Assert.Equal(200, stream.Status);
        Assert.Equal("openai", stream.Response.Header("x-masterx-provider"));
        Assert.Equal("2", stream.Response.Header("x-masterx-attempts"));
        Assert.True(stream.IsWhole);
        Assert.Single(stream.Chunks, chunk => chunk.GetProperty("choices")[0].GetProperty("delta").TryGetProperty("role", out _));
    }

    [Theory]
    [InlineData("data: {\"error\":{\"message\":\"overloaded\"}}\n\n")]
    [InlineData("event: error\ndata: {\"message\":\"overloaded\",\"code\":529}\n\n")]
    [InlineData("data: {\"object\":\"error\",\"message\":\"overloaded\",\"type\":\"server_error\"}\n\n")]
    [InlineData("data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\"},\"finish_reason\":\"error\"}]}\n\n")]
    public async Task However_a_provider_says_in_its_stream_that_it_failed_the_next_candidate_answers(string failure)
    {
        await using var failing = await ScriptedProvider.StartAsync(async context =>
        {
            context.Response.ContentType = "text/event-stream";
            await context.Response.WriteAsync("data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n: keep-alive\n\n" + failure, context.RequestAborted);
        });
        await using var gateway = new GatewayHost(
            ("Gateway:Providers:openai:BaseUrl", failing.Url), ("Gateway:Routes:r:Candidates:0", "openai/m"), ("Gateway:Routes:r:Candidates:1", "groq/m"));

        var stream = await ChatStream.ReadAsync(gateway.Http, Request("r"));

        Assert.Equal(200, stream.Status);
        Assert.True(stream.IsWhole);
        Assert.Equal("groq", stream.Response.Header("x-masterx-provider"));
        Assert.Contains("openai;model=\"m\";outcome=provider_failed", stream.Response.Header("x-masterx-attempt-list"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stall_before_the_first_content_ends_with_the_limit_for_it_and_moves_on()
    {
        await using var gateway = new GatewayHost([.. Chain(), ("Gateway:Providers:groq:FirstContentTimeout", "00:00:00.300")]);
        await gateway.Emulator.BreakAsync("groq", new { stall_after = 1 });

        var stream = await ChatStream.ReadAsync(gateway.Http, Request("chain"));

        Assert.Equal("openai", stream.Response.Header("x-masterx-provider"));
        Assert.Contains("groq;model=\"m\";outcome=timed_out", stream.Response.Header("x-masterx-attempt-list"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task When_every_candidate_fails_before_content_the_answer_is_a_clean_503()
    {
        await using var gateway = new GatewayHost();
        await gateway.Emulator.BreakAsync("gemini", new { cut_after = 0 });
        await gateway.Emulator.BreakAsync("groq", new { cut_after = 1 });
        await gateway.Emulator.BreakAsync("openai", new { in_band_error = true });

        var stream = await ChatStream.ReadAsync(gateway.Http, Request("auto"));

        Assert.Equal(503, stream.Status);
        Assert.Equal(3, (await stream.Response.JsonAsync()).GetProperty("error").GetProperty("attempts").GetArrayLength());
    }

    [Theory]
    [InlineData("cut_after", 5)]
    [InlineData("stall_after", 5)]
    public async Task A_failure_after_content_ends_with_an_error_event_and_no_end_mark(string fault, object value)
    {
        await using var gateway = new GatewayHost([.. Chain(), ("Gateway:Providers:groq:IdleTimeout", "00:00:00.300")]);
        await gateway.Emulator.BreakAsync("groq", new Dictionary<string, object> { [fault] = value, ["trickle_ms"] = 5 });

        var stream = await ChatStream.ReadAsync(gateway.Http, Request("chain"));

        Assert.Equal(200, stream.Status);
        Assert.NotEmpty(stream.Text);
        Assert.False(stream.IsWhole);
        Assert.Equal("stream_interrupted", stream.Error?.Text("code"));
        var metrics = await gateway.Anonymous.GetStringAsync(new Uri("/metrics", UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Matches("""gateway_streams_interrupted_total\{[^}]*provider="groq"[^}]*\} 1""", metrics);
    }

    [Fact]
    public async Task A_route_that_resumes_goes_on_with_the_next_candidate_as_if_nothing_had_happened()
    {
        await using var gateway = new GatewayHost([.. Chain(), ("Gateway:Routes:chain:Resume", "true"), ("Gateway:Providers:openai:Continuation", "prefill")]);
        await gateway.Emulator.BreakAsync("groq", new { cut_after = 8, trickle_ms = 5 });

        var stream = await ChatStream.ReadAsync(gateway.Http, Request("chain"));

        Assert.True(stream.IsWhole);
        Assert.Null(stream.Error);
        Assert.Equal(["stop"], stream.FinishReasons);
        Assert.Single(stream.Chunks, chunk => chunk.GetProperty("choices")[0].GetProperty("delta").TryGetProperty("role", out _));

        // The emulator answers the newest message: here the partial answer it was given to go on with.
        Assert.Contains("[emulated groq/m]", stream.Text, StringComparison.Ordinal);
        Assert.Contains("[emulated openai/m]", stream.Text, StringComparison.Ordinal);
        var before = stream.Text[..stream.Text.IndexOf("[emulated openai/m]", StringComparison.Ordinal)];
        Assert.EndsWith($"The prompt was: {before}", stream.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_event_that_cannot_be_parsed_is_dropped_and_counted()
    {
        await using var gateway = new GatewayHost();
        await gateway.Emulator.BreakAsync("openai", new { malformed = true });

        var stream = await ChatStream.ReadAsync(gateway.Http, Request("openai/m"));

        Assert.True(stream.IsWhole);
        Assert.Contains("hello", stream.Text, StringComparison.Ordinal);
        var metrics = await gateway.Anonymous.GetStringAsync(new Uri("/metrics", UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Matches("""gateway_stream_events_dropped_total\{[^}]*provider="openai"[^}]*\} 1""", metrics);
    }

    [Fact]
    public async Task Events_arrive_as_they_are_made()
    {
        await using var gateway = new GatewayHost();
        await gateway.Emulator.BreakAsync("openai", new { stall_after = 4 });
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = JsonContent.Create(Request("openai/m")) };

        using var response = await gateway.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken));

        // Four events are there although the provider says no more and does not end.
        for (var events = 0; events < 4;)
        {
            events += (await reader.ReadLineAsync(TestContext.Current.CancellationToken))!.StartsWith("data: ", StringComparison.Ordinal) ? 1 : 0;
        }
    }

    [Fact]
    public async Task A_stream_holds_its_place_among_the_calls_at_once_until_it_ends()
    {
        await using var gateway = new GatewayHost(("Gateway:Providers:openai:MaxConcurrency", "1"));
        await gateway.Emulator.BreakAsync("openai", new { stall_after = 4 });
        using (var response = await gateway.Http.SendAsync(
            new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = JsonContent.Create(Request("openai/m")) }, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken))
        {
            using var refused = await gateway.AskAsync("hello", "openai/m");
            Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
            await gateway.Emulator.Http.DeleteAsync(new Uri("/_faults", UriKind.Relative), TestContext.Current.CancellationToken);
        }

        // The caller has left: the provider's call ends, and its place is free.
        HttpStatusCode status;
        do
        {
            using var answer = await gateway.AskAsync("hello", "openai/m");
            status = answer.StatusCode;
        }
        while (status != HttpStatusCode.OK && !TestContext.Current.CancellationToken.IsCancellationRequested);
    }

    [Fact]
    public async Task Failures_of_streams_open_the_circuit()
    {
        await using var gateway = new GatewayHost([.. Chain(), ("Gateway:Providers:groq:Circuit:MinimumThroughput", "4"), ("Gateway:Providers:groq:Circuit:FailureRatio", "1"), ("Gateway:Providers:groq:Circuit:BreakDuration", "00:10:00")]);
        await gateway.Emulator.BreakAsync("groq", new { cut_after = 5, trickle_ms = 5 });

        // Each counts once, as a failure, whatever it had said before it broke off.
        for (var i = 0; i < 4; i++)
        {
            Assert.NotNull((await ChatStream.ReadAsync(gateway.Http, Request("chain"))).Error);
        }

        var stream = await ChatStream.ReadAsync(gateway.Http, Request("chain"));
        Assert.Equal("openai", stream.Response.Header("x-masterx-provider"));
    }

    private static IEnumerable<(string, string?)> Chain() => [("Gateway:Routes:chain:Candidates:0", "groq/m"), ("Gateway:Routes:chain:Candidates:1", "openai/m")];

    private static object Request(string model) => new { model, stream = true, messages = new[] { new { role = "user", content = "hello" } } };
}
