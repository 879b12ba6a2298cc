using Aspire.MongoDB.Driver;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;
using MongoDB.Bson;
using MongoDB.Driver;
using MongoDB.Driver.Core.Configuration;

namespace Microsoft.Extensions.Hosting;

/// <summary>Adds a MongoDB client to a service.</summary>
public static class AspireMongoDBDriverExtensions
{
    private const string Section = "Aspire:MongoDB:Driver";

    /// <summary>The driver's own source of spans.</summary>
    private const string DriverActivities = "MongoDB.Driver";

    /// <summary>
    /// Adds a singleton <see cref="IMongoClient"/>, an <see cref="IMongoDatabase"/> when the connection string names a database,
    /// and the health check <c>MongoDB.Driver</c>, which pings the database.
    /// </summary>
    /// <param name="builder">The service.</param>
    /// <param name="connectionName">Name of the connection string.</param>
    /// <param name="configureSettings">Has the last word on the settings.</param>
    /// <param name="configureClientSettings">Has the last word on the client's settings.</param>
    public static void AddMongoDBClient(
        this IHostApplicationBuilder builder,
        string connectionName,
        Action<MongoDBSettings>? configureSettings = null,
        Action<MongoClientSettings>? configureClientSettings = null)
    {
        var settings = new MongoDBSettings();
        builder.Configuration.GetSection(Section).Bind(settings);
        builder.Configuration.GetSection($"{Section}:{connectionName}").Bind(settings);
        settings.ConnectionString = builder.Configuration.GetConnectionString(connectionName) ?? settings.ConnectionString;
        configureSettings?.Invoke(settings);

        builder.Services.AddSingleton<IMongoClient>(services => Connect(services, connectionName, settings, configureClientSettings));
        if (!settings.DisableTracing)
        {
            builder.Services.AddOpenTelemetry().WithTracing(tracing => tracing.AddSource(DriverActivities));
        }

        if (string.IsNullOrWhiteSpace(settings.ConnectionString))
        {
            return;
        }

        var databaseName = MongoUrl.Create(settings.ConnectionString).DatabaseName;
        if (!string.IsNullOrWhiteSpace(databaseName))
        {
            builder.Services.AddSingleton(services => services.GetRequiredService<IMongoClient>().GetDatabase(databaseName));
        }

        if (!settings.DisableHealthChecks)
        {
            builder.Services.AddHealthChecks().Add(new HealthCheckRegistration(
                "MongoDB.Driver",
                services => new PingHealthCheck(services.GetRequiredService<IMongoClient>(), databaseName ?? "admin"),
                failureStatus: null, tags: null,
                timeout: settings.HealthCheckTimeout is > 0 and var milliseconds ? TimeSpan.FromMilliseconds(milliseconds) : null));
        }
    }

    private static MongoClient Connect(IServiceProvider services, string connectionName, MongoDBSettings settings, Action<MongoClientSettings>? configure)
    {
        if (string.IsNullOrWhiteSpace(settings.ConnectionString))
        {
            throw new InvalidOperationException(
                $"There is no MongoDB connection string. Set ConnectionStrings__{connectionName}, for example to mongodb://localhost:27017/{connectionName}.");
        }

        var client = MongoClientSettings.FromConnectionString(settings.ConnectionString);
        client.LoggingSettings = new LoggingSettings(services.GetService<ILoggerFactory>());
        configure?.Invoke(client);
        return new MongoClient(client);
    }

    private sealed class PingHealthCheck(IMongoClient client, string databaseName) : IHealthCheck
    {
        public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
        {
            try
            {
                await client.GetDatabase(databaseName).RunCommandAsync<BsonDocument>(new BsonDocument("ping", 1), cancellationToken: cancellationToken);
                return HealthCheckResult.Healthy();
            }
            catch (Exception error) when (error is MongoException or TimeoutException or OperationCanceledException)
            {
                return new HealthCheckResult(context.Registration.FailureStatus, error.Message, error);
            }
        }
    }
}
