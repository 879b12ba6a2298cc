using System.Text;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Aspire.Hosting.Running;

/// <summary>
/// What a person sees: every resource's lines behind its name and in its colour, and on a terminal a table of all resources kept below them.
/// Where the output is not a terminal, each change of state is a line instead.
/// </summary>
internal sealed class ResourceConsole
{
    private static readonly string[] Colours = ["36", "35", "33", "32", "34", "96", "95", "93"];
    private readonly Lock _writing = new();
    private readonly List<string> _order = [];
    private readonly Dictionary<string, CustomResourceSnapshot> _rows = [];
    private readonly bool _terminal = !Console.IsOutputRedirected && Environment.GetEnvironmentVariable("TERM") is not (null or "dumb");
    private readonly bool _colour;
    private int _tableHeight;

    public ResourceConsole() => _colour = _terminal && Environment.GetEnvironmentVariable("NO_COLOR") is null or "";

    /// <summary>Whether resource output is shown; the testing builder keeps it off.</summary>
    public bool Quiet { get; set; }

    /// <summary>A line about the composition as a whole.</summary>
    public void Say(string text) => Write(() => Console.Out.WriteLine(text));

    /// <summary>An error that ends the composition.</summary>
    public void Fail(string text) => Write(() => Console.Error.WriteLine(Coloured("31", text)), always: true);

    /// <summary>A line of a resource's output.</summary>
    public void Line(string resource, string line) => Write(() => Console.Out.WriteLine($"{Prefix(resource)} {line}"));

    /// <summary>A resource's new state.</summary>
    public void Show(string resource, CustomResourceSnapshot snapshot) => Write(() =>
    {
        if (!_rows.ContainsKey(resource))
        {
            _order.Add(resource);
        }

        _rows[resource] = snapshot;
        if (!_terminal)
        {
            Console.Out.WriteLine($"{Prefix(resource)} {Row(snapshot)}");
        }
    });

    /// <summary>A resource has ended unasked: its name, how, and what it said last.</summary>
    public void Died(string resource, int exitCode, IReadOnlyList<string> lastLines) => Write(
        () =>
        {
            Console.Out.WriteLine(Coloured("31", $"{resource} ended unasked with exit code {exitCode}{Meaning(exitCode)}. Its last lines:"));
            foreach (var line in lastLines)
            {
                Console.Out.WriteLine(Coloured("31", $"  | {line}"));
            }
        },
        always: true);

    private static string Meaning(int exitCode) => exitCode switch
    {
        137 => " (killed, SIGKILL)",
        139 => " (crashed, SIGSEGV)",
        134 => " (aborted: an unhandled exception or Environment.FailFast)",
        143 => " (SIGTERM)",
        _ => "",
    };

    private void Write(Action write, bool always = false)
    {
        if (Quiet && !always)
        {
            return;
        }

        lock (_writing)
        {
            EraseTable();
            write();
            DrawTable();
        }
    }

    private void EraseTable()
    {
        if (_tableHeight > 0)
        {
            Console.Out.Write($"\u001b[{_tableHeight}A\u001b[J");
            _tableHeight = 0;
        }
    }

    private void DrawTable()
    {
        if (!_terminal || _order.Count == 0)
        {
            return;
        }

        // A row wider than the terminal would wrap, and the erasing would miss a line.
        var width = Math.Max(40, Console.WindowWidth - 1);
        var table = new StringBuilder().AppendLine(new string('─', Math.Min(width, 78)));
        foreach (var resource in _order)
        {
            var row = $"{resource,-16} {Row(_rows[resource])}";
            table.AppendLine(Coloured(Shade(_rows[resource]), row.Length > width ? row[..width] : row));
        }

        Console.Out.Write(table);
        _tableHeight = _order.Count + 1;
    }

    private static string Shade(CustomResourceSnapshot row) => row.HealthStatus switch
    {
        HealthStatus.Healthy => "32",
        _ when KnownResourceStates.TerminalStates.Contains(row.State?.Text ?? "") => "31",
        _ => "33",
    };

    private static string Row(CustomResourceSnapshot row)
    {
        var health = row.HealthStatus?.ToString() ?? "-";
        var urls = string.Join("  ", row.Urls.Where(url => !url.IsInternal).Select(url => url.Url));
        return $"{row.State?.Text,-13} {health,-10} {urls} {(row.Detail is { } detail ? $"({detail})" : "")}".TrimEnd();
    }

    private string Prefix(string resource)
    {
        var index = Math.Abs(string.GetHashCode(resource, StringComparison.Ordinal) % Colours.Length);
        lock (_writing)
        {
            index = _order.IndexOf(resource) is var known and >= 0 ? known % Colours.Length : index;
        }

        return Coloured(Colours[index], $"{resource,-10} |");
    }

    private string Coloured(string code, string text) => _colour ? $"\u001b[{code}m{text}\u001b[0m" : text;
}
