using MasterX.Api.Storage.Embedded;
using MasterX.Api.Storage.Mongo;
using MasterX.ServiceDefaults.Configuration;
using MasterX.ServiceDefaults.Health;
using MasterX.ServiceDefaults.Startup;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace MasterX.Api.Storage;

/// <summary>Chooses the database by the setting <c>Storage</c>: <c>mongo</c> or <c>embedded</c>.</summary>
internal static class StorageServices
{
    /// <summary>Of a ping; short, so that a probe is answered while the driver still waits for a server.</summary>
    private static readonly TimeSpan PingLimit = TimeSpan.FromSeconds(2);

    public static void AddStorage(this WebApplicationBuilder builder)
    {
        // MONGO_URL says MongoDB without a second word; alone on a developer's machine, the embedded database needs nothing.
        var kind = builder.Configuration["Storage"] ?? (builder.Configuration["MONGO_URL"] is null ? "embedded" : "mongo");
        switch (kind)
        {
            case "mongo":
                builder.AddMongoStorage();
                break;
            case "embedded":
                builder.AddEmbeddedStorage();
                break;
            default:
                builder.Services.AddSingleton<IConfigurationRule>(new UnknownStorageRule(kind));
                break;
        }

        builder.Services.AddSingleton<IConfigurationRule, Retention.Rule>();
        builder.Services.AddSingleton<IConfigurationRule>(new BareTimes(builder.Configuration, "Embedded", "BusyTimeout"));
        builder.Services.AddSingleton<IConfigurationRule>(new BareTimes(
            builder.Configuration, "Mongo", nameof(MongoOptions.MaxIdleTime), nameof(MongoOptions.ConnectTimeout),
            nameof(MongoOptions.ServerSelectionTimeout), nameof(MongoOptions.SocketTimeout)));
        builder.Services.AddSingleton<StorageReady>();
        builder.Services.AddStartupStep<InitializeDatabase>();
        builder.Services.AddHostedService<Retention>();
        builder.Services.AddHealthChecks().Add(new HealthCheckRegistration(
            "database", services => new DatabaseHealthCheck(services.GetRequiredService<IDatabase>()), failureStatus: null, tags: [HealthTags.Ready], timeout: PingLimit));
    }

    private sealed class UnknownStorageRule(string kind) : IConfigurationRule
    {
        public IEnumerable<string> FindProblems() => [$"Storage is '{kind}'; it must be mongo or embedded."];
    }

    private sealed class InitializeDatabase(IDatabase database, StorageReady ready) : IStartupStep
    {
        public string Name => $"initialize the database ({database.Kind})";

        public async Task RunAsync(CancellationToken cancellationToken)
        {
            await database.InitializeAsync(cancellationToken);
            ready.Tell();
        }
    }

    private sealed class DatabaseHealthCheck(IDatabase database) : IHealthCheck
    {
        public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
        {
            try
            {
                await database.PingAsync(cancellationToken);
                return HealthCheckResult.Healthy($"{database.Kind}: connected");
            }
            catch (StorageException problem)
            {
                return HealthCheckResult.Unhealthy(problem.Message, problem);
            }
        }
    }
}
