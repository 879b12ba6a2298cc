using Microsoft.Extensions.Configuration;

namespace MasterX.AppHost;

/// <summary>What the composition says of every service of ours.</summary>
internal static class ServiceExtensions
{
    /// <param name="service">The service.</param>
    /// <param name="title">Its address, as people read it in the dashboard.</param>
    /// <param name="replicas">How many processes.</param>
    public static IResourceBuilder<ProjectResource> AsMasterXService(this IResourceBuilder<ProjectResource> service, string title, int replicas = 1)
    {
#pragma warning disable ASPIRECERTIFICATES001 // They speak plain HTTP on loopback: without this the dashboard warns in red of a certificate that nobody needs.
        service.WithoutHttpsCertificate();
#pragma warning restore ASPIRECERTIFICATES001
        if (service.ApplicationBuilder.ExecutionContext.IsRunMode)
        {
            // On the way down the dashboard may be gone first; the default of 10 seconds would hold up every stop.
            service.WithEnvironment("OTEL_EXPORTER_OTLP_TIMEOUT", "1000");
        }

        if (HasFixedPorts(service.ApplicationBuilder) && CompositionSettings.PortOf(service.ApplicationBuilder.Configuration, service.Resource.Name) is { } port)
        {
            service.WithEndpoint("http", endpoint => endpoint.Port = port, createIfNotExists: false);
        }

        if (replicas == 1 && HasFixedPorts(service.ApplicationBuilder))
        {
            // Behind Aspire's proxy the callers of a service that has died are held, as the proxy goes on accepting. Without it they are refused.
            service.WithEndpoint("http", endpoint => endpoint.IsProxied = false, createIfNotExists: false);
        }

        return service.WithReplicas(replicas)
            .WithHttpHealthCheck("/health/ready")
            .WithUrlForEndpoint("http", url => (url.DisplayText, url.DisplayLocation) = (title, UrlDisplayLocation.DetailsOnly))
            .WithUrlForEndpoint("http", _ => new() { Url = "/metrics", DisplayText = "Metrics" });
    }

    /// <summary>Whether this run takes the ports that the settings or the launch profiles name. Tests do not, so that several can run at once.</summary>
    public static bool HasFixedPorts(this IDistributedApplicationBuilder builder) =>
        builder.ExecutionContext.IsRunMode && !builder.Configuration.GetValue<bool>("DcpPublisher:RandomizePorts");
}
