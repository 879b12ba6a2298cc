using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text;
using System.Text.RegularExpressions;

namespace MasterX.Tests.Hosts;

/// <summary>The API as a process of its own: it can be killed, and all it writes can be read.</summary>
internal sealed partial class ApiProcess : IAsyncDisposable
{
    public const string AdminKey = "mx_the-admin-key-of-a-test-process";

    private readonly Process _process;
    private readonly StringBuilder _log = new();
    private readonly TaskCompletionSource<Uri> _address = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private ApiProcess(Process process)
    {
        _process = process;
        process.OutputDataReceived += (_, line) => Note(line.Data);
        process.ErrorDataReceived += (_, line) => Note(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    /// <summary>A free port, which the process has found itself: one that was free a moment ago may be another's by now.</summary>
    public Uri Address { get; private set; } = null!;

    /// <param name="gateway">Behind it; none when its address does not matter.</param>
    /// <param name="settings">As environment variables.</param>
    /// <returns>Once it is ready.</returns>
    public static async Task<ApiProcess> StartAsync(GatewayHost? gateway, params IEnumerable<(string Name, string Value)> settings)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "MasterX.Api.dll")]) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, value) in new[]
        {
            ("ASPNETCORE_ENVIRONMENT", "Production"), ("ASPNETCORE_URLS", "http://127.0.0.1:0"), ("Gateway__Token", GatewayHost.Token), ("MASTERX_ADMIN_KEY", AdminKey), ("CORS_ORIGINS", "none"),
            ("services__aigateway__http__0", gateway?.Address.ToString() ?? "http://127.0.0.1:1"),
        }.Concat(settings))
        {
            start.Environment[name] = value;
        }

        var api = new ApiProcess(Process.Start(start)!);
        var patience = Stopwatch.StartNew();
        await Task.WhenAny(api._address.Task, api._process.WaitForExitAsync(TestContext.Current.CancellationToken), Task.Delay(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken));
        if (!api._address.Task.IsCompletedSuccessfully)
        {
            await api.DisposeAsync();
            Assert.Fail($"The API does not listen: {api.Log}");
        }

        api.Address = await api._address.Task;
        using var client = api.ClientWith(AdminKey);
        while (true)
        {
            try
            {
                using var ready = await client.GetAsync(new Uri("/health/ready", UriKind.Relative), TestContext.Current.CancellationToken);
                if (ready.IsSuccessStatusCode)
                {
                    return api;
                }
            }
            catch (HttpRequestException)
            {
                // It has ended.
            }

            if (api._process.HasExited || patience.Elapsed > TimeSpan.FromSeconds(60))
            {
                await api.DisposeAsync();
                Assert.Fail($"The API did not become ready: {api._log}");
            }

            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
    }

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

    public HttpClient ClientWith(string key)
    {
        var client = new HttpClient { BaseAddress = Address, Timeout = TimeSpan.FromSeconds(30) };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        return client;
    }

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
        using (var signal = Process.Start("kill", ["-TERM", _process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]))
        {
            await signal.WaitForExitAsync(CancellationToken.None);
        }

        await _process.WaitForExitAsync(CancellationToken.None);
        return Log;
    }

    public async ValueTask DisposeAsync()
    {
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

    [GeneratedRegex(@"Now listening on: (http://[0-9.]+:\d+)")]
    private static partial Regex Listening();
}
