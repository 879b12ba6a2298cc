using System.Diagnostics;
using MasterX.ServiceDefaults.Startup;

namespace MasterX.Tests.Defaults;

/// <summary>A service that cannot work does not start, and says why in one message; each in a process of its own.</summary>
public sealed class StartTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_gateway_without_configuration_names_all_that_is_missing()
    {
        var (exitCode, output) = await RunAsync("MasterX.AiGateway");

        Assert.Equal(ServiceRunner.ConfigurationExitCode, exitCode);
        Assert.Contains("2 configuration problems", output, StringComparison.Ordinal);
        Assert.Contains("Gateway__Token is missing: the bearer token", output, StringComparison.Ordinal);
        Assert.Contains("Example: Gateway__Token=", output, StringComparison.Ordinal);
        Assert.Contains("Gateway__Providers__gemini__ApiKey", output, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_API_without_configuration_names_all_that_is_missing()
    {
        var (exitCode, output) = await RunAsync("MasterX.Api", ("Storage", "mongo"), ("ASPNETCORE_ENVIRONMENT", "Production"));

        Assert.Equal(ServiceRunner.ConfigurationExitCode, exitCode);
        foreach (var variable in new[] { "MONGO_URL", "CORS_ORIGINS", "MASTERX_ADMIN_KEY", "Gateway__Token", "services__aigateway__http__0" })
        {
            Assert.Contains($"{variable}", output, StringComparison.Ordinal);
        }

        Assert.DoesNotContain("   at ", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_API_does_not_choose_where_the_data_of_Production_is()
    {
        var (exitCode, output) = await RunAsync("MasterX.Api", ("ASPNETCORE_ENVIRONMENT", "Production"));

        Assert.Equal(ServiceRunner.ConfigurationExitCode, exitCode);
        Assert.Contains("Storage is missing: where the data is: mongo, with MONGO_URL and DB_NAME, or embedded", output, StringComparison.Ordinal);
        Assert.DoesNotContain("MONGO_URL (or", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wrong_connection_string_and_a_wildcard_origin_are_told_without_the_password()
    {
        var (exitCode, output) = await RunAsync("MasterX.Api", ("MONGO_URL", "mongo:/user:a-password@host"), ("CORS_ORIGINS", "*"));

        Assert.Equal(ServiceRunner.ConfigurationExitCode, exitCode);
        Assert.Contains("not a MongoDB connection string", output, StringComparison.Ordinal);
        Assert.Contains("CORS_ORIGINS contains '*'", output, StringComparison.Ordinal);
        Assert.DoesNotContain("a-password", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Development")]
    [InlineData("Production")]
    public async Task A_storage_that_there_is_not_is_one_message_in_every_environment(string environment)
    {
        var (exitCode, output) = await RunAsync("MasterX.Api", ("Storage", "nonsense"), ("ASPNETCORE_ENVIRONMENT", environment));

        Assert.Equal(ServiceRunner.ConfigurationExitCode, exitCode);
        Assert.Contains("Storage is 'nonsense'; it must be mongo or embedded.", output, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("MASTERX_ADMIN_KEY", "short", "shorter than 20 characters")]
    [InlineData("TRUSTED_PROXIES", "10.0.0.0/99", "neither an address nor a network")]
    [InlineData("Users__OnDelete", "forget", "must be delete or anonymize")]
    [InlineData("Embedded__BusyTimeout", "10", "00:00:10 for 10 seconds")]
    [InlineData("Mongo__SocketTimeout", "20", "00:00:20 for 20 seconds")]
    [InlineData("Idempotency__Hold", "12", "hours:minutes:seconds")]
    [InlineData("StorageProbeInterval", "15", "hours:minutes:seconds")]
    [InlineData("Embedded__LeastFreeMegabytes", "much", "a number of MiB")]
    [InlineData("PORT", "eighty", "must be a number")]
    [InlineData("Retention__GenerationDays", "-1", "must be 0 (for ever) to 36500")]
    public async Task A_setting_of_the_API_that_makes_no_sense_is_named(string name, string value, string said)
    {
        var (exitCode, output) = await RunAsync("MasterX.Api", (name, value));

        Assert.Equal(ServiceRunner.ConfigurationExitCode, exitCode);
        Assert.Contains(name, output, StringComparison.Ordinal);
        Assert.Contains(said, output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task DB_NAME_is_wanted_when_the_connection_string_names_no_database()
    {
        var (_, output) = await RunAsync("MasterX.Api", ("MONGO_URL", "mongodb://localhost:27017"));

        Assert.Contains("DB_NAME is missing", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_taken_port_is_one_line_that_names_it()
    {
        using var listener = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        listener.Start();
        var address = $"http://{listener.LocalEndpoint}";

        var (exitCode, output) = await RunAsync("MasterX.ProviderEmulator", ("ASPNETCORE_URLS", address));

        Assert.Equal(ServiceRunner.AddressTakenExitCode, exitCode);
        Assert.Contains(address, output, StringComparison.Ordinal);
        Assert.Contains("ASPNETCORE_URLS", output, StringComparison.Ordinal);
    }

    /// <summary>With nothing in the environment but what the runtime needs and the test gives.</summary>
    private static async Task<(int ExitCode, string Error)> RunAsync(string service, params (string Name, string Value)[] variables)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "..", "..", service, Path.GetFileName(AppContext.BaseDirectory.TrimEnd('/')), $"{service}.dll")])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        foreach (var name in start.Environment.Keys.Where(name => name is not ("PATH" or "HOME" or "DOTNET_ROOT" or "TMPDIR" or "SystemRoot")).ToArray())
        {
            start.Environment.Remove(name);
        }

        if (!variables.Any(variable => variable.Name == "PORT"))
        {
            start.Environment["ASPNETCORE_URLS"] = "http://127.0.0.1:0";
        }

        foreach (var (name, value) in variables)
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync(Token);
        var output = process.StandardOutput.ReadToEndAsync(Token);
        try
        {
            await process.WaitForExitAsync(Token).WaitAsync(TimeSpan.FromSeconds(30), Token);
        }
        finally
        {
            process.Kill(entireProcessTree: true);
        }

        await output;
        return (process.ExitCode, await error);
    }
}
