using System.Text.Json;
using System.Text.Json.Nodes;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Aspire.Hosting.Running;

/// <summary>
/// <c>artifacts/run.json</c>: <c>{"edition":"offline","pid":1,"healthy":true,"resources":{"api":{"url":"http://localhost:5080","pid":2,"state":"Running","health":"Healthy"}}}</c>.
/// Written anew, whole, at every change while the composition runs, so that a host that was killed still leaves the ids of what it started; removed when it ends.
/// </summary>
internal sealed class RunFile(string path)
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    public void Write(IEnumerable<(string Name, CustomResourceSnapshot Snapshot, IReadOnlyList<int> ProcessIds)> resources)
    {
        var entries = new JsonObject();
        var healthy = true;
        foreach (var (name, snapshot, processIds) in resources)
        {
            healthy &= snapshot.HealthStatus == HealthStatus.Healthy;
            entries[name] = new JsonObject
            {
                ["url"] = snapshot.Urls.FirstOrDefault()?.Url,
                ["pid"] = snapshot.ProcessId,
                ["pids"] = new JsonArray([.. processIds.Select(id => (JsonNode)id)]),
                ["state"] = snapshot.State?.Text,
                ["health"] = snapshot.HealthStatus?.ToString(),
            };
        }

        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var fresh = path + ".new";
        File.WriteAllText(fresh, new JsonObject
        {
            ["edition"] = "offline",
            ["pid"] = Environment.ProcessId,
            ["healthy"] = healthy,
            ["resources"] = entries,
        }.ToJsonString(Indented));
        File.Move(fresh, path, overwrite: true);
    }

    public void Remove() => File.Delete(path);
}
