using MasterX.Tests.Hosts;
using MongoDB.Bson;
using MongoDB.Driver;

namespace MasterX.Tests.Storage;

/// <summary>
/// What the composition asks of a MongoDB container, on one of the stand-in (emulated): a port, a login, and a volume that outlives the
/// container.
/// </summary>
[Collection(Containers.Name)]
public sealed class MongoContainerTests(ContainerStorage containers)
{
    private const string Image = $"{ContainerStorage.Registry}/{ContainerStorage.Image}:{ContainerStorage.Tag}";

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_was_acknowledged_is_in_the_volume_after_the_container_was_killed()
    {
        Assert.SkipWhen(containers.Missing is not null, containers.Missing ?? "");
        await StartAsync("first", "right");
        Assert.Equal(1, await InsertAsync("first", "right"));

        await containers.PodmanAsync("kill", "--signal", "KILL", "first");
        await containers.PodmanAsync("rm", "first");
        await StartAsync("second", "changed");

        // As with MongoDB's image, a volume keeps the password it was made with.
        Assert.Equal(2, await InsertAsync("second", "right"));
        await Assert.ThrowsAsync<MongoAuthenticationException>(() => InsertAsync("second", "changed"));

        // The storage is shared, and the next test asks whether the containers of its own are gone.
        await containers.PodmanAsync("rm", "--force", "--time", "0", "second");
    }

    private Task<string> StartAsync(string name, string password) => containers.PodmanAsync(
        "run", "--detach", "--name", name, "--publish", "127.0.0.1::27017", "--volume", "data:/data/db",
        "--env", "MONGO_INITDB_ROOT_USERNAME=admin", "--env", $"MONGO_INITDB_ROOT_PASSWORD={password}", Image);

    /// <summary>Adds a document; returns how many there are.</summary>
    private async Task<long> InsertAsync(string name, string password)
    {
        var port = (await containers.PodmanAsync("port", name, "27017/tcp")).Trim().Split(':')[^1];
        using var client = new MongoClient($"mongodb://admin:{password}@127.0.0.1:{port}/masterx?authSource=admin&authMechanism=SCRAM-SHA-256");
        var documents = client.GetDatabase("masterx").GetCollection<BsonDocument>("kept");
        await documents.InsertOneAsync([], options: null, Cancelled);
        return await documents.CountDocumentsAsync(FilterDefinition<BsonDocument>.Empty, cancellationToken: Cancelled);
    }
}
