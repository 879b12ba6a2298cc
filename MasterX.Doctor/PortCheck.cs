using System.Net.NetworkInformation;
using System.Text.Json;

namespace MasterX.Doctor;

/// <summary>The ports that the services and the dashboard want have to be free, unless it is MasterX that has them.</summary>
internal static class PortCheck
{
    private static readonly string[] Projects = ["MasterX.Api", "MasterX.AiGateway", "MasterX.ProviderEmulator", "MasterX.AppHost"];

    public static void Run(string root, Report report)
    {
        var taken = IPGlobalProperties.GetIPGlobalProperties().GetActiveTcpListeners().Select(listener => listener.Port).ToHashSet();
        var running = File.Exists(Path.Combine(root, "artifacts", "run.json"));
        foreach (var project in Projects)
        {
            var settings = Path.Combine(root, project, "Properties", "launchSettings.json");
            foreach (var port in ReadPorts(settings))
            {
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
                    report.ToDo("ports", $"{port} for {project} is taken. `ss -ltnp 'sport = :{port}'` tells by whom; stop it, or change the port in {Path.GetRelativePath(root, settings)}.");
                }
            }
        }
    }

    /// <summary>The profile's address, and those of the dashboard's endpoints, which are variables.</summary>
    private static List<int> ReadPorts(string settings)
    {
        using var json = JsonDocument.Parse(File.ReadAllText(settings));
        var profile = json.RootElement.GetProperty("profiles").GetProperty("http");
        return
        [
            new Uri(profile.GetProperty("applicationUrl").GetString()!).Port,
            .. profile.GetProperty("environmentVariables").EnumerateObject().Where(variable => variable.Name.EndsWith("_URL", StringComparison.Ordinal))
                .Select(variable => new Uri(variable.Value.GetString()!).Port),
        ];
    }
}
