using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using DotNet.Testcontainers.Builders;
using Testcontainers.MongoDb;

namespace MasterX.Tests.Storage;

/// <summary>
/// A MongoDB for the tests, by order of preference: the server of <c>MONGO_URL</c>; a container, where Docker answers; <c>mongod</c> on the PATH; the stand-in,
/// which is emulated and says so. Where there is none of them, the tests are skipped with what to install.
/// </summary>
public sealed class MongoServer : IAsyncLifetime
{
    private const string Image = "mongo:8.0";

    private MongoDbContainer? _container;
    private Process? _process;
    private string? _folder;

    /// <summary>Without a database name; <see langword="null"/> when there is no server.</summary>
    public string? Url { get; private set; }

    /// <summary>What the tests run against, or why not.</summary>
    public string Description { get; private set; } = "";

    public async ValueTask InitializeAsync()
    {
        if (Environment.GetEnvironmentVariable("MONGO_URL") is { Length: > 0 } url)
        {
            (Url, Description) = (url, "the server of MONGO_URL");
        }
        else if (!await TryStartContainerAsync() && !await TryStartMongodAsync() && !await TryStartStandInAsync())
        {
            Description = "There is no MongoDB: set MONGO_URL, start Docker, put mongod on the PATH, or install the Debian packages python3-mockupdb and python3-mongomock for the stand-in.";
        }

        TestContext.Current.SendDiagnosticMessage($"MongoDB tests run against: {Description}");
    }

    public async ValueTask DisposeAsync()
    {
        if (_container is not null)
        {
            await _container.DisposeAsync();
        }

        if (_process is not null)
        {
            // The stand-in ends with its input; mongod has nothing to save.
            _process.StandardInput.Close();
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
            _process.Dispose();
        }

        if (_folder is not null)
        {
            Directory.Delete(_folder, recursive: true);
        }
    }

    private async Task<bool> TryStartContainerAsync()
    {
        try
        {
            _container = new MongoDbBuilder(Image).Build();
            await _container.StartAsync(TestContext.Current.CancellationToken);
        }
        catch (DockerUnavailableException)
        {
            return false;
        }

        (Url, Description) = (_container.GetConnectionString(), $"a container of {Image}");
        return true;
    }

    private async Task<bool> TryStartMongodAsync()
    {
        var folder = Directory.CreateTempSubdirectory("masterx-mongod-").FullName;
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        listener.Stop();
        _process = TryStart("mongod", "--bind_ip", "127.0.0.1", "--port", port.ToString(CultureInfo.InvariantCulture), "--dbpath", folder);
        if (_process is null)
        {
            Directory.Delete(folder);
            return false;
        }

        _folder = folder;
        while (await _process.StandardOutput.ReadLineAsync() is { } line && !line.Contains("Waiting for connections", StringComparison.Ordinal))
        {
        }

        _ = _process.StandardOutput.ReadToEndAsync();
        (Url, Description) = ($"mongodb://127.0.0.1:{port}", "mongod on the PATH");
        return true;
    }

    private async Task<bool> TryStartStandInAsync()
    {
        // The packages are Debian's, so Debian's Python comes before any other.
        foreach (var python in new[] { "/usr/bin/python3", "python3" })
        {
            _process = TryStart(python, Path.Combine(AppContext.BaseDirectory, "Storage", "mongo_standin.py"));
            if (_process is null)
            {
                continue;
            }

            if (int.TryParse(await _process.StandardOutput.ReadLineAsync(), CultureInfo.InvariantCulture, out var port))
            {
                _ = _process.StandardError.ReadToEndAsync();
                (Url, Description) = ($"mongodb://127.0.0.1:{port}", "the stand-in (emulated: wire protocol over an in-memory engine)");
                return true;
            }

            _process.Dispose();
            _process = null;
        }

        return false;
    }

    private static Process? TryStart(string fileName, params string[] arguments)
    {
        try
        {
            return Process.Start(new ProcessStartInfo(fileName, arguments)
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            });
        }
        catch (Win32Exception)
        {
            // Not installed.
            return null;
        }
    }
}
