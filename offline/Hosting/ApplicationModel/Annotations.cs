using System.Net.Sockets;

namespace Aspire.Hosting.ApplicationModel;

/// <summary>An endpoint of a resource: what it is called, how it is spoken to, where it listens.</summary>
public sealed class EndpointAnnotation : IResourceAnnotation
{
    /// <summary>Describes an endpoint.</summary>
    /// <param name="protocol">TCP here.</param>
    /// <param name="uriScheme"><c>http</c>, <c>https</c>, <c>tcp</c>.</param>
    /// <param name="name">Unique in the resource; the scheme when not given.</param>
    /// <param name="port">The port callers use, 1 to 65535; a free one when not given.</param>
    /// <param name="targetPort">The port the process listens on, when it differs.</param>
    public EndpointAnnotation(ProtocolType protocol, string? uriScheme = null, string? name = null, int? port = null, int? targetPort = null)
    {
        Protocol = protocol;
        UriScheme = uriScheme ?? "tcp";
        Name = name ?? UriScheme;
        Port = port;
        TargetPort = targetPort;
    }

    /// <summary>TCP here.</summary>
    public ProtocolType Protocol { get; set; }

    /// <summary><c>http</c>, <c>https</c> or <c>tcp</c>.</summary>
    public string UriScheme { get; set; }

    /// <summary>Unique in the resource.</summary>
    public string Name { get; set; }

    /// <summary>The port callers use, 1 to 65535; <see langword="null"/> for a free one.</summary>
    public int? Port { get; set; }

    /// <summary>The port the process listens on, when it differs from <see cref="Port"/>.</summary>
    public int? TargetPort { get; set; }

    /// <summary>Whether the endpoint is reachable from outside when deployed.</summary>
    public bool IsExternal { get; set; }

    /// <summary>Where it listens, once the host has decided.</summary>
    internal AllocatedEndpoint? Allocated { get; set; }
}

/// <summary>Where an endpoint listens.</summary>
/// <param name="UriScheme">Scheme of <see cref="UriString"/>.</param>
/// <param name="Address">Host name.</param>
/// <param name="Port">1 to 65535.</param>
internal sealed record AllocatedEndpoint(string UriScheme, string Address, int Port)
{
    public string UriString => $"{UriScheme}://{Address}:{Port}";
}

/// <summary>Contributes environment variables when a resource starts.</summary>
/// <param name="callback">Fills <see cref="EnvironmentCallbackContext.EnvironmentVariables"/>.</param>
public sealed class EnvironmentCallbackAnnotation(Func<EnvironmentCallbackContext, Task> callback) : IResourceAnnotation
{
    /// <summary>Fills <see cref="EnvironmentCallbackContext.EnvironmentVariables"/>.</summary>
    public Func<EnvironmentCallbackContext, Task> Callback { get; } = callback;
}

/// <summary>What an environment callback sees.</summary>
/// <param name="executionContext">Run or publish.</param>
/// <param name="environmentVariables">The variables so far, by name.</param>
/// <param name="cancellationToken">Ends the collection.</param>
public class EnvironmentCallbackContext(
    DistributedApplicationExecutionContext executionContext,
    Dictionary<string, object>? environmentVariables = null,
    CancellationToken cancellationToken = default)
{
    /// <summary>For a resource.</summary>
    /// <param name="executionContext">Run or publish.</param>
    /// <param name="resource">Whose environment is collected.</param>
    /// <param name="environmentVariables">The variables so far, by name.</param>
    /// <param name="cancellationToken">Ends the collection.</param>
    public EnvironmentCallbackContext(
        DistributedApplicationExecutionContext executionContext, IResource resource, Dictionary<string, object>? environmentVariables = null, CancellationToken cancellationToken = default)
        : this(executionContext, environmentVariables, cancellationToken) => Resource = resource;

    /// <summary>Whose environment is collected, when that was said.</summary>
    public IResource? Resource { get; }

    /// <summary>By name: a <see cref="string"/> or an <see cref="IValueProvider"/>.</summary>
    public Dictionary<string, object> EnvironmentVariables { get; } = environmentVariables ?? [];

    /// <summary>Run or publish.</summary>
    public DistributedApplicationExecutionContext ExecutionContext { get; } = executionContext;

    /// <summary>Ends the collection.</summary>
    public CancellationToken CancellationToken { get; } = cancellationToken;
}

