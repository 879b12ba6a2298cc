using System.Text.Json;
using System.Text.Json.Nodes;

namespace MasterX.AppHost;

/// <summary>
/// What runs, for programs: <c>{"dashboard":"http://…/login?t=…","resources":{"api":{"url":"http://…","pid":1}}}</c>, from the moment everything is
/// healthy until the composition stops; a service that has ended has no <c>pid</c> until it runs again. Beside it lie <c>{path}.processes</c>, every process with its start (<see cref="ProcessTree"/>) from the first
/// moment on and beyond the end, and <c>{path}.problem</c>, why a composition did not start or get healthy.
/// </summary>
internal sealed class RunFile(string path)
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    private IReadOnlyCollection<string> _processes = [];

    /// <param name="dashboard">Its login link.</param>
    /// <param name="services">Every process of every service.</param>
    public void Write(string dashboard, IEnumerable<ResourceEvent> services)
    {
        var processes = ProcessTree.Read();
        var resources = new JsonObject();
        foreach (var service in services.GroupBy(service => service.Resource.Name).OrderBy(service => service.Key, StringComparer.Ordinal))
        {
            // Aspire starts a service by `dotnet run`: what listens is that one's child.
            var pids = service.Where(replica => !KnownResourceStates.TerminalStates.Contains(replica.Snapshot.State?.Text)).Select(replica => Convert.ToInt32(replica.Snapshot.Properties.First(property => property.Name == "executable.pid").Value, null))
                .Select(wrapper => processes.FirstChildOf(wrapper) ?? wrapper).ToList();
            var described = new JsonObject { ["url"] = service.First().Snapshot.Urls.First().Url.TrimEnd('/') };
            if (pids.Count > 0)
            {
                described["pid"] = pids[0];
            }

            if (pids.Count > 1)
            {
                described["pids"] = new JsonArray([.. pids.Select(pid => (JsonNode)pid)]);
            }

            resources[service.Key] = described;
        }

        Store(path, new JsonObject { ["dashboard"] = dashboard, ["resources"] = resources }.ToJsonString(Indented));
    }

    public void WriteProcesses()
    {
        _processes = [.. ProcessTree.Read().OfComposition(Environment.ProcessId, _processes)];
        Store($"{path}.processes", string.Join('\n', _processes));
    }

    public void WriteProblem(string problem) => Store($"{path}.problem", problem);

    public void Delete() => File.Delete(path);

    /// <summary>All at once, as somebody may be waiting for it; readable by its owner, as the login link is in it.</summary>
    private static void Store(string path, string text)
    {
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        var draft = path + ".new";
        File.Delete(draft);
        using (var writer = new StreamWriter(draft, options))
        {
            writer.WriteLine(text);
        }

        File.Move(draft, path, overwrite: true);
    }
}
