using System.Net.Sockets;
using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting.Running;

/// <summary>Asks a resource whether it is healthy: its HTTP checks, or for a server without one, whether it accepts connections.</summary>
internal sealed class HealthProbe(IHttpClientFactory clients)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    /// <param name="resource">The resource.</param>
    /// <param name="replicas">Where each replica listens, when there are several: all of them have to be healthy.</param>
    /// <param name="cancellationToken">Ends the probe.</param>
    /// <returns><see langword="null"/> when healthy, else why not, in one line.</returns>
    public async Task<string?> ProbeAsync(IResource resource, IReadOnlyList<Uri> replicas, CancellationToken cancellationToken)
    {
        foreach (var check in resource.Annotations.OfType<HttpHealthCheckAnnotation>())
        {
            foreach (var address in replicas.Count > 0 ? replicas : [new Uri(check.Endpoint.Url)])
            {
                if (await ProbeHttpAsync(check, address, cancellationToken) is { } problem)
                {
                    return problem;
                }
            }
        }

        return resource is MongoDBServerResource server ? await ProbeTcpAsync(server.PrimaryEndpoint, cancellationToken) : null;
    }

    private async Task<string?> ProbeHttpAsync(HttpHealthCheckAnnotation check, Uri address, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Limit);
        try
        {
            using var client = clients.CreateClient();
            using var answer = await client.GetAsync(new Uri(address, check.Path), limit.Token);
            return (int)answer.StatusCode == check.StatusCode ? null : $"{check.Path} answers {(int)answer.StatusCode}";
        }
        catch (Exception error) when (error is HttpRequestException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            return $"{check.Path} does not answer";
        }
    }

    private static async Task<string?> ProbeTcpAsync(EndpointReference endpoint, CancellationToken cancellationToken)
    {
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync(endpoint.Host, endpoint.Port, cancellationToken);
            return null;
        }
        catch (SocketException)
        {
            return $"port {endpoint.Port} does not accept connections";
        }
    }
}