/// <summary>A resource to wait for before starting.</summary>
/// <param name="resource">What is waited for.</param>
/// <param name="waitType">Until when.</param>
public sealed class WaitAnnotation(IResource resource, WaitType waitType) : IResourceAnnotation
{
    /// <summary>What is waited for.</summary>
    public IResource Resource { get; } = resource;

    /// <summary>Until when.</summary>
    public WaitType WaitType { get; } = waitType;
}

/// <summary>Until when a resource waits for another.</summary>
public enum WaitType
{
    /// <summary>Until it runs and all its health checks pass.</summary>
    WaitUntilHealthy = 0,

    /// <summary>Until it has ended.</summary>
    WaitForCompletion = 1,

    /// <summary>Until its process runs.</summary>
    WaitUntilStarted = 2,
}

/// <summary>A health check of a resource.</summary>
/// <param name="key">Its unique name.</param>
public class HealthCheckAnnotation(string key) : IResourceAnnotation
{
    /// <summary>Its unique name, <c>{resource}_{endpoint}_{path}_{status}_check</c> for HTTP checks.</summary>
    public string Key { get; } = key;
}

/// <summary>A health check by HTTP GET.</summary>
internal sealed class HttpHealthCheckAnnotation(string key, EndpointReference endpoint, string path, int statusCode) : HealthCheckAnnotation(key)
{
    public EndpointReference Endpoint { get; } = endpoint;

    public string Path { get; } = path;

    public int StatusCode { get; } = statusCode;
}

/// <summary>How many processes of a project run.</summary>
/// <param name="replicas">1 or more.</param>
public sealed class ReplicaAnnotation(int replicas = 1) : IResourceAnnotation
{
    /// <summary>1 or more.</summary>
    public int Replicas { get; } = replicas;
}

/// <summary>Which variables <c>WithReference</c> injects.</summary>
[Flags]
public enum ReferenceEnvironmentInjectionFlags
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary><c>ConnectionStrings__{name}</c>.</summary>
    ConnectionString = 1,

    /// <summary><c>{NAME}_HOST</c> and the other parts of a connection string.</summary>
    ConnectionProperties = 2,

    /// <summary><c>services__{name}__{endpoint}__0</c>.</summary>
    ServiceDiscovery = 4,

    /// <summary><c>{NAME}_{ENDPOINT}</c>.</summary>
    Endpoints = 8,

    /// <summary>All of them.</summary>
    All = ConnectionString | ConnectionProperties | ServiceDiscovery | Endpoints,
}

/// <summary>Limits what the references added after it inject.</summary>
/// <param name="flags">Which variables.</param>
public sealed class ReferenceEnvironmentInjectionAnnotation(ReferenceEnvironmentInjectionFlags flags) : IResourceAnnotation
{
    /// <summary>Which variables.</summary>
    public ReferenceEnvironmentInjectionFlags Flags { get; } = flags;
}

/// <summary>A resource that another refers to.</summary>
/// <param name="resource">The other resource.</param>
/// <param name="type"><c>Reference</c>, <c>WaitFor</c> or <c>Parent</c>.</param>
public sealed class ResourceRelationshipAnnotation(IResource resource, string type) : IResourceAnnotation
{
    /// <summary>The other resource.</summary>
    public IResource Resource { get; } = resource;

    /// <summary><c>Reference</c>, <c>WaitFor</c> or <c>Parent</c>.</summary>
    public string Type { get; } = type;
}

/// <summary>A directory that outlives the process; a volume in Aspire.</summary>
internal sealed class DataVolumeAnnotation(string name) : IResourceAnnotation
{
    public string Name { get; } = name;
}

/// <summary>How long a container lives; offline every process lives as long as its host.</summary>
public enum ContainerLifetime
{
    /// <summary>As long as the AppHost.</summary>
    Session = 0,

    /// <summary>Beyond the AppHost.</summary>
    Persistent = 1,
}

/// <summary>A URL shown for a resource.</summary>
public sealed class ResourceUrlAnnotation : IResourceAnnotation
{
    /// <summary>Absolute, or relative to the endpoint.</summary>
    public required string Url { get; set; }

    /// <summary>What is shown in its place.</summary>
    public string? DisplayText { get; set; }

    /// <summary>The endpoint it belongs to.</summary>
    public EndpointReference? Endpoint { get; init; }
}

/// <summary>Shapes the URL of one endpoint when it is shown.</summary>
internal sealed class EndpointUrlAnnotation(string endpointName, Action<ResourceUrlAnnotation> callback) : IResourceAnnotation
{
    public string EndpointName { get; } = endpointName;

    public Action<ResourceUrlAnnotation> Callback { get; } = callback;
}
