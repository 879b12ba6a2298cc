using Microsoft.Playwright;

namespace MasterX.Tests.Hosts;

/// <summary>A headless Chromium of this machine: Playwright brings none that could be downloaded everywhere.</summary>
internal sealed class Browser : IAsyncDisposable
{
    /// <summary>Where Debian and others put it.</summary>
    private static readonly string[] Places = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome", "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"];

    private readonly IPlaywright _playwright;
    private readonly IBrowser _browser;

    private Browser(IPlaywright playwright, IBrowser browser) => (_playwright, _browser) = (playwright, browser);

    /// <summary>Why there is none, with what to install; <see langword="null"/> where there is one.</summary>
    public static string? Missing => Executable is null ? "There is no Chromium: install Debian's package chromium." : null;

    private static string? Executable => Array.Find(Places, File.Exists);

    public static async Task<Browser> StartAsync()
    {
        var playwright = await Playwright.CreateAsync();
        return new(playwright, await playwright.Chromium.LaunchAsync(new()
        {
            ExecutablePath = Executable,
            // As root there is no sandbox; and nothing but the page is asked for.
            Args = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"],
        }));
    }

    public Task<IPage> OpenAsync(int width, int height) => _browser.NewPageAsync(new() { ViewportSize = new() { Width = width, Height = height } });

    public async ValueTask DisposeAsync()
    {
        await _browser.DisposeAsync();
        _playwright.Dispose();
    }
}
