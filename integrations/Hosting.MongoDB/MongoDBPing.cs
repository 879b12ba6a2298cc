using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using MongoDB.Bson;
using MongoDB.Driver;

namespace Aspire.Hosting;

/// <summary>Healthy while the server lets the connection string in and answers a ping.</summary>
internal sealed class MongoDBPing(IResourceWithConnectionString resource) : IHealthCheck
{
    private MongoClient? _client;

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        try
        {
            // There is no connection string before the container has its port.
            _client ??= await resource.GetConnectionStringAsync(cancellationToken) is { } url ? new MongoClient(url) : null;
            if (_client is null)
            {
                return new HealthCheckResult(context.Registration.FailureStatus, $"{resource.Name} has no connection string yet.");
            }

            await _client.GetDatabase("admin").RunCommandAsync<BsonDocument>(new BsonDocument("ping", 1), cancellationToken: cancellationToken);
            return HealthCheckResult.Healthy();
        }
        catch (Exception error) when (error is MongoException or TimeoutException or OperationCanceledException)
        {
            return new HealthCheckResult(context.Registration.FailureStatus, error.Message, error);
        }
    }
}
