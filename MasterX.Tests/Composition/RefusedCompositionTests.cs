using System.Globalization;
using System.Net;
using System.Net.Sockets;
using MasterX.Tests.Hosts;

namespace MasterX.Tests.Composition;

/// <summary>A composition that cannot be started: one message that says what to do, an exit code, and nothing started.</summary>
public sealed class RefusedCompositionTests
{
    /// <summary>As if neither were installed.</summary>
    private static readonly (string, string) NoRuntime = ("ASPIRE_CONTAINER_RUNTIME", "no-such-runtime");

    [Theory]
    [InlineData("--Storage=sqlite", "- Storage is 'sqlite'; it must be mongo or embedded.")]
    [InlineData("--Storage=mongo", "- Storage=mongo needs a container runtime, and neither docker nor podman answers.")]
    [InlineData("--Replicas=two", "- Replicas is 'two'; it must be a whole number from 1 to 32")]
    [InlineData("--Replicas=0", "- Replicas is '0'; it must be a whole number from 1 to 32")]
    [InlineData("--Replicas=99999999999", "- Replicas is '99999999999'; it must be a whole number from 1 to 32")]
    [InlineData("--Redis=yes", "- Redis is 'yes'; it must be true or false.")]
    [InlineData("--Redis=true", "- Redis=true needs a container runtime, and neither docker nor podman answers.")]
    [InlineData("--Ports:api=http", "- Ports:api is 'http'; it must be a port from 1 to 65535")]
    [InlineData("--Ports:api=65536", "- Ports:api is '65536'; it must be a port from 1 to 65535")]
    [InlineData("--Ports:database=5000", "- Ports:database is for no service; there are api, aigateway, emulator.")]
    [InlineData("--DataDirectory=data", "- DataDirectory is 'data'; it must be an absolute path")]
    public async Task A_setting_that_cannot_be_is_told_with_what_it_must_be(string argument, string problem)
    {
        var (exitCode, output, error) = await AppHostProcess.RunAsync([NoRuntime], argument);

        Assert.Equal(78, exitCode);
        Assert.StartsWith("MasterX cannot start:", error, StringComparison.Ordinal);
        Assert.Contains(problem, error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", error + output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task All_problems_are_told_together()
    {
        var (exitCode, _, error) = await AppHostProcess.RunAsync([NoRuntime], "--Storage=sqlite", "--Replicas=two", "--Redis=maybe");

        Assert.Equal(78, exitCode);
        Assert.Equal(4, error.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
    }

    [Theory]
    [InlineData("ASPNETCORE_URLS", "the dashboard")]
    [InlineData("ASPIRE_DASHBOARD_OTLP_ENDPOINT_URL", "the dashboard's telemetry endpoint")]
    [InlineData("ASPIRE_RESOURCE_SERVICE_ENDPOINT_URL", "the dashboard's resource service")]
    public async Task A_taken_port_of_the_dashboard_is_told_with_how_to_find_who_has_it(string variable, string name)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port.ToString(CultureInfo.InvariantCulture);

        var (exitCode, _, error) = await AppHostProcess.RunAsync([(variable, $"http://localhost:{port}")], "--Storage=embedded");

        Assert.Equal(78, exitCode);
        Assert.Contains($"- Port {port}, for {name}, is taken.", error, StringComparison.Ordinal);
        Assert.Contains($"ss -ltnp 'sport = :{port}'", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_taken_port_of_a_service_is_told_too()
    {
        List<TcpListener> listeners = [new(IPAddress.Loopback, 0), new(IPAddress.Loopback, 0), new(IPAddress.Loopback, 0)];
        listeners.ForEach(listener => listener.Start());
        var ports = listeners.ConvertAll(listener => ((IPEndPoint)listener.LocalEndpoint).Port);

        var (exitCode, _, error) = await AppHostProcess.RunAsync(
            [], "--Storage=embedded", $"--Ports:api={ports[0]}", $"--Ports:aigateway={ports[1]}", $"--Ports:emulator={ports[2]}");
        listeners.ForEach(listener => listener.Dispose());

        Assert.Equal(78, exitCode);
        Assert.Contains($"- Port {ports[0]}, for api, is taken.", error, StringComparison.Ordinal);
        Assert.Contains($"- Port {ports[1]}, for aigateway, is taken.", error, StringComparison.Ordinal);
        Assert.Contains($"- Port {ports[2]}, for emulator, is taken.", error, StringComparison.Ordinal);
        Assert.Contains("or take another, --Ports:emulator=N.", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--Storage=mongo", "- mongo needs the image docker.io/library/mongo:8.3, which podman does not have and cannot get: Error: no such host.")]
    [InlineData("--Redis=true", "- redis needs the image docker.io/library/redis:")]
    public async Task An_image_that_cannot_be_had_is_told_with_what_must_work(string argument, string problem)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "The container runtime that answers is a script.");
        using var runtime = new AnsweringRuntime(hasImage: false, hasRegistry: false);

        var (exitCode, _, error) = await AppHostProcess.RunAsync(runtime.Settings, argument);

        Assert.Equal(78, exitCode);
        Assert.Contains(problem, error, StringComparison.Ordinal);
        Assert.Contains("See that `podman pull docker.io/library/", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false, false, "Storage: the embedded database, as podman answers but has no image docker.io/library/mongo:8.3 and cannot get it (Error: no such host).")]
    [InlineData(true, false, "Storage: MongoDB in a container, as podman answers.")]
    [InlineData(false, true, "Storage: MongoDB in a container, as podman answers.")]
    public async Task Where_nobody_chose_the_storage_it_is_what_the_machine_can_do(bool hasImage, bool hasRegistry, string note)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "The container runtime that answers is a script.");
        using var runtime = new AnsweringRuntime(hasImage, hasRegistry);

        var (_, output, _) = await AppHostProcess.RunAsync(runtime.Settings, "--dcp-cli-path=/nonexistent/dcp");

        Assert.Contains(note, output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_orchestrator_that_cannot_be_started_ends_the_AppHost()
    {
        var (exitCode, _, error) = await AppHostProcess.RunAsync([], "--Storage=embedded", "--dcp-cli-path=/nonexistent/dcp");

        Assert.Equal(1, exitCode);
        Assert.Contains("MasterX could not be started:", error, StringComparison.Ordinal);
        Assert.Contains("/nonexistent/dcp", error, StringComparison.Ordinal);
    }

    /// <summary>What podman answers on a machine, and no more of it.</summary>
    private sealed class AnsweringRuntime : IDisposable
    {
        private readonly DataFolder _folder = new();

        public AnsweringRuntime(bool hasImage, bool hasRegistry)
        {
            var script = Path.Combine(_folder.Path, "podman");
            File.WriteAllText(script, $"""
                #!/bin/sh
                case "$1 $2" in
                  "ps -q") ;;
                  "image inspect") exit {(hasImage ? 0 : 1)} ;;
                  "manifest inspect") {(hasRegistry ? "" : "echo 'Error: no such host' >&2; exit 125")} ;;
                  *) exit 64 ;;
                esac
                """);
            if (!OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(script, UnixFileMode.UserRead | UnixFileMode.UserExecute);
            }
        }

        public (string Name, string Value)[] Settings =>
            [("ASPIRE_CONTAINER_RUNTIME", "podman"), ("PATH", $"{_folder.Path}{Path.PathSeparator}{Environment.GetEnvironmentVariable("PATH")}")];

        public void Dispose() => _folder.Dispose();
    }
}
