using System.Net;
using System.Net.Http.Json;
using Aspire.Hosting.Testing;
using MasterX.Tests.Hosts;

namespace MasterX.Tests.Composition;

/// <summary>The plan's integration tests, against the whole composition.</summary>
public sealed class CompositionTests(RunningComposition composition) : IClassFixture<RunningComposition>, IAsyncLifetime
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => await composition.Emulator.DeleteAsync(new Uri("/_faults", UriKind.Relative), Token);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task Full_AI_pipeline()
    {
        using var answer = await composition.Api.PostAsJsonAsync("/api/ai/generate", new { prompt = "test query" }, Token);

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        var result = await answer.JsonAsync();
        Assert.True(result.GetProperty("success").GetBoolean());
        Assert.NotEmpty(result.Text("content")!);
        Assert.True(result.GetProperty("confidence").GetDouble() > 0.5);
    }

    [Fact]
    public async Task Database_operations()
    {
        using var created = await composition.Api.PostAsJsonAsync("/api/users", new { name = "test", email = "test@test.com" }, Token);
        var user = await created.JsonAsync();
        Assert.NotEmpty(user.Text("id")!);

        using var retrieved = await composition.Api.GetAsync(new Uri($"/api/users/{user.Text("id")}", UriKind.Relative), Token);

        Assert.Equal("test", (await retrieved.JsonAsync()).Text("name"));
    }

    [Fact]
    public async Task Gemini_fails_and_groq_answers()
    {
        using var broken = await composition.Emulator.PutAsJsonAsync("/_faults/gemini", new { status = 503 }, Token);
        Assert.True(broken.IsSuccessStatusCode);

        using var answer = await composition.Api.PostAsJsonAsync("/api/ai/generate", new { prompt = "test query" }, Token);

        var result = await answer.JsonAsync();
        Assert.Equal("groq", result.Text("provider"));
        Assert.Equal(("gemini", "503"), (result.Text("attempts", "0", "provider"), result.Text("attempts", "0", "status")));
    }

    [Fact]
    public async Task Every_provider_fails_and_the_answer_names_three_attempts()
    {
        foreach (var provider in new[] { "gemini", "groq", "openai" })
        {
            using var broken = await composition.Emulator.PutAsJsonAsync($"/_faults/{provider}", new { refuse = true }, Token);
            Assert.True(broken.IsSuccessStatusCode);
        }

        using var answer = await composition.Api.PostAsJsonAsync("/api/ai/generate", new { prompt = "test query" }, Token);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.Equal(3, (await answer.JsonAsync()).GetProperty("attempts").GetArrayLength());
    }

    [Theory]
    [InlineData("api")]
    [InlineData("aigateway")]
    [InlineData("emulator")]
    public async Task Every_service_answers_its_health_and_metrics(string service)
    {
        using var client = composition.App.CreateHttpClient(service);

        using var live = await client.GetAsync(new Uri("/health/live", UriKind.Relative), Token);
        using var alive = await client.GetAsync(new Uri("/alive", UriKind.Relative), Token);
        using var ready = await client.GetAsync(new Uri("/health/ready", UriKind.Relative), Token);
        using var health = await client.GetAsync(new Uri("/health", UriKind.Relative), Token);
        var metrics = await client.GetStringAsync(new Uri("/metrics", UriKind.Relative), Token);

        Assert.Equal("alive", (await live.JsonAsync()).Text("status"));
        Assert.Equal("alive", (await alive.JsonAsync()).Text("status"));
        Assert.Equal("ready", (await ready.JsonAsync()).Text("status"));
        Assert.Contains("memory", (await health.JsonAsync()).GetProperty("checks").EnumerateObject().Select(check => check.Name));
        Assert.Matches("""http_requests_total\{[^}]*endpoint="/health/ready"[^}]*method="GET"[^}]*status="200"[^}]*\} [1-9]""", metrics);
        Assert.Contains("http_request_duration_seconds_bucket", metrics, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_gateway_lets_nobody_in_without_its_token()
    {
        using var gateway = composition.App.CreateHttpClient("aigateway");

        using var answer = await gateway.PostAsJsonAsync("/v1/chat/completions", new { messages = new[] { new { role = "user", content = "x" } } }, Token);

        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
    }

    [Fact]
    public void Endpoints_are_free_ports_and_not_those_of_a_developer() =>
        Assert.DoesNotContain(composition.App.GetEndpoint("api").Port, new[] { 5080, 5081, 5082 });
}
