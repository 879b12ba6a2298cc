using System.Diagnostics;
using MasterX.Tests.Hosts;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace MasterX.Tests.Gateway;

/// <summary>A request is one trace, through every attempt; a provider learns of it only where it is told to.</summary>
public sealed class TracePropagationTests
{
    private const string Gateway = "MasterX.AiGateway";
    private const string Server = "Microsoft.AspNetCore";

    /// <summary>Everything that tells of a trace in some tracing system or other.</summary>
    private static readonly string[] Telling =
    [
        "traceparent", "tracestate", "baggage", "request-id", "correlation-context", "x-request-id", "x-correlation-id", "b3",
    ];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_providers_span_is_a_child_of_the_attempts_which_is_a_child_of_the_requests(bool stream)
    {
        await using var gateway = new GatewayHost(("Gateway:Providers:openai:PropagateTrace", "true"));
        using var trace = TraceRecorder.OfGateway();

        await AskAsync(gateway, trace, "openai/m", stream);

        var call = await trace.CallAsync();
        var servers = await trace.SpansAsync(Server, 2);
        var request = servers.Single(span => span.ParentSpanId.ToHexString() == trace.Parent.Split('-')[2]);
        Assert.Equal(request.SpanId, call.ParentSpanId);
        Assert.Contains(servers, provider => provider.ParentSpanId == call.SpanId && provider != request);
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public async Task A_provider_learns_of_the_trace_only_where_it_is_told_to(bool propagate, bool stream)
    {
        HeaderDictionary? seen = null;
        await using var provider = await ScriptedProvider.StartAsync(context =>
        {
            seen = new HeaderDictionary(
                context.Request.Headers.ToDictionary(header => header.Key, header => header.Value, StringComparer.OrdinalIgnoreCase));
            return ScriptedProvider.JsonAsync(context, ScriptedProvider.Completion);
        });
        await using var gateway = new GatewayHost(
            ("Gateway:Providers:openai:BaseUrl", provider.Url), ("Gateway:Providers:openai:PropagateTrace", propagate ? "true" : null));
        using var trace = TraceRecorder.OfGateway();

        await AskAsync(
            gateway, trace, "openai/m", stream, ("tracestate", "vendor=1"), ("baggage", "user=7"), ("x-request-id", "r"),
            ("Correlation-Context", "c=1"), ("Request-Id", "q"));

        var call = await trace.CallAsync();
        var told = Telling.Where(name => seen!.ContainsKey(name)).ToDictionary(name => name, name => seen![name].ToString());
        Assert.Equal(
            propagate ? new() { ["traceparent"] = $"00-{trace.TraceId}-{call.SpanId}-01", ["tracestate"] = "vendor=1" } : [], told);
        Assert.DoesNotContain(seen!, header => !propagate && header.Value.ToString().Contains(trace.TraceId, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_request_that_is_not_sampled_is_not_sampled_by_the_provider_either()
    {
        string? seen = null;
        await using var provider = await ScriptedProvider.StartAsync(context =>
        {
            seen = context.Request.Headers.TraceParent;
            return ScriptedProvider.JsonAsync(context, ScriptedProvider.Completion);
        });
        await using var gateway = new GatewayHost(
            ("Gateway:Providers:openai:BaseUrl", provider.Url), ("Gateway:Providers:openai:PropagateTrace", "true"));
        using var trace = new TraceRecorder("none");
        using var unsampled = new ActivityListener
        {
            ShouldListenTo = source => source.Name == Server,
            Sample = (ref options) =>
                options.TraceId.ToHexString() == trace.TraceId ? ActivitySamplingResult.PropagationData : ActivitySamplingResult.None,
        };
        ActivitySource.AddActivityListener(unsampled);

        await AskAsync(gateway, trace, "openai/m", stream: false);

        Assert.StartsWith($"00-{trace.TraceId}-", seen, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_changed_setting_is_in_force_and_other_providers_keep_their_connections()
    {
        await using var gateway = new GatewayHost();
        using var before = TraceRecorder.OfGateway();
        await AskAsync(gateway, before, "openai/m", stream: false);
        Assert.Single(await before.SpansAsync(Server));
        var provider = Routes(gateway).Resolve("groq/m")!.Candidates[0].Provider;

        gateway.Changes.Change(("Gateway:Providers:openai:PropagateTrace", "true"));

        using var after = TraceRecorder.OfGateway();
        await AskAsync(gateway, after, "openai/m", stream: false);
        Assert.Equal(2, (await after.SpansAsync(Server, 2)).Count);
        Assert.Same(provider, Routes(gateway).Resolve("groq/m")!.Candidates[0].Provider);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Every_attempt_is_a_span_with_its_provider_outcome_and_status(bool stream)
    {
        await using var gateway = new GatewayHost(
            ("Gateway:Routes:r:Candidates:0", "gemini/g"), ("Gateway:Routes:r:Candidates:1", "groq/m"), (
                "Gateway:Routes:r:Candidates:2", "openai/m"),
            ("Gateway:Providers:openai:PropagateTrace", "true"));
        using var trace = TraceRecorder.OfGateway();
        await gateway.Emulator.BreakAsync("gemini", new { status = 503 });
        await gateway.Emulator.BreakAsync("groq", new { status = 429 });

        await AskAsync(gateway, trace, "r", stream);

        var calls = await trace.SpansAsync(Gateway, 3);
        Assert.Equal(
            [("gemini", "provider_failed", 503), ("groq", "provider_limited", 429), ("openai", "success", 200)],
            calls.Select(call => (
                (string)call.GetTagItem("gateway.provider")!, (string)call.GetTagItem("gateway.outcome")!,
                (int)call.GetTagItem("http.response.status_code")!)));
        Assert.Equal([ActivityStatusCode.Error, ActivityStatusCode.Error, ActivityStatusCode.Unset], calls.Select(call => call.Status));
        Assert.Equal(["provider_failed", "provider_limited", null], calls.Select(call => call.GetTagItem("error.type")));
        Assert.Single(calls.Select(call => call.ParentSpanId).Distinct());
        Assert.Contains(await trace.SpansAsync(Server, 2), span => span.ParentSpanId == calls[2].SpanId);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Hedged_attempts_are_spans_beside_each_other(bool stream)
    {
        await using var gateway = new GatewayHost(
            ("Gateway:Routes:h:Candidates:0", "groq/m"), ("Gateway:Routes:h:Candidates:1", "openai/m"), (
                "Gateway:Routes:h:HedgeAfter", "00:00:00.100"),
            ("Gateway:Providers:openai:PropagateTrace", "true"), ("Gateway:Providers:groq:PropagateTrace", "true"));
        using var trace = TraceRecorder.OfGateway();
        await gateway.Emulator.BreakAsync("groq", new { hang = true });

        await AskAsync(gateway, trace, "h", stream);

        var calls = await trace.SpansAsync(Gateway, 2);
        Assert.Equal(
            [("groq", "cancelled"), ("openai", "success")],
            calls.Select(call => ((string)call.GetTagItem("gateway.provider")!, (string)call.GetTagItem("gateway.outcome")!)));
        Assert.Equal(ActivityStatusCode.Unset, calls[0].Status);
        var servers = await trace.SpansAsync(Server, 3);
        Assert.All(calls, call => Assert.Contains(servers, span => span.ParentSpanId == call.SpanId));
        Assert.Single(calls.Select(call => call.ParentSpanId).Distinct());
    }

    [Fact]
    public async Task A_candidate_that_is_skipped_is_an_event_of_the_requests_span()
    {
        await using var gateway = new GatewayHost(
            ("Gateway:Routes:r:Candidates:0", "groq/m"), ("Gateway:Routes:r:Candidates:1", "openai/m"));
        await gateway.Emulator.BreakAsync("groq", new { status = 429, retry_after = 60 });
        using (await gateway.AskAsync("cools down", "r"))
        {
        }

        using var trace = TraceRecorder.OfGateway();
        await AskAsync(gateway, trace, "r", stream: false);

        Assert.Equal("openai", (await trace.CallAsync()).GetTagItem("gateway.provider"));
        var skipped = Assert.Single((await trace.SpansAsync(Server))[0].Events);
        Assert.Equal("gateway.candidate.skipped", skipped.Name);
        Assert.Equal(
            [("gateway.provider", "groq"), ("gen_ai.request.model", "m"), ("gateway.outcome", "cooling_down")],
            skipped.Tags.Select(tag => (tag.Key, (string)tag.Value!)));
    }

    [Fact]
    public async Task A_request_that_cannot_be_said_in_a_providers_format_is_no_call()
    {
        await using var gateway = new GatewayHost(
            ("Gateway:Routes:r:Candidates:0", "anthropic/m"), ("Gateway:Routes:r:Candidates:1", "openai/m"));
        using var trace = TraceRecorder.OfGateway();

        using var answer = await trace.PostAsync(
            gateway.Http, "/v1/chat/completions", """{"model":"r","n":2,"messages":[{"role":"user","content":"x"}]}""");

        Assert.Equal("openai", (await trace.CallAsync()).GetTagItem("gateway.provider"));
        Assert.Equal(
            "not_taken_here",
            Assert.Single((await trace.SpansAsync(Server))[0].Events).Tags.Single(tag => tag.Key == "gateway.outcome").Value);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_call_whose_answer_is_kept_is_a_child_of_the_request_too(bool stream)
    {
        await using var gateway = new GatewayHost(
            ("Gateway:Routes:kept:Candidates:0", "openai/m"), ("Gateway:Routes:kept:Cache", "00:05:00"));
        using var trace = TraceRecorder.OfGateway();

        await AskAsync(gateway, trace, "kept", stream);
        await AskAsync(gateway, trace, "kept", stream);

        var call = await trace.CallAsync();
        Assert.Contains(await trace.SpansAsync(Server, 2), span => span.SpanId == call.ParentSpanId);
    }

    private static async Task AskAsync(
        GatewayHost gateway, TraceRecorder trace, string model, bool stream, params (string, string)[] headers)
    {
        using var answer = await trace.PostAsync(
            gateway.Http, "/v1/chat/completions",
            $$"""{"model":"{{model}}","stream":{{(stream ? "true" : "false")}},"messages":[{"role":"user","content":"x"}]}""", headers);
        await answer.Content.ReadAsStringAsync(Token);
    }

    private static AiGateway.Routing.RouteTable Routes(GatewayHost gateway) =>
        gateway.Services.GetRequiredService<AiGateway.GatewayConfiguration>().Routes;
}
