using System.Net;
using MasterX.Tests.Api;
using MasterX.Tests.Hosts;

namespace MasterX.Tests.Defaults;

/// <summary>The port for operators, of a service as a process of its own.</summary>
public sealed class ManagementPortTests
{
    [Theory]
    [InlineData("MasterX.Api")]
    [InlineData("MasterX.AiGateway")]
    public async Task Metrics_and_reasons_are_on_the_operators_port_alone_and_nothing_else_is(string service)
    {
        using var folder = new DataFolder();
        var port = FreePorts.Take(1)[0];
        await using var process = await ServiceProcess.StartAsync(
            service, folder.Path, ("ASPNETCORE_URLS", "http://127.0.0.1:0"), ("Management__Port", port), ("Storage", "embedded"), ("Embedded__Directory", folder.Path),
            ("MASTERX_ADMIN_KEY", ApiProcess.AdminKey), ("CORS_ORIGINS", "none"), ("Gateway__Providers__openai__ApiKey", "k"), ("services__aigateway__http__0", "http://127.0.0.1:1"));
        using var operators = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };

        using var metrics = await operators.SendAsync("GET", "/metrics");
        using var detailed = await operators.SendAsync("GET", "/health");
        using var elsewhere = await operators.SendAsync("GET", "/v1/models", null, ("Authorization", $"Bearer {ApiProcess.AdminKey}"));
        using var hidden = await process.Http.SendAsync("GET", "/metrics", null, ("Host", $"127.0.0.1:{port}"));
        using var plain = await process.Http.SendAsync("GET", "/health");

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.NotFound, HttpStatusCode.NotFound), (metrics.StatusCode, elsewhere.StatusCode, hidden.StatusCode));
        Assert.NotNull((await detailed.JsonAsync()).Text("checks", "memory", "duration_ms"));
        Assert.Equal("""{"status":"healthy"}""", (await plain.JsonAsync()).GetProperty("checks").GetProperty("memory").GetRawText());
    }
}
