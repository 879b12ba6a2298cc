namespace Aspire.Hosting.ApplicationModel;

/// <summary>A MongoDB server in a container.</summary>
/// <param name="name">See <see cref="IResource.Name"/>.</param>
/// <param name="userNameParameter">The root user's name; <c>admin</c> unless given.</param>
/// <param name="passwordParameter">The root user's password; a server without one lets everybody in.</param>
public class MongoDBServerResource(string name, ParameterResource? userNameParameter, ParameterResource? passwordParameter)
    : ContainerResource(name), IResourceWithConnectionString
{
    internal const string PrimaryEndpointName = "tcp";
    private const string Administrator = "admin";
    private const string AuthenticationMechanism = "SCRAM-SHA-256";

    /// <summary>Where it listens.</summary>
    public EndpointReference PrimaryEndpoint => field ??= new(this, PrimaryEndpointName);

    /// <summary>Its host.</summary>
    public EndpointReferenceExpression Host => PrimaryEndpoint.Property(EndpointProperty.Host);

    /// <summary>Its port.</summary>
    public EndpointReferenceExpression Port => PrimaryEndpoint.Property(EndpointProperty.Port);

    /// <summary>The root user's name, when given.</summary>
    public ParameterResource? UserNameParameter { get; } = userNameParameter;

    /// <summary>The root user's password.</summary>
    public ParameterResource? PasswordParameter { get; } = passwordParameter;

    /// <summary>The root user's name.</summary>
    public ReferenceExpression UserNameReference =>
        UserNameParameter is null ? ReferenceExpression.Create($"{Administrator}") : ReferenceExpression.Create($"{UserNameParameter}");

    /// <summary><c>mongodb://user:password@host:port/?authSource=admin&amp;authMechanism=SCRAM-SHA-256</c>; host and port alone where there is no password.</summary>
    public ReferenceExpression ConnectionStringExpression => ConnectionString(database: null);

    /// <inheritdoc cref="ConnectionStringExpression" />
    public ReferenceExpression UriExpression => ConnectionStringExpression;

    internal ReferenceExpression ConnectionString(string? database)
    {
        var address = PrimaryEndpoint.Property(EndpointProperty.HostAndPort);
        if (PasswordParameter is null)
        {
            return database is null ? ReferenceExpression.Create($"mongodb://{address}") : ReferenceExpression.Create($"mongodb://{address}/{database:uri}");
        }

        // Percent-encoded, as a user name or a database may hold what ends its part of a URI.
        var text = new ReferenceExpressionBuilder();
        text.AppendLiteral("mongodb://");
        if (UserNameParameter is null)
        {
            text.AppendLiteral(Administrator);
        }
        else
        {
            text.Append($"{UserNameParameter:uri}");
        }

        text.Append($":{PasswordParameter:uri}@{address}/");
        if (database is not null)
        {
            text.Append($"{database:uri}");
        }

        text.AppendLiteral($"?authSource={Administrator}&authMechanism={AuthenticationMechanism}");
        return text.Build();
    }

    IEnumerable<KeyValuePair<string, ReferenceExpression>> IResourceWithConnectionString.GetConnectionProperties()
    {
        yield return new("Host", ReferenceExpression.Create($"{Host}"));
        yield return new("Port", ReferenceExpression.Create($"{Port}"));
        yield return new("Username", UserNameReference);
        if (PasswordParameter is not null)
        {
            yield return new("Password", ReferenceExpression.Create($"{PasswordParameter}"));
            yield return new("AuthenticationDatabase", ReferenceExpression.Create($"{Administrator}"));
            yield return new("AuthenticationMechanism", ReferenceExpression.Create($"{AuthenticationMechanism}"));
        }

        yield return new("Uri", UriExpression);
    }
}
