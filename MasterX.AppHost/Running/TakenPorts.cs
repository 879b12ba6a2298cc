using System.Net;
using System.Net.Sockets;

namespace MasterX.AppHost;

/// <summary>
/// The ports that the composition would take and somebody has. Told before anything starts: a service or a dashboard that cannot bind ends with a page of its
/// own, and the rest would wait for it.
/// </summary>
internal static class TakenPorts
{
    private static readonly (string Variable, string Name)[] Dashboard =
    [
        ("ASPNETCORE_URLS", "the dashboard"),
        ("ASPIRE_DASHBOARD_OTLP_ENDPOINT_URL", "the dashboard's telemetry endpoint"),
        ("ASPIRE_DASHBOARD_OTLP_HTTP_ENDPOINT_URL", "the dashboard's telemetry endpoint"),
        ("ASPIRE_RESOURCE_SERVICE_ENDPOINT_URL", "the dashboard's resource service"),
    ];

    public static IEnumerable<string> Find(IDistributedApplicationBuilder builder)
    {
        var dashboard =
            from endpoint in Dashboard
            from url in builder.Configuration[endpoint.Variable]?.Split(';', StringSplitOptions.RemoveEmptyEntries) ?? []
            where Uri.TryCreate(url, UriKind.Absolute, out _)
            select (new Uri(url).Port, endpoint.Name, Instead: $"--{endpoint.Variable}=http://localhost:N");
        var services =
            from resource in builder.Resources
            from endpoint in resource.Annotations.OfType<EndpointAnnotation>()
            where endpoint.Port is not null
            select (endpoint.Port!.Value, resource.Name, Instead: $"--Ports:{resource.Name}=N");
        return dashboard.Concat(services).Where(wanted => IsTaken(wanted.Item1)).Select(wanted =>
            $"Port {wanted.Item1}, for {wanted.Name}, is taken. `ss -ltnp 'sport = :{wanted.Item1}'` tells by whom: stop that, or take another, {wanted.Instead}.");
    }

    private static bool IsTaken(int port) => !CanBind(IPAddress.Loopback, port) || (Socket.OSSupportsIPv6 && !CanBind(IPAddress.IPv6Loopback, port));

    private static bool CanBind(IPAddress address, int port)
    {
        using var listener = new TcpListener(address, port);
        try
        {
            listener.Start();
            return true;
        }
        catch (SocketException problem) when (problem.SocketErrorCode is not SocketError.AddressAlreadyInUse)
        {
            // No such address on this machine.
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
