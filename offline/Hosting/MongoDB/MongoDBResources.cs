namespace Aspire.Hosting.ApplicationModel;

/// <summary>A MongoDB server. Offline it is the <c>mongod</c> on the PATH, on loopback, without a password.</summary>
/// <param name="name">See <see cref="IResource.Name"/>.</param>
public sealed class MongoDBServerResource(string name) : ContainerResource(name), IResourceWithConnectionString
{
    internal const string EndpointName = "tcp";

    /// <summary>Where it listens.</summary>
    public EndpointReference PrimaryEndpoint => new(this, EndpointName);

    /// <inheritdoc />
    public ReferenceExpression ConnectionStringExpression =>
        ReferenceExpression.Create($"mongodb://{PrimaryEndpoint.Property(EndpointProperty.HostAndPort)}");

    internal static IEnumerable<KeyValuePair<string, ReferenceExpression>> Parts(MongoDBServerResource server)
    {
        yield return new("Host", ReferenceExpression.Create($"{server.PrimaryEndpoint.Property(EndpointProperty.Host)}"));
        yield return new("Port", ReferenceExpression.Create($"{server.PrimaryEndpoint.Property(EndpointProperty.Port)}"));
    }

    IEnumerable<KeyValuePair<string, ReferenceExpression>> IResourceWithConnectionString.GetConnectionProperties() =>
        [.. Parts(this), new("Uri", ConnectionStringExpression)];
}

/// <summary>A database in a MongoDB server.</summary>
/// <param name="name">See <see cref="IResource.Name"/>.</param>
/// <param name="databaseName">Its name in the server.</param>
/// <param name="parent">The server.</param>
public sealed class MongoDBDatabaseResource(string name, string databaseName, MongoDBServerResource parent)
    : Resource(name), IResourceWithParent<MongoDBServerResource>, IResourceWithConnectionString
{
    /// <inheritdoc />
    public MongoDBServerResource Parent { get; } = parent;

    /// <summary>Its name in the server.</summary>
    public string DatabaseName { get; } = databaseName;

    /// <inheritdoc />
    public ReferenceExpression ConnectionStringExpression =>
        ReferenceExpression.Create($"{Parent.ConnectionStringExpression}/{DatabaseName}");

    IEnumerable<KeyValuePair<string, ReferenceExpression>> IResourceWithConnectionString.GetConnectionProperties() =>
        [.. MongoDBServerResource.Parts(Parent), new("Uri", ConnectionStringExpression), new("DatabaseName", ReferenceExpression.Create($"{DatabaseName}"))];
}
