using System.ComponentModel;
using System.Diagnostics;

namespace MasterX.Doctor;

/// <summary>Aspire runs MongoDB in a container; without a runtime the embedded database takes its place.</summary>
internal static class ContainerRuntimeCheck
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    public static void Run(Report report)
    {
        foreach (var runtime in new[] { "docker", "podman" })
        {
            if (Answers(runtime))
            {
                Report.Ok("containers", $"{runtime} answers");
                return;
            }
        }

        var storage = Environment.GetEnvironmentVariable("Storage");
        if (storage == "mongo")
        {
            report.ToDo("containers", "Storage=mongo, and neither docker nor podman answers. Start one, have mongod on the PATH with the offline edition, or use Storage=embedded.");
        }
        else
        {
            Report.Note("containers", "neither docker nor podman answers: use Storage=embedded (the offline edition's default).");
        }
    }

    private static bool Answers(string runtime)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(runtime, "info") { RedirectStandardOutput = true, RedirectStandardError = true })!;
            process.OutputDataReceived += static (_, _) => { };
            process.ErrorDataReceived += static (_, _) => { };
            process.BeginOutputReadLine();
            process.BeginErrorReadLine();
            if (process.WaitForExit(Limit))
            {
                return process.ExitCode == 0;
            }

            process.Kill();
            return false;
        }
        catch (Win32Exception)
        {
            // Not installed.
            return false;
        }
    }
}
