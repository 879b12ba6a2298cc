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
        // A connection string says MongoDB without a second word; alone on a developer's machine, the embedded database needs nothing.
        var url = builder.Configuration["MONGO_URL"] ?? builder.Configuration.GetConnectionString(MongoStorage.ConnectionName);
        var kind = builder.Configuration["Storage"] ?? (url is null ? "embedded" : "mongo");
        if (url is null && builder.Configuration["Storage"] is null && builder.Environment.IsProduction())
        {
            // Else the data would be in a container's own file system, and gone with it.
            builder.AddRequiredSetting(new("Storage", "where the data is: mongo, with MONGO_URL and DB_NAME, or embedded, with Embedded__Directory on a volume that outlives the container", "mongo"));
        }

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
        builder.Services.AddSingleton<IConfigurationRule, StorageWatch.Rule>();
        builder.Services.AddSingleton<IConfigurationRule>(new BareTimes(builder.Configuration, "Embedded", "BusyTimeout"));
        builder.Services.AddSingleton<IConfigurationRule>(new BareTimes(
            builder.Configuration, "Mongo", nameof(MongoOptions.MaxIdleTime), nameof(MongoOptions.ConnectTimeout),
            nameof(MongoOptions.ServerSelectionTimeout), nameof(MongoOptions.SocketTimeout)));
        builder.Services.AddSingleton<StorageReady>();
        builder.Services.AddStartupStep<InitializeDatabase>();
        builder.Services.AddHostedService<Retention>();
        builder.Services.AddSingleton<StorageWatch>();
        builder.Services.AddHostedService(services => services.GetRequiredService<StorageWatch>());
        builder.Services.AddHealthChecks().Add(new HealthCheckRegistration(
            "database", services => new DatabaseHealthCheck(services.GetRequiredService<IDatabase>(), services.GetRequiredService<StorageWatch>()), failureStatus: null, tags: [HealthTags.Ready], timeout: PingLimit));
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

    /// <summary>Asks for a sign of life, and tells what was found when something was last written.</summary>
    private sealed class DatabaseHealthCheck(IDatabase database, StorageWatch watch) : IHealthCheck
    {
        public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
        {
            try
            {
                await database.PingAsync(cancellationToken);
            }
            catch (StorageException problem)
            {
                return HealthCheckResult.Unhealthy(problem.Message, problem);
            }

            return watch.Last switch
            {
                { Problem: { } problem } => HealthCheckResult.Unhealthy(problem),
                { Warning: { } warning } => HealthCheckResult.Degraded(warning),
                _ => HealthCheckResult.Healthy($"{database.Kind}: connected"),
            };
        }
    }
}
