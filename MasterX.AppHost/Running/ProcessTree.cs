using System.Diagnostics;
using System.Globalization;

namespace MasterX.AppHost;

/// <summary>Who started whom, and with what: from <c>/proc</c> where it is, else from <c>ps</c>. Empty on Windows.</summary>
internal sealed class ProcessTree
{
    private readonly List<(int Id, int Parent, string Command)> _processes;

    private ProcessTree(List<(int, int, string)> processes) => _processes = processes;

    public static ProcessTree Read() => new(Directory.Exists("/proc/self") ? [.. FromProc()] : OperatingSystem.IsWindows() ? [] : [.. FromPs()]);

    public int? FirstChildOf(int parent) => _processes.Where(process => process.Parent == parent).Select(process => (int?)process.Id).FirstOrDefault();

    /// <summary>The AppHost, the orchestrator that watches it, and all that the orchestrator has started.</summary>
    public IReadOnlyList<int> OfComposition(int appHost)
    {
        List<int> found = [appHost, .. _processes.Where(process => process.Command.Contains($"--monitor {appHost} ", StringComparison.Ordinal)).Select(process => process.Id)];
        for (var next = 1; next < found.Count; next++)
        {
            found.AddRange(_processes.Where(process => process.Parent == found[next] && !found.Contains(process.Id)).Select(process => process.Id));
        }

        return found;
    }

    private static IEnumerable<(int, int, string)> FromProc()
    {
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out var id))
            {
                continue;
            }

            string stat, command;
            try
            {
                (stat, command) = (File.ReadAllText($"{folder}/stat"), File.ReadAllText($"{folder}/cmdline"));
            }
            catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
            {
                // It has just ended.
                continue;
            }

            // "id (name) state parent …"; the name may hold anything, parentheses too.
            var afterName = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            yield return (id, int.Parse(afterName[1], CultureInfo.InvariantCulture), command.Replace('\0', ' '));
        }
    }

    private static IEnumerable<(int, int, string)> FromPs()
    {
        using var ps = Process.Start(new ProcessStartInfo("ps", ["-A", "-o", "pid=", "-o", "ppid=", "-o", "args="]) { RedirectStandardOutput = true })!;
        foreach (var line in ps.StandardOutput.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var parts = line.Split(' ', 3, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
            yield return (int.Parse(parts[0], CultureInfo.InvariantCulture), int.Parse(parts[1], CultureInfo.InvariantCulture), parts.Length > 2 ? parts[2] + " " : "");
        }
    }
}
