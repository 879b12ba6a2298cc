using System.Net;
using System.Net.Http.Json;
using MasterX.Tests.Hosts;

namespace MasterX.Tests.Defaults;

/// <summary>A service started as a platform or supervisor does it: from any directory, with a port in the environment.</summary>
public sealed class StartedElsewhereTests
{
    private static readonly (string, string)[] Embedded = [("Storage", "embedded"), ("CORS_ORIGINS", "none"), ("MASTERX_ADMIN_KEY", "mx_the-admin-key-of-a-test-process"), ("services__aigateway__http__0", "http://127.0.0.1:1")];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_built_in_prices_are_found_from_any_directory()
    {
        await using var provider = await ScriptedProvider.StartAsync(context => ScriptedProvider.JsonAsync(context, ScriptedProvider.Completion));
        using var elsewhere = new DataFolder();
        await using var gateway = await ServiceProcess.StartAsync(
            "MasterX.AiGateway", elsewhere.Path, ("ASPNETCORE_URLS", "http://127.0.0.1:0"), ("Gateway__Providers__openai__BaseUrl", provider.Url));

        using var answer = await gateway.Http.PostAsJsonAsync(
            "/v1/chat/completions", new { model = "openai/gpt-4.1-mini", messages = new[] { new { role = "user", content = "hello" } } }, Token);

        Assert.Equal("0.000012", answer.Header("x-masterx-cost-usd"));
    }

    [Theory]
    [InlineData("MasterX.AiGateway")]
    [InlineData("MasterX.Api")]
    public async Task A_port_of_the_platform_is_listened_on_at_every_address(string service)
    {
        using var folder = new DataFolder();
        await using var started = await ServiceProcess.StartAsync(
            service, folder.Path, [("PORT", "0"), ("HTTP_PORTS", "8080"), ("Gateway__Providers__openai__ApiKey", "k"), ("Embedded__Directory", folder.Path), .. Embedded]);

        Assert.Equal("[::]", started.Address.Host);
        Assert.NotEqual(8080, started.Address.Port);
        using var answer = await started.Http.GetAsync(new Uri("/alive", UriKind.Relative), Token);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    [Fact]
    public async Task An_address_that_is_set_wins_over_the_platforms_port()
    {
        using var folder = new DataFolder();
        await using var gateway = await ServiceProcess.StartAsync(
            "MasterX.AiGateway", folder.Path, ("PORT", "0"), ("ASPNETCORE_URLS", "http://127.0.0.1:0"), ("Gateway__Providers__openai__ApiKey", "k"));

        Assert.Equal("127.0.0.1", gateway.Address.Host);
    }
}
