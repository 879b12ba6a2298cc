using MasterX.ServiceDefaults.Configuration;
using MongoDB.Driver;

namespace MasterX.Api.Storage.Mongo;

/// <summary>Sets up MongoDB from <c>ConnectionStrings:masterx</c>, or the plan's <c>MONGO_URL</c> and <c>DB_NAME</c>.</summary>
internal static class MongoStorage
{
    public const string ConnectionName = "masterx";

    public static void AddMongoStorage(this WebApplicationBuilder builder)
    {
        var url = builder.Configuration.GetConnectionString(ConnectionName) ?? builder.Configuration["MONGO_URL"];
        builder.Services.AddSingleton<IConfigurationRule>(new MongoUrlRule(url, builder.Configuration["DB_NAME"]));
        if (!MongoUrlRule.IsUsable(url))
        {
            // The rule ends the start with one message; until then nothing may fail on its own.
            return;
        }

        var options = builder.Configuration.GetSection("Mongo").Get<MongoOptions>() ?? new MongoOptions();
        builder.AddMongoDBClient(
            ConnectionName,
            settings =>
            {
                settings.ConnectionString = url;

                // The health document has its own check of the database, with a limit of its own.
                settings.DisableHealthChecks = true;

                // The driver makes spans itself, to which the telemetry of every service subscribes; this would tell of each command a
                // second time.
                settings.DisableTracing = true;
            },
            client =>
            {
                client.ApplicationName = "masterx-api";
                client.MaxConnectionPoolSize = options.MaxPoolSize;
                client.MinConnectionPoolSize = Math.Min(options.MinPoolSize, options.MaxPoolSize);
                client.MaxConnectionIdleTime = options.MaxIdleTime;
                client.ConnectTimeout = options.ConnectTimeout;
                client.ServerSelectionTimeout = options.ServerSelectionTimeout;
                client.WriteConcern = WriteConcern.WMajority;
                client.RetryWrites = true;

                // A server that takes an operation and then says nothing holds up no request for longer than this.
                client.SocketTimeout = options.SocketTimeout;
            });
        var name = builder.Configuration["DB_NAME"] ?? MongoUrl.Create(url).DatabaseName ?? ConnectionName;
        builder.Services.AddSingleton(services => new MongoDatabase(services.GetRequiredService<IMongoClient>().GetDatabase(name), services.GetRequiredService<ILogger<MongoDatabase>>()));
        builder.Services.AddSingleton<IDatabase>(services => services.GetRequiredService<MongoDatabase>());
        builder.Services.AddSingleton<IUserStore, MongoUserStore>();
        builder.Services.AddSingleton<IGenerationStore, MongoGenerationStore>();
        builder.Services.AddSingleton<IKeyStore, MongoKeyStore>();
        builder.Services.AddSingleton<Audit.IAuditStore, MongoAuditStore>();
        builder.Services.AddSingleton<Projects.IProjectStore, MongoProjectStore>();
        builder.Services.AddSingleton<Calls.IBudgetAlertStore, MongoBudgetAlertStore>();
        builder.Services.AddSingleton<IUsageStore, MongoUsageStore>();
        builder.Services.AddSingleton<Calls.ICallStore>(services => new GroupedCallStore(new MongoCallStore(services.GetRequiredService<MongoDatabase>())));
        builder.Services.AddSingleton<IIdempotencyStore, MongoIdempotencyStore>();
    }
}
