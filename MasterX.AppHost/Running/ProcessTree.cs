using System.Diagnostics;
using System.Globalization;

namespace MasterX.AppHost;

/// <summary>
/// Who started whom, when, and with what: from <c>/proc</c> where it is, else from <c>ps</c>; empty on Windows. An id is used again after a while; id and start
/// together are not.
/// </summary>
internal sealed class ProcessTree
{
    private readonly List<Entry> _processes;

    private ProcessTree(IEnumerable<Entry> processes) => _processes = [.. processes];

    public static ProcessTree Read() => new(Directory.Exists("/proc/self") ? FromProc() : OperatingSystem.IsWindows() ? [] : FromPs());

    public int? FirstChildOf(int parent) => _processes.Find(process => process.Parent == parent)?.Id;

    /// <returns>The orchestrator that watches an AppHost, and its other half.</returns>
    public IEnumerable<int> OrchestratorOf(int appHost)
    {
        var watching = _processes.FindAll(process => process.Watches(appHost));
        return watching.Concat(_processes.Where(process => watching.Exists(parent => parent.Id == process.Parent))).Select(process => process.Id);
    }

    /// <returns>
    /// The AppHost, the orchestrator that watches it, and all that the orchestrator has started: each as its id and its start, in clock ticks since the machine's
    /// or as <c>ps</c> has it.
    /// </returns>
    /// <param name="appHost">Its id.</param>
    /// <param name="known">What was found before: one whose parent has died since is nobody's child.</param>
    public IEnumerable<string> OfComposition(int appHost, IReadOnlyCollection<string> known)
    {
        var found = _processes.FindAll(process =>
            process.Id == appHost || process.Watches(appHost) || known.Contains(process.ToString()));
        for (var next = 0; next < found.Count; next++)
        {
            found.AddRange(_processes.Where(process => process.Parent == found[next].Id && process.Parent != appHost && !found.Contains(process)));
        }

        return found.OrderBy(process => process.Id != appHost).Select(process => process.ToString());
    }

    private static IEnumerable<Entry> FromProc()
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
                // It has just ended, or is nobody's business.
                continue;
            }

            // "id (name) state parent …", the 22nd of which is the start; the name may hold anything, parentheses too (proc(5)).
            var afterName = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            yield return new(id, int.Parse(afterName[1], CultureInfo.InvariantCulture), afterName[19], command.Replace('\0', ' '));
        }
    }

    private static IEnumerable<Entry> FromPs()
    {
        // "id parent Wed Nov 25 22:10:39 2026 command …"
        using var ps = Process.Start(new ProcessStartInfo("ps", ["-A", "-o", "pid=,ppid=,lstart=,args="]) { RedirectStandardOutput = true })!;
        foreach (var line in ps.StandardOutput.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var parts = line.Split(' ', 8, StringSplitOptions.RemoveEmptyEntries);
            yield return new(
                int.Parse(parts[0], CultureInfo.InvariantCulture), int.Parse(parts[1], CultureInfo.InvariantCulture), string.Join(' ', parts[2..7]), parts[^1] + " ");
        }
    }

    private sealed record Entry(int Id, int Parent, string Start, string Command)
    {
        public bool Watches(int appHost) => Command.Contains($"--monitor {appHost} ", StringComparison.Ordinal);

        public override string ToString() => $"{Id} {Start}";
    }
}
