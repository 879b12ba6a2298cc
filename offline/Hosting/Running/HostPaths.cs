namespace Aspire.Hosting.Running;

/// <summary>Where the host keeps what it writes.</summary>
internal sealed class HostPaths(string appHostDirectory)
{
    /// <summary>Who runs, where, with which process ids; read by the <c>masterx</c> script and other tools.</summary>
    public string RunFile => Path.Combine(appHostDirectory, "..", "artifacts", "run.json");

    /// <summary>Folder of a named volume.</summary>
    public static string Volume(string name) => Path.Combine(
        Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify), "masterx", name);
}
