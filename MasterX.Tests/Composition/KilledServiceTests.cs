using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using Aspire.Hosting.ApplicationModel;
using MasterX.Tests.Hosts;

namespace MasterX.Tests.Composition;

/// <summary>A service that dies, as by the kernel's memory killer. That its callers are refused at once is seen on fixed ports, by <c>.ci/smoke</c>.</summary>
public sealed class KilledServiceTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_killed_gateway_is_seen_with_its_exit_code_and_can_be_started_again()
    {
        await using var composition = await StartedComposition.StartAsync();
        using var api = composition.ClientOf("api");
        var (id, process) = (await composition.ProcessesOfAsync("aigateway")).Single();

        Process.GetProcessById(process).Kill();

        var ended = await composition.App.ResourceNotifications
            .WaitForResourceAsync("aigateway", change => KnownResourceStates.TerminalStates.Contains(change.Snapshot.State?.Text), Token).WaitAsync(Patience, Token);
        Assert.Equal(137, ended.Snapshot.ExitCode);

        var started = await composition.App.ResourceCommands.ExecuteCommandAsync(id, KnownResourceCommands.StartCommand, Token);
        Assert.True(started.Success, started.Message);
        await composition.App.ResourceNotifications.WaitForResourceHealthyAsync("aigateway", Token).WaitAsync(Patience, Token);
        using var answer = await api.PostAsJsonAsync("/api/ai/generate", new { prompt = "test query" }, Token);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    [Fact]
    public async Task Of_two_replicas_of_the_API_one_may_die()
    {
        await using var composition = await StartedComposition.StartAsync(arguments: "--Replicas=2");
        using var api = composition.ClientOf("api");
        var replicas = await composition.ProcessesOfAsync("api", replicas: 2);
        Assert.Equal(2, replicas.Values.Distinct().Count());
        using var created = await api.PostAsJsonAsync("/api/users", new { name = "test", email = "test@test.com" }, Token);
        var user = new Uri($"/api/users/{(await created.JsonAsync()).Text("id")}", UriKind.Relative);

        Process.GetProcessById(replicas.Values.First()).Kill();

        await composition.App.ResourceNotifications
            .WaitForResourceAsync("api", change => change.ResourceId == replicas.Keys.First() && KnownResourceStates.TerminalStates.Contains(change.Snapshot.State?.Text), Token)
            .WaitAsync(Patience, Token);
        for (var call = 0; call < 20; call++)
        {
            using var found = await api.GetAsync(user, Token);
            Assert.Equal(HttpStatusCode.OK, found.StatusCode);
        }
    }
}
