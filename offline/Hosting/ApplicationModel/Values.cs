namespace Aspire.Hosting.ApplicationModel;

/// <summary>A value that is known once the composition runs.</summary>
public interface IValueProvider
{
    /// <summary>The value.</summary>
    ValueTask<string?> GetValueAsync(CancellationToken cancellationToken = default);
}

/// <summary>A value as a deployment manifest writes it.</summary>
public interface IManifestExpressionProvider
{
    /// <summary>For example <c>{api.bindings.http.url}</c>.</summary>
    string ValueExpression { get; }
}

/// <summary>A named endpoint of a resource, before or after it is known where it listens.</summary>
/// <param name="owner">The resource.</param>
/// <param name="endpointName">The endpoint's name.</param>
public sealed class EndpointReference(IResourceWithEndpoints owner, string endpointName) : IValueProvider, IManifestExpressionProvider
{
    /// <summary>The resource.</summary>
    public IResourceWithEndpoints Resource { get; } = owner;

    /// <summary>The endpoint's name.</summary>
    public string EndpointName { get; } = endpointName;

    /// <summary>Whether the resource declares the endpoint.</summary>
    public bool Exists => Find() is not null;

    /// <summary>Whether it is known where the endpoint listens.</summary>
    public bool IsAllocated => Find()?.Allocated is not null;

    /// <summary>Its declaration.</summary>
    /// <exception cref="InvalidOperationException">The resource declares no such endpoint.</exception>
    public EndpointAnnotation EndpointAnnotation => Find() ?? throw new InvalidOperationException(
        $"Resource '{Resource.Name}' has no endpoint '{EndpointName}'. Declare it in the applicationUrl of the project's Properties/launchSettings.json.");

    /// <summary>1 to 65535.</summary>
    public int Port => Allocated.Port;

    /// <summary>Host name.</summary>
    public string Host => Allocated.Address;

    /// <summary><c>http</c>, <c>https</c> or <c>tcp</c>.</summary>
    public string Scheme => EndpointAnnotation.UriScheme;

    /// <summary>For example <c>http://localhost:5080</c>.</summary>
    public string Url => Allocated.UriString;

    /// <inheritdoc />
    public string ValueExpression => $"{{{Resource.Name}.bindings.{EndpointName}.url}}";

    private AllocatedEndpoint Allocated => EndpointAnnotation.Allocated ?? throw new InvalidOperationException(
        $"The endpoint '{EndpointName}' of '{Resource.Name}' is not allocated yet: the application has not been started.");

    /// <summary>One part of the endpoint's address.</summary>
    public EndpointReferenceExpression Property(EndpointProperty property) => new(this, property);

    /// <inheritdoc />
    public ValueTask<string?> GetValueAsync(CancellationToken cancellationToken = default) => ValueTask.FromResult<string?>(Url);

    private EndpointAnnotation? Find() =>
        Resource.Annotations.OfType<EndpointAnnotation>().FirstOrDefault(e => string.Equals(e.Name, EndpointName, StringComparison.OrdinalIgnoreCase));
}

/// <summary>A part of an endpoint's address.</summary>
public enum EndpointProperty
{
    /// <summary><c>scheme://host:port</c>.</summary>
    Url,

    /// <summary>Host name.</summary>
    Host,

    /// <summary>IPv4 address.</summary>
    IPV4Host,

    /// <summary>Port.</summary>
    Port,

    /// <summary>Scheme.</summary>
    Scheme,

    /// <summary>Port the process listens on.</summary>
    TargetPort,

    /// <summary><c>host:port</c>.</summary>
    HostAndPort,
}

/// <summary>One part of an endpoint's address.</summary>
/// <param name="endpointReference">The endpoint.</param>
/// <param name="property">The part.</param>
public class EndpointReferenceExpression(EndpointReference endpointReference, EndpointProperty property) : IValueProvider, IManifestExpressionProvider
{
    /// <summary>The endpoint.</summary>
    public EndpointReference Endpoint { get; } = endpointReference;

    /// <summary>The part.</summary>
    public EndpointProperty Property { get; } = property;

    /// <inheritdoc />
    public string ValueExpression =>
        $"{{{Endpoint.Resource.Name}.bindings.{Endpoint.EndpointName}.{Property.ToString().ToLowerInvariant()}}}";

    /// <inheritdoc />
    public ValueTask<string?> GetValueAsync(CancellationToken cancellationToken = default) => ValueTask.FromResult<string?>(Property switch
    {
        EndpointProperty.Url => Endpoint.Url,
        EndpointProperty.Host => Endpoint.Host,
        EndpointProperty.IPV4Host => "127.0.0.1",
        EndpointProperty.Port or EndpointProperty.TargetPort => Invariant(Endpoint.Port),
        EndpointProperty.Scheme => Endpoint.Scheme,
        EndpointProperty.HostAndPort => $"{Endpoint.Host}:{Invariant(Endpoint.Port)}",
        _ => throw new InvalidOperationException($"The endpoint property '{Property}' is not known."),
    });

    private static string Invariant(int port) => port.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
