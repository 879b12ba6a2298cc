namespace Aspire.Hosting.ApplicationModel;

/// <summary>A database in a MongoDB server.</summary>
/// <param name="name">See <see cref="IResource.Name"/>; also the name of the connection string.</param>
/// <param name="databaseName">Its name in the server.</param>
/// <param name="parent">The server.</param>
public class MongoDBDatabaseResource(string name, string databaseName, MongoDBServerResource parent)
    : Resource(name), IResourceWithParent<MongoDBServerResource>, IResourceWithConnectionString
{
    /// <inheritdoc />
    public MongoDBServerResource Parent { get; } = parent;

    /// <summary>Its name in the server.</summary>
    public string DatabaseName { get; } = databaseName;

    /// <summary>The server's connection string, with the database as its path.</summary>
    public ReferenceExpression ConnectionStringExpression => Parent.ConnectionString(DatabaseName);

    /// <inheritdoc cref="ConnectionStringExpression" />
    public ReferenceExpression UriExpression => ConnectionStringExpression;

    IEnumerable<KeyValuePair<string, ReferenceExpression>> IResourceWithConnectionString.GetConnectionProperties() => Parent.CombineProperties(
    [
        new("DatabaseName", ReferenceExpression.Create($"{DatabaseName}")),
        new("Uri", UriExpression),
    ]);
}
