using System.Diagnostics;
using System.Globalization;
using StackExchange.Redis;

namespace MasterX.Tests.Hosts;

/// <summary>A <c>redis-server</c> of a test's own, which keeps nothing: to be killed, stopped in the middle, and brought back at the same port.</summary>
internal sealed class RedisServer : IAsyncDisposable
{
    private readonly DataFolder _folder = new();
    private readonly string _password;
    private Process _process;

    private RedisServer(string port, string password)
    {
        (Port, _password) = (port, password);
        _process = Run();
    }

    public string Port { get; }

    /// <summary>What is told to a service.</summary>
    public string Connection => $"127.0.0.1:{Port}" + (_password.Length == 0 ? "" : $",password={_password}");

    /// <summary>What a replica is configured with. A test's machine may be busy: unless it says otherwise, requests wait for Redis.</summary>
    public IEnumerable<(string Key, string? Value)> Settings(int replicas = 3, string wait = "00:00:05") =>
        [("ConnectionStrings:redis", Connection), ("Redis:Replicas", replicas.ToString(CultureInfo.InvariantCulture)), ("Redis:Wait", wait)];

    public static async Task<RedisServer> StartAsync(string password = "")
    {
        var server = new RedisServer(FreePorts.Take(1)[0], password);
        await server.WaitAsync();
        return server;
    }

    /// <summary>As if its machine had lost its power.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    /// <summary>Brings it back, with nothing of what it knew.</summary>
    public async Task ReturnAsync()
    {
        _process = Run();
        await WaitAsync();
    }

    /// <summary>It keeps its connections, and answers nothing.</summary>
    public Task HangAsync() => SignalAsync("-STOP");

    public Task GoOnAsync() => SignalAsync("-CONT");

    /// <summary>A connection of the test's own, to look at what lies there.</summary>
    public Task<ConnectionMultiplexer> ConnectAsync() => ConnectionMultiplexer.ConnectAsync(Connection + ",allowAdmin=true");

    public async ValueTask DisposeAsync()
    {
        if (!HasEnded())
        {
            _process.Kill();
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
        _folder.Dispose();
    }

    private bool HasEnded()
    {
        try
        {
            return _process.HasExited;
        }
        catch (InvalidOperationException)
        {
            // Killed, and not brought back.
            return true;
        }
    }

    private Process Run()
    {
        string[] arguments = ["--port", Port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", _folder.Path, "--loglevel", "warning"];
        var start = new ProcessStartInfo("redis-server", _password.Length == 0 ? arguments : [.. arguments, "--requirepass", _password]) { RedirectStandardOutput = true };
        var process = Process.Start(start)!;
        process.OutputDataReceived += static (_, _) => { };
        process.BeginOutputReadLine();
        return process;
    }

    private async Task WaitAsync()
    {
        while (true)
        {
            try
            {
                await using var connection = await ConnectAsync();
                await connection.GetDatabase().PingAsync();
                return;
            }
            catch (RedisException)
            {
                await Task.Delay(20, TestContext.Current.CancellationToken);
            }
        }
    }

    private async Task SignalAsync(string signal)
    {
        using var kill = Process.Start("kill", [signal, _process.Id.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, kill.ExitCode);
    }
}
