using System.Collections.ObjectModel;

namespace Aspire.Hosting.ApplicationModel;

/// <summary>A part of the composition: a project, a database, a parameter.</summary>
public interface IResource
{
    /// <summary>Unique within the composition; letters, digits and hyphens.</summary>
    string Name { get; }

    /// <summary>What was said about the resource with <c>With…</c> and <c>WaitFor</c>, in order.</summary>
    ResourceAnnotationCollection Annotations { get; }
}

/// <summary>Something said about a resource.</summary>
public interface IResourceAnnotation;

/// <summary>The annotations of one resource.</summary>
public sealed class ResourceAnnotationCollection : Collection<IResourceAnnotation>;

/// <summary>A resource whose process receives environment variables.</summary>
public interface IResourceWithEnvironment : IResource;

/// <summary>A resource that listens on network endpoints.</summary>
public interface IResourceWithEndpoints : IResource;

/// <summary>A resource that can be held back until others are ready.</summary>
public interface IResourceWithWaitSupport : IResource;

/// <summary>A resource that other resources find by its name (<c>http://name</c>).</summary>
public interface IResourceWithServiceDiscovery : IResourceWithEndpoints;

/// <summary>A resource that lives inside another, as a database in its server.</summary>
public interface IResourceWithParent : IResource
{
    /// <summary>The resource it lives in.</summary>
    IResource Parent { get; }
}

/// <inheritdoc cref="IResourceWithParent" />
/// <typeparam name="T">The parent's type.</typeparam>
public interface IResourceWithParent<out T> : IResourceWithParent
    where T : IResource
{
    /// <inheritdoc cref="IResourceWithParent.Parent" />
    new T Parent { get; }

    IResource IResourceWithParent.Parent => Parent;
}

/// <summary>A resource that is reached through a connection string.</summary>
public interface IResourceWithConnectionString : IResource, IValueProvider, IManifestExpressionProvider
{
    /// <summary>The connection string, resolved when the resource's endpoints are known.</summary>
    ReferenceExpression ConnectionStringExpression { get; }

    /// <summary>The variable that carries it, or <see langword="null"/> for <c>ConnectionStrings__{name}</c>.</summary>
    string? ConnectionStringEnvironmentVariable => null;

    /// <summary>The parts of the connection string, each also injected as <c>{NAME}_{PART}</c>.</summary>
    IEnumerable<KeyValuePair<string, ReferenceExpression>> GetConnectionProperties() => [];

    /// <summary>The connection string's value.</summary>
    ValueTask<string?> GetConnectionStringAsync(CancellationToken cancellationToken = default) =>
        ConnectionStringExpression.GetValueAsync(cancellationToken);

    ValueTask<string?> IValueProvider.GetValueAsync(CancellationToken cancellationToken) => GetConnectionStringAsync(cancellationToken);

    string IManifestExpressionProvider.ValueExpression => $"{{{Name}.connectionString}}";
}

/// <summary>Base of every resource.</summary>
/// <param name="name">See <see cref="IResource.Name"/>.</param>
public abstract class Resource(string name) : IResource
{
    /// <inheritdoc />
    public virtual string Name { get; } = name;

    /// <inheritdoc />
    public virtual ResourceAnnotationCollection Annotations { get; } = [];
}

/// <summary>A .NET project of the solution, run as its own process.</summary>
/// <param name="name">See <see cref="IResource.Name"/>.</param>
public class ProjectResource(string name)
    : Resource(name), IResourceWithEnvironment, IResourceWithServiceDiscovery, IResourceWithWaitSupport;

/// <summary>A resource that Aspire runs in a container. Offline there are none: such a resource runs as a process or not at all.</summary>
/// <param name="name">See <see cref="IResource.Name"/>.</param>
/// <param name="entrypoint">The container's entry point, unused offline.</param>
public class ContainerResource(string name, string? entrypoint = null)
    : Resource(name), IResourceWithEnvironment, IResourceWithEndpoints, IResourceWithWaitSupport
{
    /// <summary>The container's entry point, unused offline.</summary>
    public string? Entrypoint { get; set; } = entrypoint;
}

/// <summary>A connection string given in configuration, for something that runs elsewhere.</summary>
internal sealed class ConnectionStringResource(string name, ReferenceExpression value, string? environmentVariable)
    : Resource(name), IResourceWithConnectionString
{
    public ReferenceExpression ConnectionStringExpression => value;

    public string? ConnectionStringEnvironmentVariable => environmentVariable;
}
