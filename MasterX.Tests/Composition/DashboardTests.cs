using System.Net.Http.Json;
using System.Text.RegularExpressions;
using Aspire.Hosting.Testing;
using MasterX.Tests.Hosts;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace MasterX.Tests.Composition;

/// <summary>
/// What a developer sees in the Aspire dashboard of a running composition, in a real browser. With <c>MASTERX_WRITE_PICTURES</c>, a folder, it
/// leaves README's pictures there.
/// </summary>
public sealed partial class DashboardTests
{
    private static readonly string? Pictures = Environment.GetEnvironmentVariable("MASTERX_WRITE_PICTURES");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_resource_is_healthy_and_a_failed_over_call_is_one_trace_whose_messages_can_be_read()
    {
        Assert.SkipWhen(Browser.Missing is not null, Browser.Missing ?? "");
        await using var composition = await StartedComposition.StartAsync(dashboard: true);
        var dashboard = await composition.App.GetDashboardUrlAsync(Token);
        await using var browser = await Browser.StartAsync();
        var page = await browser.OpenAsync(1280, 900);

        await page.GotoAsync(dashboard.ToString());
        await SeeResourcesAsync(page);

        await FailOverAsync(composition);
        await page.GotoAsync(new Uri(dashboard, "/traces").ToString());
        await page.GetByText("api: POST /api/ai/generate").First.ClickAsync();
        await SeeTraceAsync(page);

        // The refused attempt's view, then the answered one's.
        await SeeMessagesAsync(page, page.Locator(".genai-details-button").First, hasAnswer: false);
        await SeeMessagesAsync(page, page.Locator(".genai-details-button").Last, hasAnswer: true);

        await page.GotoAsync(new Uri(dashboard, "/structuredlogs").ToString());
        foreach (var service in new[] { "api", "aigateway", "emulator" })
        {
            await Expect(page.GetByRole(AriaRole.Row).Filter(new() { HasText = service }).First).ToBeVisibleAsync();
        }

        await page.GotoAsync(new Uri(dashboard, "/metrics/resource/aigateway").ToString());
        foreach (var instrument in new[] { "http.server.request.duration", "gateway_attempts", "gen_ai.client.inference.duration", "http_requests" })
        {
            await Expect(page.GetByText(instrument, new() { Exact = true }).First).ToBeVisibleAsync();
        }
    }

    private static async Task SeeResourcesAsync(IPage page)
    {
        foreach (var service in new[] { "api", "aigateway", "emulator" })
        {
            var row = page.GetByRole(AriaRole.Row).Filter(new() { Has = page.GetByText(service, new() { Exact = true }) });
            await Expect(row.GetByText("Running", new() { Exact = true })).ToBeVisibleAsync();
            await Expect(row.GetByRole(AriaRole.Link, new() { Name = "Metrics" })).ToBeVisibleAsync();
        }

        await Expect(page.GetByRole(AriaRole.Link, new() { Name = "API docs" })).ToBeVisibleAsync();
        await Expect(page.GetByRole(AriaRole.Link, new() { Name = "OpenAPI" })).ToBeVisibleAsync();
        await Expect(page.Locator(".fluent-messagebar, fluent-message-bar")).ToHaveCountAsync(0);
        await Expect(page.GetByText(Warning())).ToHaveCountAsync(0);
        await TakePictureAsync(page, "resources", height: 330);
    }

    private static async Task FailOverAsync(StartedComposition composition)
    {
        using var emulator = composition.ClientOf("emulator");
        using var broken = await emulator.PutAsJsonAsync("/_faults/gemini", new { status = 503 }, Token);
        using var api = composition.ClientOf("api");
        using var answer = await api.PostAsJsonAsync(
            "/api/ai/generate", new { system = "Answer in one sentence.", prompt = "What is a circuit breaker?" }, Token);
        Assert.Equal("groq", (await answer.JsonAsync()).Text("provider"));
    }

    private static async Task SeeTraceAsync(IPage page)
    {
        // Spans arrive within a second or two of their end, each service's by itself.
        string[] spans =
        [
            "POST /api/ai/generate", "HTTP POST 200", "POST /v1/chat/completions", "chat gemini-2.5-flash", "POST /gemini/models/{modelAndMethod}",
            "chat llama-3.3-70b-versatile", "POST /groq/chat/completions", "INSERT generations INSERT spending",
        ];
        await Expect(page.GetByText($"Total spans {spans.Length}")).ToBeVisibleAsync();
        foreach (var span in spans)
        {
            await Expect(page.GetByText(span, new() { Exact = true }).First).ToBeVisibleAsync();
        }

        await Expect(page.GetByText("Resources 3")).ToBeVisibleAsync();
        await TakePictureAsync(page, "trace", height: 430);
    }

    private static async Task SeeMessagesAsync(IPage page, ILocator button, bool hasAnswer)
    {
        await button.ClickAsync();
        var dialog = page.Locator("fluent-dialog");
        await Expect(dialog.GetByText("Answer in one sentence.").First).ToBeVisibleAsync();
        await Expect(dialog.GetByText("What is a circuit breaker?").First).ToBeVisibleAsync();
        await Expect(dialog.GetByText("Error displaying GenAI content")).ToHaveCountAsync(0);
        if (hasAnswer)
        {
            await Expect(dialog.GetByText("[emulated groq/llama-3.3-70b-versatile]").First).ToBeVisibleAsync();
            await TakePictureAsync(page, "genai", height: 740);
        }

        await dialog.GetByRole(AriaRole.Button, new() { Name = "Close" }).ClickAsync();
        await Expect(dialog).ToHaveCountAsync(0);
    }

    private static async Task TakePictureAsync(IPage page, string name, int height)
    {
        if (Pictures is null)
        {
            return;
        }

        var size = page.ViewportSize!;
        await page.SetViewportSizeAsync(size.Width, height);
        await page.Mouse.MoveAsync(0, 0);
        await page.ScreenshotAsync(new() { Path = Path.Combine(Pictures, $"{name}.png"), Animations = ScreenshotAnimations.Disabled });
        await page.SetViewportSizeAsync(size.Width, size.Height);
    }

    [GeneratedRegex("certificate|unsecured|is not secure", RegexOptions.IgnoreCase)]
    private static partial Regex Warning();
}
