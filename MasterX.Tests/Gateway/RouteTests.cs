using System.Net;
using MasterX.AiGateway;
using MasterX.AiGateway.Routing;
using MasterX.Tests.Hosts;
using Microsoft.Extensions.DependencyInjection;

namespace MasterX.Tests.Gateway;

/// <summary>In which order a route asks its candidates, and what happens when the routes change while the gateway runs.</summary>
public sealed class RouteTests
{
    [Fact]
    public async Task Weights_share_out_the_requests()
    {
        await using var gateway = new GatewayHost(
            ("Gateway:Routes:mix:Strategy", "Weighted"), ("Gateway:Routes:mix:Candidates:0", "groq/m"), ("Gateway:Routes:mix:Candidates:1", "openai/m"),
            ("Gateway:Routes:mix:Weights:0", "3"), ("Gateway:Routes:mix:Weights:1", "1"));
        var route = gateway.Services.GetRequiredService<GatewayConfiguration>().Routes.Resolve("mix")!;

        var groqFirst = Enumerable.Range(0, 4000).Count(_ => route.Plan()[0].Provider.Name == "groq");

        // 3,000 are expected, with a standard deviation of 27: ten of them either way.
        Assert.InRange(groqFirst, 2700, 3300);
        Assert.All(Enumerable.Range(0, 100), _ => Assert.Equal(["groq", "openai"], route.Plan().Select(candidate => candidate.Provider.Name).Order()));
    }

    [Fact]
    public async Task The_fastest_of_late_is_asked_first_once_each_has_been_tried()
    {
        await using var gateway = new GatewayHost(
            ("Gateway:Routes:fast:Strategy", "LeastLatency"), ("Gateway:Routes:fast:Candidates:0", "groq/m"), ("Gateway:Routes:fast:Candidates:1", "openai/m"));
        await gateway.Emulator.BreakAsync("groq", new { latency_ms = 300 });

        using var first = await gateway.AskAsync("hello", "fast");
        using var second = await gateway.AskAsync("hello", "fast");
        using var third = await gateway.AskAsync("hello", "fast");

        Assert.Equal(["groq", "openai", "openai"], new[] { first, second, third }.Select(answer => answer.Header("x-masterx-provider")));
    }

    [Fact]
    public async Task New_routes_are_in_force_without_a_restart_and_what_has_not_changed_stays()
    {
        await using var gateway = new GatewayHost(("Gateway:Providers:openai:RequestsPerMinute", "1"));
        using var used = await gateway.AskAsync("hello", "openai/m");

        gateway.Changes.Change(("Gateway:Routes:fresh:Candidates:0", "groq/m"));
        using var fresh = await gateway.AskAsync("hello", "fresh");
        using var limited = await gateway.AskAsync("hello", "openai/m");

        Assert.Equal("groq", fresh.Header("x-masterx-provider"));
        Assert.Equal(HttpStatusCode.TooManyRequests, limited.StatusCode);
    }

    [Fact]
    public async Task A_new_key_makes_a_new_provider_and_requests_under_way_end_with_the_old_one()
    {
        await using var gateway = new GatewayHost();
        await gateway.Emulator.BreakAsync("openai", new { latency_ms = 700 });
        var underWay = gateway.AskAsync("hello", "openai/m");
        while (await gateway.Emulator.CallsAsync("openai") == 0)
        {
            await Task.Yield();
        }

        var before = gateway.Services.GetRequiredService<GatewayConfiguration>().Routes.Resolve("openai/m")!.Candidates[0].Provider;
        gateway.Changes.Change(("Gateway:Providers:openai:ApiKey", "another-key-0987654321"));
        var after = gateway.Services.GetRequiredService<GatewayConfiguration>().Routes.Resolve("openai/m")!.Candidates[0].Provider;

        Assert.NotSame(before, after);
        using var answer = await underWay;
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    [Fact]
    public async Task An_invalid_new_configuration_is_refused_and_the_old_one_stays()
    {
        await using var gateway = new GatewayHost();

        gateway.Changes.Change(("Gateway:Providers:openai:BaseUrl", "http://api.example.com/v1"), ("Gateway:Token", "x"));
        using var answer = await gateway.AskAsync("hello", "openai/m");

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    [Theory]
    [InlineData(new double[] { 1 })]
    [InlineData(new double[] { 1, 0 })]
    [InlineData(new double[] { 1, -1 })]
    [InlineData(new double[] { 1, 2, 3 })]
    public void Weights_that_do_not_fit_the_candidates_are_refused(double[] weights)
    {
        var options = new GatewayOptions { Token = new string('t', 32) };
        options.Providers["openai"] = new() { ApiKey = "k" };
        AiGateway.Providers.BuiltInProviders.Apply(options.Providers);
        options.Routes["mix"] = new() { Strategy = RouteStrategy.Weighted, Candidates = { "openai/a", "openai/b" } };
        foreach (var weight in weights)
        {
            options.Routes["mix"].Weights.Add(weight);
        }

        Assert.Contains("Gateway__Routes__mix__Weights", new GatewayOptionsValidator().Validate(null, options).FailureMessage, StringComparison.Ordinal);
    }
}
