using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using Aspire.Hosting.Testing;
using MasterX.Tests.Hosts;

namespace MasterX.Tests.Composition;

/// <summary>The commands that a developer finds in the dashboard, on the resource that each is about.</summary>
public sealed class DeveloperCommandTests(RunningComposition composition) : IClassFixture<RunningComposition>, IAsyncLifetime
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => await RunAsync("emulator", "heal-all");

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Theory]
    [InlineData("break-gemini", "groq")]
    [InlineData("heal-all", "gemini")]
    public async Task A_provider_is_broken_or_healed_by_a_click(string command, string provider)
    {
        await RunAsync("emulator", command);

        using var answer = await composition.Api.PostAsJsonAsync("/api/ai/generate", new { prompt = "test query" }, Token);
        Assert.Equal(provider, (await answer.JsonAsync()).Text("provider"));
    }

    [Fact]
    public async Task All_providers_go_down_by_one()
    {
        await RunAsync("emulator", "break-all");

        using var answer = await composition.Api.PostAsJsonAsync("/api/ai/generate", new { prompt = "test query" }, Token);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
    }

    [Theory]
    [InlineData("slow-gemini", "gemini", "latency_ms")]
    [InlineData("slow-openai", "openai", "latency_ms")]
    [InlineData("break-groq", "groq", "status")]
    public async Task Each_provider_has_its_own(string command, string provider, string fault)
    {
        await RunAsync("emulator", command);

        using var faults = await composition.Emulator.GetAsync(new Uri("/_faults", UriKind.Relative), Token);
        Assert.NotNull((await faults.JsonAsync()).Text("faults", provider, fault));
    }

    [Fact]
    public async Task A_key_is_made_and_shown_this_once()
    {
        var key = await RunAsync("api", "make-key");

        using var client = composition.App.CreateHttpClient("api");
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        using var answer = await client.PostAsJsonAsync("/api/ai/generate", new { prompt = "test query" }, Token);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        using var keys = await client.GetAsync(new Uri("/api/keys", UriKind.Relative), Token);
        Assert.Equal(HttpStatusCode.Forbidden, keys.StatusCode);
    }

    /// <returns>What the command shows.</returns>
    private async Task<string?> RunAsync(string resource, string command)
    {
        var result = await composition.App.ResourceCommands.ExecuteCommandAsync(resource, command, Token);
        Assert.True(result.Success, result.Message);
        return result.Data?.Value;
    }
}
