using System.Diagnostics;

namespace MasterX.Tests.Hosts;

/// <summary>
/// The AppHost as a process of its own, for what ends it: settings that cannot be, ports that are taken, publishing. Its services' ports are free ones, so
/// that it can be run beside a developer's.
/// </summary>
internal static class AppHostProcess
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(1);

    private static readonly string[] Services = ["api", "aigateway", "emulator"];

    /// <summary>As the build laid it out beside the tests: a copy among them would lack what the SDK puts beside an AppHost.</summary>
    private static readonly string Assembly = Path.GetFullPath(Path.Combine(
        AppContext.BaseDirectory, "..", "..", "MasterX.AppHost", Path.GetFileName(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory)), "MasterX.AppHost.dll"));

    /// <summary>What the launch profile sets, but for the dashboard's ports: whatever is free.</summary>
    private static readonly (string Name, string Value)[] Profile =
    [
        ("DOTNET_ENVIRONMENT", "Development"), ("ASPNETCORE_ENVIRONMENT", "Development"), ("ASPIRE_ALLOW_UNSECURED_TRANSPORT", "true"),
        ("ASPNETCORE_URLS", "http://localhost:0"), ("ASPIRE_DASHBOARD_OTLP_ENDPOINT_URL", "http://localhost:0"), ("ASPIRE_RESOURCE_SERVICE_ENDPOINT_URL", "http://localhost:0"),
        // A developer's own keys are never used by a test.
        ("Parameters__gemini_api_key", ""), ("Parameters__groq_api_key", ""), ("Parameters__openai_api_key", ""),
    ];

    /// <param name="settings">As environment variables, over those of the launch profile.</param>
    /// <param name="arguments">Of the command line.</param>
    public static Process Start(IEnumerable<(string Name, string Value)> settings, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [Assembly, .. arguments])
        {
            RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = Path.GetDirectoryName(Assembly),
        };
        var ports = Services.Zip(FreePorts.Take(Services.Length), (service, port) => ($"Ports__{service}", port));
        foreach (var (name, value) in Profile.Concat(ports).Concat(settings))
        {
            start.Environment[name] = value;
        }

        return Process.Start(start)!;
    }

    /// <summary>Runs it to its end.</summary>
    /// <inheritdoc cref="Start" />
    public static async Task<(int ExitCode, string Output, string Error)> RunAsync(IEnumerable<(string Name, string Value)> settings, params string[] arguments)
    {
        using var process = Start(settings, arguments);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(Limit);
        var output = process.StandardOutput.ReadToEndAsync(limit.Token);
        var error = process.StandardError.ReadToEndAsync(limit.Token);
        try
        {
            await process.WaitForExitAsync(limit.Token);
            return (process.ExitCode, await output, await error);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
    }
}
