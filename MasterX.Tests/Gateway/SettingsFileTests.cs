using System.Net;
using System.Net.Http.Json;
using MasterX.Tests.Hosts;

namespace MasterX.Tests.Gateway;

/// <summary>A settings file that is changed while the gateway runs is taken over when it is right, and only then.</summary>
public sealed class SettingsFileTests
{
    [Fact]
    public async Task A_file_that_is_wrong_is_logged_and_the_old_settings_stay()
    {
        await using var provider = await ScriptedProvider.StartAsync(context => ScriptedProvider.JsonAsync(context, ScriptedProvider.Completion));
        using var folder = new DataFolder();
        var file = Path.Combine(folder.Path, "appsettings.json");
        await WriteAsync("first");
        await using var gateway = await ServiceProcess.StartAsync(
            "MasterX.AiGateway", folder.Path, ("ASPNETCORE_URLS", "http://127.0.0.1:0"), ("Gateway__Providers__p__BaseUrl", provider.Url));
        Assert.Equal(HttpStatusCode.OK, await AskAsync("first"));

        await File.WriteAllTextAsync(file, """{"Gateway":{"Routes":""", TestContext.Current.CancellationToken);
        await gateway.UntilLoggedAsync("appsettings.json cannot be read");
        Assert.Equal(HttpStatusCode.OK, await AskAsync("first"));

        await WriteAsync("second");
        await gateway.UntilAsync(async () => await AskAsync("second") == HttpStatusCode.OK, "the new route");
        Assert.Equal(HttpStatusCode.NotFound, await AskAsync("first"));

        await File.WriteAllTextAsync(file, """{"Gateway":{"Token":"","TotalTimeout":"300"}}""", TestContext.Current.CancellationToken);
        await gateway.UntilLoggedAsync("Gateway__TotalTimeout is 300, which would be 300 days");
        Assert.Equal(HttpStatusCode.OK, await AskAsync("second"));

        // Under another name first: the gateway is not to see half of it.
        async Task WriteAsync(string route)
        {
            await File.WriteAllTextAsync(file + ".new", $$"""{"Gateway":{"Routes":{"{{route}}":{"Candidates":["p/m"]} } } }""", TestContext.Current.CancellationToken);
            File.Move(file + ".new", file, overwrite: true);
        }

        async Task<HttpStatusCode> AskAsync(string model)
        {
            using var answer = await gateway.Http.PostAsJsonAsync(
                "/v1/chat/completions", new { model, messages = new[] { new { role = "user", content = "hello" } } }, TestContext.Current.CancellationToken);
            return answer.StatusCode;
        }
    }

    [Fact]
    public async Task Settings_without_a_token_are_refused()
    {
        await using var gateway = new GatewayHost();

        gateway.Changes.Change(("Gateway:Token", ""));

        using var answer = await gateway.AskAsync("hello");
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }
}
