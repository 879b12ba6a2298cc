using Microsoft.Extensions.Hosting;

namespace MasterX.ServiceDefaults.Startup;

/// <summary>Where a service looks for <c>appsettings.json</c>.</summary>
public static class ContentRoot
{
    private const string File = "appsettings.json";

    /// <summary>
    /// The working directory, as ever, if there is one in it; else beside the service, which a supervisor may have started from anywhere.
    /// </summary>
    /// <param name="args">Of the process. A content root that is given, there or in the environment, stays.</param>
    /// <returns>For <c>WebApplicationOptions.ContentRootPath</c>; <see langword="null"/> for what it is anyway.</returns>
    public static string? Find(IEnumerable<string> args)
    {
        var isGiven = args.Any(arg => arg.TrimStart('-', '/').StartsWith(HostDefaults.ContentRootKey, StringComparison.OrdinalIgnoreCase))
            || Environment.GetEnvironmentVariable("ASPNETCORE_CONTENTROOT") is not null
            || Environment.GetEnvironmentVariable("DOTNET_CONTENTROOT") is not null;
        return isGiven || System.IO.File.Exists(File) || !System.IO.File.Exists(Path.Combine(AppContext.BaseDirectory, File)) ? null : AppContext.BaseDirectory;
    }
}
