using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text.Json;
using MasterX.Tests.Hosts;

namespace MasterX.Tests.Composition;

/// <summary>
/// The AppHost as <c>./masterx up</c> runs it, without Aspire's proxies: what it tells programs while it runs, and what it makes of processes that are killed.
/// </summary>
public sealed class RunningAppHostTests : IAsyncDisposable
{
    private readonly DataFolder _folder = new();
    private readonly IReadOnlyList<string> _ports = FreePorts.Take(6);
    private readonly Process _appHost;
    private readonly Task<string> _error;

    public RunningAppHostTests()
    {
        _appHost = AppHostProcess.Start(
            [("ASPNETCORE_URLS", Url(3)), ("ASPIRE_DASHBOARD_OTLP_ENDPOINT_URL", Url(4)), ("ASPIRE_RESOURCE_SERVICE_ENDPOINT_URL", Url(5))],
            "--Storage=embedded", $"--DataDirectory={_folder.Path}", $"--RunFile={RunFile}",
            $"--Ports:api={_ports[0]}", $"--Ports:aigateway={_ports[1]}", $"--Ports:emulator={_ports[2]}");
        _ = _appHost.StandardOutput.ReadToEndAsync();
        _error = _appHost.StandardError.ReadToEndAsync();
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string RunFile => Path.Combine(_folder.Path, "run.json");

    [Fact]
    public async Task What_is_killed_is_told_and_found_and_without_its_orchestrator_it_ends()
    {
        Assert.SkipWhen(!Directory.Exists("/proc/self"), "Processes are found in /proc.");
        await UntilAsync(() => File.Exists(RunFile), "everything to be healthy");
        Assert.Equal($"http://localhost:{_ports[1]}", Read("aigateway").Text("url"));
        Assert.StartsWith($"{Url(3)}/login?t=", ReadAll().Text("dashboard"), StringComparison.Ordinal);

        // A service that is killed has no process any more, and refuses its callers.
        Process.GetProcessById(PidOf("aigateway")!.Value).Kill();
        await UntilAsync(() => PidOf("aigateway") is null, "the gateway's process to be taken back");
        using var caller = new HttpClient();
        var refused = await Assert.ThrowsAsync<HttpRequestException>(() => caller.GetAsync(new Uri(Read("aigateway").Text("url")!), Token));
        Assert.Equal(SocketError.ConnectionRefused, Assert.IsType<SocketException>(refused.InnerException).SocketErrorCode);

        // One whose parent is killed is nobody's child, and is found all the same.
        var orphan = PidOf("api")!.Value;
        Process.GetProcessById(Parent(orphan)).Kill();
        Process.GetProcessById(PidOf("emulator")!.Value).Kill();
        await UntilAsync(() => PidOf("emulator") is null, "the emulator's process to be taken back");
        Assert.Contains(orphan, Processes());

        // Without the orchestrator nothing runs.
        Process.GetProcessById(Processes().First(process => Command(process).Contains("run-controllers", StringComparison.Ordinal))).Kill();
        await _appHost.WaitForExitAsync(Token).WaitAsync(TimeSpan.FromSeconds(30), Token);
        Assert.Equal(1, _appHost.ExitCode);
        Assert.Contains("Aspire's orchestrator (dcp) has ended", await _error, StringComparison.Ordinal);
        Assert.False(File.Exists(RunFile));
    }

    public async ValueTask DisposeAsync()
    {
        var left = File.Exists($"{RunFile}.processes") ? Processes() : [];
        _appHost.Kill(entireProcessTree: true);
        await _appHost.WaitForExitAsync(CancellationToken.None);
        foreach (var process in left.Where(process => Command(process).Contains("MasterX.", StringComparison.Ordinal)))
        {
            // What is left of the services is as good as killed: the orchestrator takes care of the rest.
            using var kill = Process.Start("kill", ["-KILL", process.ToString(CultureInfo.InvariantCulture)]);
            await kill.WaitForExitAsync(CancellationToken.None);
        }

        _appHost.Dispose();
        _folder.Dispose();
    }

    private static int Parent(int process) =>
        int.Parse(File.ReadLines($"/proc/{process}/status").First(line => line.StartsWith("PPid:", StringComparison.Ordinal))[5..], CultureInfo.InvariantCulture);

    /// <summary>Empty for one that has ended.</summary>
    private static string Command(int process) => File.Exists($"/proc/{process}/cmdline") ? File.ReadAllText($"/proc/{process}/cmdline") : "";

    private string Url(int port) => $"http://localhost:{_ports[port]}";

    private JsonElement ReadAll()
    {
        using var json = JsonDocument.Parse(File.ReadAllText(RunFile));
        return json.RootElement.Clone();
    }

    private JsonElement Read(string service) => ReadAll().GetProperty("resources").GetProperty(service);

    private int? PidOf(string service) => Read(service).TryGetProperty("pid", out var pid) ? pid.GetInt32() : null;

    private List<int> Processes() =>
        [.. File.ReadLines($"{RunFile}.processes").Select(line => int.Parse(line.Split(' ')[0], CultureInfo.InvariantCulture))];

    private async Task UntilAsync(Func<bool> condition, string what)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Token);
        patience.CancelAfter(TimeSpan.FromMinutes(2));
        while (!condition())
        {
            Assert.False(patience.IsCancellationRequested || _appHost.HasExited, $"Waited in vain for {what}: {(_appHost.HasExited ? await _error : "")}");
            await Task.Delay(100, Token);
        }
    }
}
