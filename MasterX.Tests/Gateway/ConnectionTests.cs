using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using MasterX.Tests.Hosts;

namespace MasterX.Tests.Gateway;

/// <summary>How providers are reached: through the proxy of the environment, or past it.</summary>
public sealed class ConnectionTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_provider_elsewhere_is_asked_through_the_proxy_and_one_on_this_machine_is_not()
    {
        await using var proxy = await ScriptedProvider.StartAsync(context =>
            ScriptedProvider.JsonAsync(context, ScriptedProvider.Completion.Replace("hi", $"for {context.Request.Host}", StringComparison.Ordinal)));
        await using var local = await ScriptedProvider.StartAsync(context => ScriptedProvider.JsonAsync(context, ScriptedProvider.Completion));
        await using var gateway = await StartAsync(
            ("HTTP_PROXY", proxy.Url), ("Gateway__Providers__far__BaseUrl", "http://model.invalid/v1"), ("Gateway__Providers__far__AllowInsecure", "true"),
            ("Gateway__Providers__near__BaseUrl", local.Url));

        Assert.Equal("for model.invalid", await AskAsync(gateway, "far/m"));
        Assert.Equal("hi", await AskAsync(gateway, "near/m"));
    }

    [Theory]
    [InlineData("CONNECT model.invalid:443 HTTP/1.1")]
    [InlineData(null, "Gateway__Providers__far__UseProxy", "false")]
    [InlineData(null, "NO_PROXY", "model.invalid")]
    public async Task A_tunnel_is_asked_of_the_proxy_unless_it_is_not_to_be_used(string? asked, params string[] setting)
    {
        using var proxy = new TcpListener(IPAddress.Loopback, 0);
        proxy.Start();
        await using var gateway = await StartAsync(
            [("HTTPS_PROXY", $"http://{proxy.LocalEndpoint}"), ("Gateway__Providers__far__BaseUrl", "https://model.invalid/v1"), .. setting is [var name, var value] ? [(name, value)] : Array.Empty<(string, string)>()]);

        var answering = PostAsync(gateway, "far/m");
        if (asked is not null)
        {
            using var connection = await proxy.AcceptTcpClientAsync(Token);
            using var reader = new StreamReader(connection.GetStream());
            Assert.Equal(asked, await reader.ReadLineAsync(Token));
        }

        using var answer = await answering;
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.False(proxy.Pending() && asked is null, "The proxy was asked.");
    }

    [Fact]
    public async Task A_key_that_goes_over_http_is_warned_of()
    {
        await using var gateway = await StartAsync(
            ("Gateway__Providers__far__BaseUrl", "http://model.invalid/v1"), ("Gateway__Providers__far__AllowInsecure", "true"), ("Gateway__Providers__far__ApiKey", "a-secret-key"));

        await gateway.UntilLoggedAsync("Gateway__Providers__far__BaseUrl");
        Assert.DoesNotContain("a-secret-key", gateway.Log, StringComparison.Ordinal);
    }

    private static Task<ServiceProcess> StartAsync(params IEnumerable<(string Name, string Value)> settings) => ServiceProcess.StartAsync(
        "MasterX.AiGateway", ServiceProcess.FolderOf("MasterX.AiGateway"), settings.Prepend(("ASPNETCORE_URLS", "http://127.0.0.1:0")));

    private static Task<HttpResponseMessage> PostAsync(ServiceProcess gateway, string model) =>
        gateway.Http.PostAsJsonAsync("/v1/chat/completions", new { model, messages = new[] { new { role = "user", content = "hello" } } }, Token);

    private static async Task<string?> AskAsync(ServiceProcess gateway, string model)
    {
        using var answer = await PostAsync(gateway, model);
        return (await answer.JsonAsync()).Text("choices", "0", "message", "content");
    }
}
