using System.Collections.Concurrent;
using MasterX.Tests.Api;
using MasterX.Tests.Hosts;

namespace MasterX.Tests.Storage;

/// <summary>What the API has acknowledged is there after it was killed in the middle of its work, time and again.</summary>
public sealed class DurabilityTests(MongoServer mongo) : IClassFixture<MongoServer>
{
    private const int Rounds = 20;
    private const int Writers = 8;

    [Fact]
    public async Task In_the_embedded_database()
    {
        using var folder = new DataFolder();

        await KillTimeAndAgainAsync(("Storage", "embedded"), ("Embedded__Directory", folder.Path));
    }

    [Fact]
    public async Task In_MongoDB()
    {
        Assert.SkipWhen(mongo.Url is null, mongo.Description);

        await KillTimeAndAgainAsync(("Storage", "mongo"), ("MONGO_URL", mongo.Url!), ("DB_NAME", $"masterx-test-{Guid.NewGuid():N}"));
    }

    private static async Task KillTimeAndAgainAsync(params (string Name, string Value)[] settings)
    {
        var acknowledged = new ConcurrentDictionary<string, string>();
        var random = new Random(20261124);
        for (var round = 0; round < Rounds; round++)
        {
            await using var api = await ApiProcess.StartAsync(null, settings);
            using var client = api.ClientWith(ApiProcess.AdminKey);
            using var killed = new CancellationTokenSource();
            var enough = acknowledged.Count + random.Next(20, 80);
            var writers = Enumerable.Range(0, Writers).Select(writer => WriteAsync(client, $"{round}-{writer}", acknowledged, killed.Token)).ToArray();
            await ApiCalls.UntilAsync(() => Task.FromResult(acknowledged.Count >= enough), "the API acknowledges writes", () => $"{acknowledged.Count} of {enough}, writers: {string.Join(", ", writers.Select(writer => writer.Status))}\n{api.Log}");

            await api.KillAsync();
            await killed.CancelAsync();
            await Task.WhenAll(writers);
        }

        await using var last = await ApiProcess.StartAsync(null, settings);
        using var reader = last.ClientWith(ApiProcess.AdminKey);
        Assert.True(acknowledged.Count > Rounds * 20);
        foreach (var (id, email) in acknowledged)
        {
            using var answer = await reader.SendAsync("GET", $"/api/users/{id}");
            Assert.True(answer.IsSuccessStatusCode, $"{email} was acknowledged and is gone: {(int)answer.StatusCode}");
            Assert.Equal(email, (await answer.JsonAsync()).Text("email"));
        }
    }

    private static async Task WriteAsync(HttpClient client, string writer, ConcurrentDictionary<string, string> acknowledged, CancellationToken killed)
    {
        for (var i = 0; !killed.IsCancellationRequested; i++)
        {
            var email = $"{writer}-{i}@example.com";
            try
            {
                using var answer = await client.SendAsync("POST", "/api/users", new { name = "durable", email });
                if (answer.IsSuccessStatusCode)
                {
                    acknowledged[(await answer.JsonAsync()).Text("id")!] = email;
                }
            }
            catch (Exception cut) when (cut is HttpRequestException or IOException)
            {
                // Killed: this one was not acknowledged.
                return;
            }
        }
    }
}
