using System.Net;
using System.Net.Sockets;
using MasterX.Tests.Hosts;
using Microsoft.AspNetCore.Http;

namespace MasterX.Tests.Gateway;

/// <summary>When a provider fails, the next one answers; when all fail, the caller is told which and how.</summary>
public sealed class FailoverTests
{
    [Fact]
    public async Task The_first_provider_of_the_chain_answers()
    {
        await using var gateway = new GatewayHost();

        using var answer = await gateway.AskAsync("What is a circuit breaker?");

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        var body = await answer.JsonAsync();
        Assert.Equal("chat.completion", body.Text("object"));
        Assert.Contains("What is a circuit breaker?", body.Text("choices", "0", "message", "content"), StringComparison.Ordinal);
        Assert.Equal("gemini", answer.Header("x-masterx-provider"));
        Assert.Equal("gemini-2.5-flash", answer.Header("x-masterx-model"));
        Assert.Equal("1", answer.Header("x-masterx-attempts"));
        Assert.Equal(body.Text("usage", "prompt_tokens"), answer.Header("x-masterx-tokens-in"));
        Assert.Equal(body.Text("usage", "completion_tokens"), answer.Header("x-masterx-tokens-out"));
    }

    [Fact]
    public async Task Gemini_503_then_groq_answers()
    {
        await using var gateway = new GatewayHost();
        await gateway.Emulator.BreakAsync("gemini", new { status = 503 });

        using var answer = await gateway.AskAsync("hello");

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal("groq", answer.Header("x-masterx-provider"));
        Assert.Matches("""^gemini;model="gemini-2\.5-flash";outcome=provider_failed;status=503;ms=\d+, groq;model="llama-3\.3-70b-versatile";outcome=success;status=200;ms=\d+$""", answer.Header("x-masterx-attempt-list"));
    }

