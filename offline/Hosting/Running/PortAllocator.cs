using System.Net.NetworkInformation;
using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting.Running;

/// <summary>Decides where every endpoint listens: its declared port, or a free one.</summary>
internal static class PortAllocator
{
    private static readonly HashSet<int> HandedOut = [];

    /// <param name="resources">The composition.</param>
    /// <param name="dynamic">Whether declared ports are ignored, as under the testing builder.</param>
    /// <exception cref="DistributedApplicationException">Declared ports are taken; all of them are named.</exception>
    public static void Allocate(IEnumerable<IResource> resources, bool dynamic)
    {
        List<string> taken = [];
        foreach (var resource in resources)
        {
            foreach (var endpoint in resource.Annotations.OfType<EndpointAnnotation>())
            {
                var port = dynamic ? null : endpoint.Port;
                if (port is { } declared && IsTaken(declared))
                {
                    taken.Add($"Port {declared}, which '{resource.Name}' wants, is in use. {Advice(resource, declared)}");
                }

                endpoint.Allocated = new AllocatedEndpoint(endpoint.UriScheme, "localhost", port ?? Free());
            }
        }

        if (taken.Count > 0)
        {
            throw new DistributedApplicationException(string.Join(Environment.NewLine, taken));
        }
    }

    /// <summary>
    /// A port nobody listens on at this moment, and that this process hands out once. It lies below the range from which systems take ports for outgoing
    /// connections (32768 and up), so that none of those takes it before its service listens.
    /// </summary>
    public static int Free()
    {
        while (true)
        {
            var port = Random.Shared.Next(18_000, 32_000);
            lock (HandedOut)
            {
                if (HandedOut.Add(port) && !IsTaken(port))
                {
                    return port;
                }
            }
        }
    }

    private static string Advice(IResource resource, int port) => resource is ProjectResource
        ? $"Stop whoever listens there (`./masterx down` if it is MasterX; `ss -ltnp 'sport = :{port}'` tells), or change applicationUrl in {ProjectFolder(resource)}/Properties/launchSettings.json."
        : "Stop whoever listens there, or give the resource another port in AppHost.cs.";

    private static string ProjectFolder(IResource resource) =>
        resource.TryGetLastAnnotation<IProjectMetadata>(out var project) ? Path.GetFileName(Path.GetDirectoryName(project.ProjectPath))! : resource.Name;

    private static bool IsTaken(int port) =>
        IPGlobalProperties.GetIPGlobalProperties().GetActiveTcpListeners().Any(listener => listener.Port == port);
}
