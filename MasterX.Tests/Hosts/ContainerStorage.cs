using System.Diagnostics;

namespace MasterX.Tests.Hosts;

/// <summary>
/// Containers of a test's own: podman with a storage, volumes and networks in one folder that is gone when the test is, and in it the
/// image of the MongoDB stand-in (emulated, see <c>Storage/mongo_standin.py</c>), made from what is installed on this machine.
/// </summary>
/// <example>
/// <code>
/// mongo.WithImageRegistry(ContainerStorage.Registry).WithImage(ContainerStorage.Image, ContainerStorage.Tag);
/// </code>
/// </example>
/// <remarks>All three are needed: an image's registry stays what it was unless it is said, and here it was <c>docker.io</c>.</remarks>
public sealed class ContainerStorage : IAsyncLifetime
{
    public const string Registry = "localhost";

    public const string Image = "masterx/mongo-standin";

    public const string Tag = "latest";

    /// <summary>What <c>mongo-standin-image</c> exits with where it cannot work: no root, or a package is missing.</summary>
    private const int Unavailable = 69;

    // Bridges are named by podman, the same in each storage: one storage at a time on a machine, by a lock that ends with its process.
    private static readonly string LockFile = Path.Combine(Path.GetTempPath(), "masterx-containers.lock");

    // Short: the paths of podman's sockets are below it.
    private readonly string _root = Directory.CreateTempSubdirectory("mx-").FullName;

    private FileStream? _lock;

    /// <summary>
    /// For the process that starts podman or Aspire's DCP, which hands its own environment on. A container runtime that is run without
    /// them works in the machine's own storage, where the image is not.
    /// </summary>
    public IReadOnlyDictionary<string, string> Environment { get; private set; } = new Dictionary<string, string>();

    /// <summary>Why there are no containers here, with what to install; <see langword="null"/> where there are.</summary>
    public string? Missing { get; private set; }

    public async ValueTask InitializeAsync()
    {
        _lock = await LockAsync();
        var (exitCode, output, error) = await RunAsync(Script, "build", _root);
        if (exitCode == Unavailable)
        {
            Missing = error.Trim();
            return;
        }

        Assert.True(exitCode == 0, $"The image of the MongoDB stand-in could not be made: {error}");
        Environment = output
            .Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.Split('=', 2))
            .ToDictionary(setting => setting[0], setting => setting[1]);
    }

    /// <summary>Runs podman on this storage, as in <c>PodmanAsync("kill", "--signal", "KILL", name)</c>; returns what it printed.</summary>
    public async Task<string> PodmanAsync(params string[] arguments)
    {
        var (exitCode, output, error) = await RunAsync("podman", arguments);

        Assert.True(exitCode == 0, $"podman {string.Join(' ', arguments)}: {error}");
        return output;
    }

    public async ValueTask DisposeAsync()
    {
        await using var held = _lock;
        if (Missing is not null)
        {
            Directory.Delete(_root, recursive: true);
            return;
        }

        var (exitCode, _, error) = await RunAsync(Script, "clean", _root);
        Assert.True(exitCode == 0 && !Directory.Exists(_root), $"Containers are left in {_root}: {error}");
    }

    private static async Task<FileStream> LockAsync()
    {
        while (true)
        {
            try
            {
                return new FileStream(LockFile, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(200), TestContext.Current.CancellationToken);
            }
        }
    }

    private static string Script => Path.Combine(AppContext.BaseDirectory, "Storage", "mongo-standin-image");

    private async Task<(int ExitCode, string Output, string Error)> RunAsync(string fileName, params string[] arguments)
    {
        var start = new ProcessStartInfo(fileName, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, value) in Environment)
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, await output, await error);
    }
}
