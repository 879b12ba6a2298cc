using System.Net.NetworkInformation;
using System.Text.Json;

namespace MasterX.Doctor;

/// <summary>The ports the services want have to be free, unless it is MasterX that has them.</summary>
internal static class PortCheck
{
    private static readonly string[] Projects = ["MasterX.Api", "MasterX.AiGateway", "MasterX.ProviderEmulator"];

    public static void Run(string root, Report report)
    {
        var taken = IPGlobalProperties.GetIPGlobalProperties().GetActiveTcpListeners().Select(listener => listener.Port).ToHashSet();
        var running = File.Exists(Path.Combine(root, "artifacts", "run.json"));
        foreach (var project in Projects)
        {
            var settings = Path.Combine(root, project, "Properties", "launchSettings.json");
            var port = ReadPort(settings);
            if (!taken.Contains(port))
            {
                Report.Ok("ports", $"{port} for {project} is free");
            }
            else if (running)
            {
                Report.Ok("ports", $"{port} for {project}: MasterX is up");
            }
            else
            {
                report.ToDo("ports", $"{port} for {project} is taken. `ss -ltnp 'sport = :{port}'` tells by whom; stop it, or change applicationUrl in {Path.GetRelativePath(root, settings)}.");
            }
        }
    }

    private static int ReadPort(string settings)
    {
        using var json = JsonDocument.Parse(File.ReadAllText(settings));
        var url = json.RootElement.GetProperty("profiles").GetProperty("http").GetProperty("applicationUrl").GetString()!;
        return new Uri(url).Port;
    }
}
