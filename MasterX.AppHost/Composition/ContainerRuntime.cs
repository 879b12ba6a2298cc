using System.Collections.Concurrent;
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

    /// <summary>A registry is asked for a page of text. One behind a firewall that swallows everything gives no answer at all.</summary>
    private static readonly TimeSpan RegistryLimit = TimeSpan.FromSeconds(10);

    private static readonly ConcurrentDictionary<string, string?> Lacking = [];

    private static readonly Lazy<string?> Found = new(() =>
        (Environment.GetEnvironmentVariable("ASPIRE_CONTAINER_RUNTIME") ?? Environment.GetEnvironmentVariable("DOTNET_ASPIRE_CONTAINER_RUNTIME")) is { Length: > 0 } chosen
            ? new[] { chosen }.FirstOrDefault(Answers)
            : new[] { "docker", "podman" }.FirstOrDefault(Answers));

    /// <returns><c>docker</c>, <c>podman</c>, or <see langword="null"/> when none of those that may be used answers.</returns>
    public static string? Find() => Found.Value;

    /// <summary>Why the runtime that answers cannot run an image: it does not have it, and its registry does not give it; else <see langword="null"/>.</summary>
    public static string? WhyLacks(string image) => Lacking.GetOrAdd(image, AskFor);

    private static string? AskFor(string image)
    {
        var runtime = Find()!;
        if (Run(runtime, Limit, "image", "inspect", image).ExitCode == 0)
        {
            return null;
        }

        var (exitCode, error) = Run(runtime, RegistryLimit, "manifest", "inspect", image);
        return exitCode == 0 ? null : error.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).LastOrDefault() ?? "its registry gives no answer";
    }

    /// <summary>The client alone is not enough: <c>ps</c> asks the engine behind it.</summary>
    private static bool Answers(string runtime) => Run(runtime, Limit, "ps", "-q").ExitCode == 0;

    /// <returns>No exit code where it is not installed or takes longer.</returns>
    private static (int? ExitCode, string Error) Run(string runtime, TimeSpan limit, params string[] arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(runtime, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            process.BeginOutputReadLine();
            var error = process.StandardError.ReadToEndAsync();
            if (process.WaitForExit(limit))
            {
                return (process.ExitCode, error.Wait(limit) ? error.Result : "");
            }

            process.Kill(entireProcessTree: true);
            return (null, "");
        }
        catch (Win32Exception)
        {
            // Not installed.
            return (null, "");
        }
    }
}
