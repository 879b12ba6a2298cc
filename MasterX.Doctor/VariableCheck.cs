using System.Diagnostics;

namespace MasterX.Doctor;

/// <summary>
/// In Development the AppHost gives every service what it needs, and what is told is which providers are real. Elsewhere each service
/// is asked whether it could start with the variables that are set (its switch <c>--check-configuration</c>).
/// </summary>
internal static class VariableCheck
{
    public static void Run(string root, Report report)
    {
        var environment = Environment.GetEnvironmentVariable("ASPNETCORE_ENVIRONMENT") ?? Environment.GetEnvironmentVariable("DOTNET_ENVIRONMENT") ?? "Development";
        if (environment == "Development")
        {
            Report.Ok("variables", "Development needs none: the AppHost makes tokens and finds addresses");
            foreach (var provider in new[] { "gemini", "groq", "openai" })
            {
                if (string.IsNullOrEmpty(Environment.GetEnvironmentVariable($"Parameters__{provider}_api_key")))
                {
                    Report.Note("variables", $"no Parameters__{provider}_api_key in the environment: unless user secrets have it, the emulator stands in for {provider}");
                }
                else
                {
                    Report.Ok("variables", $"Parameters__{provider}_api_key is set");
                }
            }

            return;
        }

        foreach (var service in new[] { "MasterX.AiGateway", "MasterX.Api" })
        {
            Check(root, service, environment, report);
        }
    }

    private static void Check(string root, string service, string environment, Report report)
    {
        var assembly = Path.Combine(root, "artifacts", "bin", service, "debug", service + ".dll");
        using var process = Process.Start(new ProcessStartInfo("dotnet", [assembly, "--check-configuration"])
        {
            WorkingDirectory = Path.Combine(root, service),
            RedirectStandardError = true,
        })!;
        var problems = process.StandardError.ReadToEnd().Trim();
        process.WaitForExit();
        if (process.ExitCode == 0)
        {
            Report.Ok("variables", $"{service} can start in {environment}");
        }
        else
        {
            report.ToDo("variables", problems);
        }
    }
}
