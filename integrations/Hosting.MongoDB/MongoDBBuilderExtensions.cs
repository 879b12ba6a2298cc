using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Aspire.Hosting;

/// <summary>Adds MongoDB to a composition.</summary>
public static class MongoDBBuilderExtensions
{
    private const string Registry = "docker.io";
    private const string Image = "library/mongo";
    private const string Tag = "8.3";
    private const int ContainerPort = 27017;

    /// <summary>Adds a MongoDB server in a container, with a root user.</summary>
    /// <param name="builder">The composition.</param>
    /// <param name="name">Name of the resource.</param>
    /// <param name="port">The port on the host; a free one unless given.</param>
    /// <param name="userName">The root user's name; <c>admin</c> unless given.</param>
    /// <param name="password">The root user's password; one is made, and kept in the AppHost's user secrets, unless given.</param>
    public static IResourceBuilder<MongoDBServerResource> AddMongoDB(
        this IDistributedApplicationBuilder builder,
        string name,
        int? port = null,
        IResourceBuilder<ParameterResource>? userName = null,
        IResourceBuilder<ParameterResource>? password = null)
    {
        var server = new MongoDBServerResource(
            name, userName?.Resource, password?.Resource ?? ParameterResourceBuilderExtensions.CreateDefaultPasswordParameter(builder, $"{name}-password", special: false));
        return builder.AddResource(server)
            .WithImage(Image, Tag)
            .WithImageRegistry(Registry)
            .WithEndpoint(port: port, targetPort: ContainerPort, name: MongoDBServerResource.PrimaryEndpointName)
            .WithEnvironment(context =>
            {
                context.EnvironmentVariables["MONGO_INITDB_ROOT_USERNAME"] = server.UserNameReference;
                context.EnvironmentVariables["MONGO_INITDB_ROOT_PASSWORD"] = server.PasswordParameter!;
            })
            .WithIconName("DatabaseMultiple")
            .WithHealthCheck(builder.AddPing(server, name));
    }

    /// <summary>Adds a database to the server; MongoDB makes it with the first document.</summary>
    /// <param name="builder">The server.</param>
    /// <param name="name">Name of the resource and of the connection string.</param>
    /// <param name="databaseName">Its name in the server; the resource's unless given.</param>
    public static IResourceBuilder<MongoDBDatabaseResource> AddDatabase(this IResourceBuilder<MongoDBServerResource> builder, string name, string? databaseName = null)
    {
        var database = new MongoDBDatabaseResource(name, databaseName ?? name, builder.Resource);
        return builder.ApplicationBuilder.AddResource(database)
            .WithIconName("Database")
            .WithHealthCheck(builder.ApplicationBuilder.AddPing(database, name));
    }

    /// <summary>Keeps the data in a volume, which outlives the container.</summary>
    /// <param name="builder">The server.</param>
    /// <param name="name">Name of the volume; made of the application's and the resource's unless given.</param>
    /// <param name="isReadOnly">Whether nothing may be written to it.</param>
    public static IResourceBuilder<MongoDBServerResource> WithDataVolume(this IResourceBuilder<MongoDBServerResource> builder, string? name = null, bool isReadOnly = false) =>
        builder.WithVolume(name ?? VolumeNameGenerator.Generate(builder, "data"), "/data/db", isReadOnly);

    /// <returns>The health check's name.</returns>
    private static string AddPing(this IDistributedApplicationBuilder builder, IResourceWithConnectionString resource, string name)
    {
        var ping = new MongoDBPing(resource);
        var key = $"{name}_check";
        builder.Services.AddHealthChecks().Add(new HealthCheckRegistration(key, ping, failureStatus: null, tags: null));
        return key;
    }
}
