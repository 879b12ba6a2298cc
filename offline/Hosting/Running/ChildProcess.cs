using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Aspire.Hosting.Running;

/// <summary>A process of a resource: its output line by line, its end, and a way to end it that gives it time.</summary>
internal sealed class ChildProcess : IDisposable
{
    /// <summary>Between SIGTERM and SIGKILL.</summary>
    public static readonly TimeSpan Grace = TimeSpan.FromSeconds(10);

    private const int Kept = 20;
    private readonly Process _process;
    private readonly Queue<string> _lastLines = new();

    private ChildProcess(Process process) => _process = process;

    public int Id => _process.Id;

    /// <summary>The exit code, once the process has ended and all its output was read.</summary>
    public required Task<int> Exited { get; init; }

    /// <summary>The newest lines of output, oldest first.</summary>
    public IReadOnlyList<string> LastLines
    {
        get
        {
            lock (_lastLines)
            {
                return [.. _lastLines];
            }
        }
    }

    /// <param name="fileName">Executable.</param>
    /// <param name="arguments">Arguments, not yet quoted.</param>
    /// <param name="workingDirectory">Existing folder.</param>
    /// <param name="environment">Added to this process's own environment.</param>
    /// <param name="onLine">Receives each line of output, from several threads.</param>
    public static ChildProcess Start(
        string fileName, IEnumerable<string> arguments, string workingDirectory, IReadOnlyDictionary<string, string> environment, Action<string> onLine)
    {
        var start = new ProcessStartInfo(fileName, arguments)
        {
            WorkingDirectory = workingDirectory,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            UseShellExecute = false,
        };
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        var process = Process.Start(start)!;
        process.StandardInput.Close();
        ChildProcess? child = null;
        var output = Task.WhenAll(
            PumpAsync(process.StandardOutput, line => child!.OnLine(line, onLine)),
            PumpAsync(process.StandardError, line => child!.OnLine(line, onLine)));
        child = new ChildProcess(process) { Exited = WaitAsync(process, output) };
        return child;
    }

    /// <summary>SIGTERM, <see cref="Grace"/>, SIGKILL.</summary>
    public async Task StopAsync()
    {
        if (Exited.IsCompleted)
        {
            return;
        }

        if (OperatingSystem.IsWindows())
        {
            // There is no SIGTERM for a console process without a window.
            _process.Kill(entireProcessTree: true);
        }
        else
        {
            _ = NativeMethods.Kill(_process.Id, NativeMethods.SigTerm);
        }

        if (await Task.WhenAny(Exited, Task.Delay(Grace)) != Exited)
        {
            _process.Kill(entireProcessTree: true);
        }

        await Exited;
    }

    public void Dispose() => _process.Dispose();

    private void OnLine(string line, Action<string> onLine)
    {
        lock (_lastLines)
        {
            _lastLines.Enqueue(line);
            if (_lastLines.Count > Kept)
            {
                _lastLines.Dequeue();
            }
        }

        onLine(line);
    }

    private static async Task PumpAsync(StreamReader reader, Action<string> onLine)
    {
        // Start() has to return before the first line is handed on.
        await Task.Yield();
        while (await reader.ReadLineAsync() is { } line)
        {
            onLine(line);
        }
    }

    private static async Task<int> WaitAsync(Process process, Task output)
    {
        await process.WaitForExitAsync();

        // A grandchild may hold the pipes open for longer than the process lived.
        await Task.WhenAny(output, Task.Delay(TimeSpan.FromSeconds(1)));
        return process.ExitCode;
    }

    private static partial class NativeMethods
    {
        public const int SigTerm = 15;

        [DllImport("libc", EntryPoint = "kill")]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        public static extern int Kill(int pid, int signal);
    }
}
