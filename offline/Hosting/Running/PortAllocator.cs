using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting.Running;

/// <summary>Decides where every endpoint listens: its declared port, or a free one.</summary>
internal static class PortAllocator
{
    /// <param name="resources">The composition.</param>
    /// <param name="dynamic">Whether declared ports are ignored, as under the testing builder.</param>
    /// <exception cref="DistributedApplicationException">Declared ports are taken; all of them are named.</exception>
    public static void Allocate(IEnumerable<IResource> resources, bool dynamic)
    {
        List<string> taken = [];
        HashSet<int> chosen = [];
        foreach (var resource in resources)
        {
            foreach (var endpoint in resource.Annotations.OfType<EndpointAnnotation>())
            {
                var port = dynamic ? null : endpoint.Port;
                if (port is { } declared && IsTaken(declared))
                {
                    taken.Add($"Port {declared}, which '{resource.Name}' wants, is in use. {Advice(resource, declared)}");
                }

                var listen = port ?? Free();
                while (!chosen.Add(listen))
                {
                    listen = Free();
                }

                endpoint.Allocated = new AllocatedEndpoint(endpoint.UriScheme, "localhost", listen);
            }
        }

        if (taken.Count > 0)
        {
            throw new DistributedApplicationException(string.Join(Environment.NewLine, taken));
        }
    }

    /// <summary>A port nobody listens on at this moment.</summary>
    public static int Free()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static string Advice(IResource resource, int port) => resource is ProjectResource
        ? $"Stop whoever listens there (`./masterx down` if it is MasterX; `ss -ltnp 'sport = :{port}'` tells), or change applicationUrl in {ProjectFolder(resource)}/Properties/launchSettings.json."
        : "Stop whoever listens there, or give the resource another port in AppHost.cs.";

    private static string ProjectFolder(IResource resource) =>
        resource.TryGetLastAnnotation<IProjectMetadata>(out var project) ? Path.GetFileName(Path.GetDirectoryName(project.ProjectPath))! : resource.Name;

    private static bool IsTaken(int port) =>
        IPGlobalProperties.GetIPGlobalProperties().GetActiveTcpListeners().Any(listener => listener.Port == port);
}
