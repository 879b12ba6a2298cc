using System.Net;
using System.Net.Http.Json;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;
using MasterX.Tests.Hosts;
using MongoDB.Driver;

namespace MasterX.Tests.Composition;

/// <summary>
/// The composition with MongoDB in a container: its port, network, volume, password and connection string as Aspire makes them. The container runs the
/// stand-in (emulated), as not every machine can pull MongoDB's own image.
/// </summary>
[Collection(Containers.Name)]
public sealed class MongoCompositionTests(ContainerStorage containers) : IDisposable
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_is_stored_outlives_the_container_and_the_password_is_asked_for()
    {
        Assert.SkipWhen(containers.Missing is not null, containers.Missing ?? "");

        string user;
        await using (var first = await StartAsync())
        {
            using var api = first.ClientOf("api");
            using var health = await api.GetAsync(new Uri("/health", UriKind.Relative), Token);
            Assert.Equal("mongo: connected", (await health.JsonAsync()).Text("checks", "database", "description"));
            using var created = await api.PostAsJsonAsync("/api/users", new { name = "test", email = "test@test.com" }, Token);
            Assert.Equal(HttpStatusCode.Created, created.StatusCode);
            user = (await created.JsonAsync()).Text("id")!;

            var url = await first.App.GetConnectionStringAsync("masterx", Token);
            Assert.Matches("^mongodb://admin:[^@]+@localhost:[0-9]+/masterx\\?authSource=admin&authMechanism=SCRAM-SHA-256$", url);

            // As the health check of Aspire's own package asks.
            using var admin = new MongoClient(url);
            Assert.Contains("masterx", await (await admin.ListDatabaseNamesAsync(Token)).ToListAsync(Token));
            using var intruder = new MongoClient(url!.Replace("admin:", "admin:not-", StringComparison.Ordinal));
            await Assert.ThrowsAsync<MongoAuthenticationException>(() => intruder.ListDatabaseNamesAsync(Token));
        }

        await UntilNoContainerIsLeftAsync();
        await using var second = await StartAsync();
        using var again = second.ClientOf("api");
        using var found = await again.GetAsync(new Uri($"/api/users/{user}", UriKind.Relative), Token);
        Assert.Equal("test", (await found.JsonAsync()).Text("name"));
    }

    /// <summary>The orchestrator takes its containers down after the composition has ended; where the machine is busy, a moment later.</summary>
    private async Task UntilNoContainerIsLeftAsync()
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Token);
        patience.CancelAfter(TimeSpan.FromSeconds(60));
        while ((await containers.PodmanAsync("ps", "--all", "--quiet")).Length > 0)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(200), patience.Token);
        }
    }

    public void Dispose()
    {
        foreach (var name in containers.Environment.Keys)
        {
            Environment.SetEnvironmentVariable(name, null);
        }
    }

    private Task<StartedComposition> StartAsync()
    {
        // The orchestrator hands its own environment, which is this process's, to podman.
        foreach (var (name, value) in containers.Environment)
        {
            Environment.SetEnvironmentVariable(name, value);
        }

        return StartedComposition.StartAsync(
            builder => builder.CreateResourceBuilder(builder.Resources.OfType<MongoDBServerResource>().Single())
                .WithImageRegistry(ContainerStorage.Registry).WithImage(ContainerStorage.Image, ContainerStorage.Tag),
            dashboard: false, "--Storage=mongo", "--Parameters:mongo-password=a-password-of-a-test");
    }
}
