using System.Text.Json;

namespace Aspire.Hosting.Running;

/// <summary>The first <c>Project</c> profile of a project's <c>Properties/launchSettings.json</c>.</summary>
internal sealed record LaunchProfile(string Name, IReadOnlyList<Uri> Urls, IReadOnlyDictionary<string, string> EnvironmentVariables)
{
    private static readonly JsonDocumentOptions Lenient = new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true };

    public static LaunchProfile Read(string projectPath)
    {
        var file = Path.Combine(Path.GetDirectoryName(projectPath)!, "Properties", "launchSettings.json");
        if (!File.Exists(file))
        {
            return new("", [], new Dictionary<string, string>());
        }

        using var settings = JsonDocument.Parse(File.ReadAllText(file), Lenient);
        var profile = settings.RootElement.GetProperty("profiles").EnumerateObject()
            .First(candidate => candidate.Value.TryGetProperty("commandName", out var command) && command.GetString() == "Project");
        var urls = profile.Value.TryGetProperty("applicationUrl", out var applicationUrl) ? applicationUrl.GetString() ?? "" : "";
        var variables = profile.Value.TryGetProperty("environmentVariables", out var environment)
            ? environment.EnumerateObject().ToDictionary(variable => variable.Name, variable => variable.Value.GetString() ?? "")
            : [];
        return new(profile.Name, [.. urls.Split(';', StringSplitOptions.RemoveEmptyEntries).Select(url => new Uri(url))], variables);
    }
}
