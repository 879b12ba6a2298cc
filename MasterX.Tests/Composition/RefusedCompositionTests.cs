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

    [Fact]
    public async Task An_orchestrator_that_cannot_be_started_ends_the_AppHost()
    {
        var (exitCode, _, error) = await AppHostProcess.RunAsync([], "--Storage=embedded", "--dcp-cli-path=/nonexistent/dcp");

        Assert.Equal(1, exitCode);
        Assert.Contains("MasterX could not be started:", error, StringComparison.Ordinal);
        Assert.Contains("/nonexistent/dcp", error, StringComparison.Ordinal);
    }
}
