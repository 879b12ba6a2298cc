using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace MasterX.Tests.Hosts;

/// <summary>Ports that nobody had a moment ago, for a process that has to be told its own.</summary>
internal static class FreePorts
{
    public static IReadOnlyList<string> Take(int count)
    {
        var listeners = Enumerable.Range(0, count).Select(_ => new TcpListener(IPAddress.Loopback, 0)).ToList();
        listeners.ForEach(listener => listener.Start());
        var ports = listeners.ConvertAll(listener => ((IPEndPoint)listener.LocalEndpoint).Port.ToString(CultureInfo.InvariantCulture));
        listeners.ForEach(listener => listener.Dispose());
        return ports;
    }
}
