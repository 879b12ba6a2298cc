using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text;
using System.Text.RegularExpressions;

namespace MasterX.Tests.Hosts;

/// <summary>A service as it is started from its own folder's files, in a process with no environment but the one given.</summary>
internal sealed partial class ServiceProcess : IAsyncDisposable
{
    private static readonly string[] Kept = ["PATH", "HOME", "DOTNET_ROOT", "TMPDIR", "SystemRoot"];

    private readonly Process _process;
    private readonly StringBuilder _log = new();
    private readonly TaskCompletionSource<Uri> _address = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private ServiceProcess(Process process)
    {
        _process = process;
        process.OutputDataReceived += (_, line) => Note(line.Data);
        process.ErrorDataReceived += (_, line) => Note(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    /// <summary>With the gateway's token.</summary>
    public HttpClient Http { get; } = new(new SocketsHttpHandler { UseProxy = false })
    {
        Timeout = TimeSpan.FromSeconds(30),
        DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", GatewayHost.Token) },
    };

    /// <summary>As the service says it.</summary>
    public Uri Address { get; private set; } = null!;

    /// <summary>All it has written so far.</summary>
    public string Log
    {
        get
        {
            lock (_log)
            {
                return _log.ToString();
            }
        }
    }

    /// <summary>Where a service's own files are.</summary>
    public static string FolderOf(string service) =>
        Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "..", "..", service, Path.GetFileName(AppContext.BaseDirectory.TrimEnd('/'))));

    /// <param name="service">The name of its project.</param>
    /// <param name="directory">To start it in.</param>
    /// <param name="settings">As environment variables.</param>
    /// <returns>Once it listens.</returns>
    public static async Task<ServiceProcess> StartAsync(string service, string directory, params IEnumerable<(string Name, string Value)> settings)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(FolderOf(service), $"{service}.dll")])
        {
            WorkingDirectory = directory,
        };
        foreach (var name in start.Environment.Keys.Except(Kept).ToArray())
        {
            start.Environment.Remove(name);
        }

        foreach (var (name, value) in settings.Prepend(("Gateway__Token", GatewayHost.Token)))
        {
            start.Environment[name] = value;
        }

        return await StartAsync(start);
    }

    /// <param name="start">Of a service; its output is read.</param>
    /// <returns>Once it listens.</returns>
    public static async Task<ServiceProcess> StartAsync(ProcessStartInfo start)
    {
        (start.RedirectStandardOutput, start.RedirectStandardError) = (true, true);
        var process = new ServiceProcess(Process.Start(start)!);
        var token = TestContext.Current.CancellationToken;
        await Task.WhenAny(process._address.Task, process._process.WaitForExitAsync(token), Task.Delay(TimeSpan.FromSeconds(60), token));
        if (!process._address.Task.IsCompletedSuccessfully)
        {
            await process.DisposeAsync();
            Assert.Fail($"{start.ArgumentList[0]} does not listen: {process.Log}");
        }

        process.Address = await process._address.Task;
        process.Http.BaseAddress = new UriBuilder("http", "127.0.0.1", process.Address.Port).Uri;
        return process;
    }

    /// <summary>Waits until it has written something.</summary>
    public Task UntilLoggedAsync(string text) => UntilAsync(() => Task.FromResult(Log.Contains(text, StringComparison.Ordinal)), text);

    public async Task UntilAsync(Func<Task<bool>> condition, string what)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(TimeSpan.FromSeconds(30));
        while (!await condition())
        {
            Assert.False(patience.IsCancellationRequested, $"Waited in vain for {what}: {Log}");
            await Task.Delay(50, TestContext.Current.CancellationToken);
        }
    }

    public bool HasEnded => _process.HasExited;

    /// <summary>As the kernel does it when memory runs out: at once, and without a word.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync(CancellationToken.None);
    }

    /// <summary>Asks it to stop, and waits until it has.</summary>
    /// <returns>All it has written.</returns>
    public async Task<string> StopAsync()
    {
        await SignalAsync("TERM");
        await _process.WaitForExitAsync(CancellationToken.None);
        return Log;
    }

    /// <summary>Stands still, as a process does whose machine is moved or whose processor is taken away.</summary>
    public Task PauseAsync() => SignalAsync("STOP");

    /// <summary>Goes on after a pause.</summary>
    public Task ContinueAsync() => SignalAsync("CONT");

    private async Task SignalAsync(string name)
    {
        using var signal = Process.Start("kill", [$"-{name}", _process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
        await signal.WaitForExitAsync(CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        if (!_process.HasExited)
        {
            await KillAsync();
        }

        _process.Dispose();
    }

    private void Note(string? line)
    {
        lock (_log)
        {
            _log.AppendLine(line);
        }

        if (line is not null && Listening().Match(line) is { Success: true } match)
        {
            _address.TrySetResult(new Uri(match.Groups[1].Value));
        }
    }

    [GeneratedRegex(@"Now listening on: (http://[^""\s]+:\d+)")]
    private static partial Regex Listening();
}
