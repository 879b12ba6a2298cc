using System.ComponentModel;
using System.Diagnostics;

namespace MasterX.AppHost;

/// <summary>
/// Which container runtime answers. Asked before the model is made: with a container in the model and no runtime, Aspire warns once, and whoever waits for
/// the container waits for ever.
/// </summary>
internal static class ContainerRuntime
{
    /// <summary>What to do where there is none.</summary>
    public const string NotFound = "neither docker nor podman answers. Start one; ASPIRE_CONTAINER_RUNTIME=docker|podman names the one to use.";

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    private static readonly Lazy<string?> Found = new(() =>
        (Environment.GetEnvironmentVariable("ASPIRE_CONTAINER_RUNTIME") ?? Environment.GetEnvironmentVariable("DOTNET_ASPIRE_CONTAINER_RUNTIME")) is { Length: > 0 } chosen
            ? new[] { chosen }.FirstOrDefault(Answers)
            : new[] { "docker", "podman" }.FirstOrDefault(Answers));

    /// <returns><c>docker</c>, <c>podman</c>, or <see langword="null"/> when none of those that may be used answers.</returns>
    public static string? Find() => Found.Value;

    /// <summary>The client alone is not enough: <c>ps</c> asks the engine behind it.</summary>
    private static bool Answers(string runtime)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(runtime, ["ps", "-q"]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            process.BeginOutputReadLine();
            process.BeginErrorReadLine();
            if (process.WaitForExit(Limit))
            {
                return process.ExitCode == 0;
            }

            process.Kill(entireProcessTree: true);
            return false;
        }
        catch (Win32Exception)
        {
            // Not installed.
            return false;
        }
    }
}