    [Fact]
    public async Task Gemini_refuses_the_connection_then_groq_answers()
    {
        await using var gateway = new GatewayHost(("Gateway:Providers:gemini:BaseUrl", $"http://127.0.0.1:{ClosedPort()}"));

        using var answer = await gateway.AskAsync("hello");

        Assert.Equal("groq", answer.Header("x-masterx-provider"));
        Assert.Contains("gemini;model=\"gemini-2.5-flash\";outcome=connect_failed", answer.Header("x-masterx-attempt-list"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Groq_hangs_then_openai_answers_after_the_first_byte_limit()
    {
        await using var gateway = new GatewayHost(("Gateway:Providers:groq:FirstByteTimeout", "00:00:00.300"));
        await gateway.Emulator.BreakAsync("gemini", new { status = 500 });
        await gateway.Emulator.BreakAsync("groq", new { hang = true });

        using var answer = await gateway.AskAsync("hello");

        Assert.Equal("openai", answer.Header("x-masterx-provider"));
        Assert.Contains("groq;model=\"llama-3.3-70b-versatile\";outcome=timed_out", answer.Header("x-masterx-attempt-list"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stream_of_pings_without_content_moves_on_after_the_first_content_limit()
    {
        await using var pinging = await ScriptedProvider.StartAsync(async context =>
        {
            context.Response.ContentType = "text/event-stream";
            while (!context.RequestAborted.IsCancellationRequested)
            {
                await context.Response.WriteAsync(": ping\n\n");
                await context.Response.Body.FlushAsync();
                await Task.Delay(TimeSpan.FromMilliseconds(20), CancellationToken.None);
            }
        });
        await using var gateway = new GatewayHost(
            ("Gateway:Providers:groq:BaseUrl", pinging.Url), ("Gateway:Providers:groq:FirstContentTimeout", "00:00:00.300"),
            ("Gateway:Routes:r:Candidates:0", "groq"), ("Gateway:Routes:r:Candidates:1", "openai"));

        using var answer = await gateway.ChatAsync(new { model = "r", stream = true, messages = new[] { new { role = "user", content = "x" } } });

        Assert.Equal("openai", answer.Header("x-masterx-provider"));
        Assert.Contains("groq;model=\"llama-3.3-70b-versatile\";outcome=timed_out", answer.Header("x-masterx-attempt-list"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("malformed")]
    [InlineData("in_band_error")]
    [InlineData("refuse")]
    public async Task An_answer_that_is_none_moves_on(string fault)
    {
        await using var gateway = new GatewayHost();
        await gateway.Emulator.BreakAsync("gemini", new Dictionary<string, object> { [fault] = true });
        await gateway.Emulator.BreakAsync("groq", new Dictionary<string, object> { [fault] = true });

        using var answer = await gateway.AskAsync("hello");

        Assert.Equal("openai", answer.Header("x-masterx-provider"));
        Assert.Equal("3", answer.Header("x-masterx-attempts"));
    }

    [Fact]
    public async Task An_answer_that_is_cut_in_the_middle_moves_on()
    {
        await using var gateway = new GatewayHost();
        await gateway.Emulator.BreakAsync("gemini", new { cut_after = 0 });

        using var answer = await gateway.AskAsync("hello");

        Assert.Equal("groq", answer.Header("x-masterx-provider"));
        Assert.Contains("outcome=broken_answer", answer.Header("x-masterx-attempt-list"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task All_down_is_a_503_that_names_three_attempts()
    {
        await using var gateway = new GatewayHost();
        await gateway.Emulator.BreakAsync("gemini", new { status = 503 });
        await gateway.Emulator.BreakAsync("groq", new { status = 500 });
        await gateway.Emulator.BreakAsync("openai", new { refuse = true });

        using var answer = await gateway.AskAsync("hello");

        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        var error = (await answer.JsonAsync()).GetProperty("error");
        Assert.Equal("all_providers_failed", error.Text("code"));
        Assert.Equal(["gemini", "groq", "openai"], error.GetProperty("attempts").EnumerateArray().Select(attempt => attempt.Text("provider")));
        Assert.Equal("503", error.Text("attempts", "0", "status"));
        Assert.NotEmpty(error.Text("trace_id")!);
        Assert.DoesNotContain("key-of-", error.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(401)]
    [InlineData(403)]
    public async Task A_refused_key_moves_on_cools_the_provider_down_and_shows_in_health(int status)
    {
        await using var gateway = new GatewayHost();
        await gateway.Emulator.BreakAsync("gemini", new { status });

        using var first = await gateway.AskAsync("hello");
        using var second = await gateway.AskAsync("hello again");

        Assert.Equal("groq", first.Header("x-masterx-provider"));
        Assert.Contains("gemini;model=\"gemini-2.5-flash\";outcome=cooling_down;ms=0", second.Header("x-masterx-attempt-list"), StringComparison.Ordinal);
        Assert.Equal(1, await gateway.Emulator.CallsAsync("gemini"));
        using var health = await gateway.Anonymous.GetAsync(new Uri("/health", UriKind.Relative), TestContext.Current.CancellationToken);
        var document = await health.JsonAsync();
        Assert.Equal("degraded", document.Text("status"));
        Assert.Equal("unavailable", document.Text("checks", "ai_providers", "gemini"));
    }

    [Theory]
    [InlineData("context_length", "not_taken_here", "not_taken_here")]
    [InlineData("credit", "out_of_credit", "out_of_credit")]
    [InlineData("quota", "provider_limited", "out_of_credit")]
    [InlineData("rate_limit", "provider_limited", "provider_limited")]
    [InlineData("overloaded", "provider_failed", "provider_limited")]
    [InlineData("key", "key_refused", "key_refused")]
    [InlineData("model", "not_taken_here", "not_taken_here")]
    [InlineData("content", "not_taken_here", "not_taken_here")]
    [InlineData("tool_call", "broken_answer", "not_taken_here")]
    public async Task Whatever_the_reason_in_each_providers_words_the_next_one_answers(string reason, string gemini, string groq)
    {
        await using var gateway = new GatewayHost();
        await gateway.Emulator.BreakAsync("gemini", new { reason });
        await gateway.Emulator.BreakAsync("groq", new { reason });

        using var answer = await gateway.AskAsync("hello");

        Assert.Equal("openai", answer.Header("x-masterx-provider"));
        Assert.Matches($"^gemini;.*outcome={gemini};.*groq;.*outcome={groq};.*outcome=success", answer.Header("x-masterx-attempt-list"));
    }

    [Fact]
    public async Task Retry_After_of_a_provider_is_honoured()
    {
        await using var gateway = new GatewayHost();
        await gateway.Emulator.BreakAsync("gemini", new { status = 429, retry_after = 60 });

        using var first = await gateway.AskAsync("hello");
        await gateway.Emulator.Http.DeleteAsync(new Uri("/_faults", UriKind.Relative), TestContext.Current.CancellationToken);
        using var second = await gateway.AskAsync("hello again");

        Assert.Contains("outcome=provider_limited;status=429", first.Header("x-masterx-attempt-list"), StringComparison.Ordinal);
        Assert.Equal("groq", second.Header("x-masterx-provider"));
        Assert.Equal(1, await gateway.Emulator.CallsAsync("gemini"));
    }

    [Fact]
    public async Task A_circuit_opens_after_failures_and_the_provider_is_left_alone()
    {
        await using var gateway = new GatewayHost(
            ("Gateway:Providers:gemini:Circuit:MinimumThroughput", "4"), ("Gateway:Providers:gemini:Circuit:BreakDuration", "00:10:00"));
        await gateway.Emulator.BreakAsync("gemini", new { status = 500 });

        for (var i = 0; i < 8; i++)
        {
            using var answer = await gateway.AskAsync("hello");
            Assert.Equal("groq", answer.Header("x-masterx-provider"));
        }

        Assert.Equal(4, await gateway.Emulator.CallsAsync("gemini"));
        using var providers = await gateway.Http.GetAsync(new Uri("/providers", UriKind.Relative), TestContext.Current.CancellationToken);
        var gemini = (await providers.JsonAsync()).GetProperty("providers").EnumerateArray().Single(provider => provider.Text("name") == "gemini");
        Assert.Equal("open", gemini.Text("models", "0", "circuit"));
        Assert.Equal("unavailable", gemini.Text("status"));
    }

    [Fact]
    public async Task A_provider_that_nobody_calls_is_probed_and_its_loss_shows_before_a_caller_meets_it()
    {
        await using var gateway = new GatewayHost(
            ("Gateway:ProbeIdleAfter", "00:00:00.200"), ("Gateway:Providers:groq:BaseUrl", $"http://127.0.0.1:{ClosedPort()}"));

        while (await StatusAsync("groq") != "unavailable")
        {
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }

        Assert.Equal("available", await StatusAsync("openai"));
        Assert.Equal("available", await StatusAsync("anthropic"));

        async Task<string?> StatusAsync(string name)
        {
            using var providers = await gateway.Http.GetAsync(new Uri("/providers", UriKind.Relative), TestContext.Current.CancellationToken);
            return (await providers.JsonAsync()).GetProperty("providers").EnumerateArray().Single(provider => provider.Text("name") == name).Text("status");
        }
    }

    /// <summary>A port of which it is known that nobody listens there.</summary>
    private static int ClosedPort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
