using System.Net.Sockets;
using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting;

/// <summary>Adds MongoDB.</summary>
public static class MongoDBBuilderExtensions
{
    /// <summary>Adds a MongoDB server. Offline it needs <c>mongod</c> on the PATH.</summary>
    /// <param name="builder">The composition.</param>
    /// <param name="name">Resource name.</param>
    /// <param name="port">A free port unless given.</param>
    public static IResourceBuilder<MongoDBServerResource> AddMongoDB(this IDistributedApplicationBuilder builder, string name, int? port = null) =>
        builder.AddResource(new MongoDBServerResource(name))
            .WithAnnotation(new EndpointAnnotation(ProtocolType.Tcp, "tcp", MongoDBServerResource.EndpointName, port));

    /// <summary>Adds a database to the server.</summary>
    /// <param name="builder">The server.</param>
    /// <param name="name">Resource name, and the name of the connection string.</param>
    /// <param name="databaseName">Its name in the server; the resource name unless given.</param>
    public static IResourceBuilder<MongoDBDatabaseResource> AddDatabase(this IResourceBuilder<MongoDBServerResource> builder, string name, string? databaseName = null) =>
        builder.ApplicationBuilder.AddResource(new MongoDBDatabaseResource(name, databaseName ?? name, builder.Resource));

    /// <summary>Keeps the data between runs; offline in a folder under the user's data directory.</summary>
    public static IResourceBuilder<MongoDBServerResource> WithDataVolume(this IResourceBuilder<MongoDBServerResource> builder, string? name = null, bool isReadOnly = false) =>
        builder.WithAnnotation(new DataVolumeAnnotation(name ?? $"{builder.Resource.Name}-data"));
}

/// <summary>What can be said about resources that Aspire runs in containers.</summary>
public static class ContainerResourceBuilderExtensions
{
    /// <summary>How long the container outlives the AppHost. Offline there is no container, and every process ends with its host.</summary>
    public static IResourceBuilder<T> WithLifetime<T>(this IResourceBuilder<T> builder, ContainerLifetime lifetime)
        where T : ContainerResource => builder;
}
