using System.Globalization;
using System.Reflection;
using Microsoft.AspNetCore.Builder;

namespace MasterX.ServiceDefaults.Http;

/// <summary>
/// Lets what a socket brings be handled on the thread that was told of it, instead of being handed to the thread pool first: it saves the
/// wake-up of a thread for every answer of another service. For services whose code between two awaits is microseconds, and never blocks.
/// What is large leaves the thread first: <see cref="SocketThread"/>. Kestrel still hands requests to the thread pool, which spreads them
/// over the cores.
/// </summary>
public static class InlineSockets
{
    /// <summary>
    /// Both are read once by <c>System.Net.Sockets</c>, when the process opens its first socket; whoever starts the process may set them
    /// otherwise.
    /// </summary>
    private const string InlineCompletions = "DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS", Threads = "DOTNET_SYSTEM_NET_SOCKETS_THREAD_COUNT";

    /// <summary>
    /// To be called before the first socket is opened. Does nothing where the service is a guest in the process, as in a test: they are
    /// settings of the whole process.
    /// </summary>
    public static WebApplicationBuilder PreferInlineSockets(this WebApplicationBuilder builder)
    {
        if (Assembly.GetEntryAssembly()?.GetName().Name == builder.Environment.ApplicationName && Environment.GetEnvironmentVariable(InlineCompletions) is null)
        {
            Environment.SetEnvironmentVariable(InlineCompletions, "1");

            // The other half of the cores is for the requests.
            Environment.SetEnvironmentVariable(Threads, Math.Max(1, Environment.ProcessorCount / 2).ToString(CultureInfo.InvariantCulture));
        }

        return builder;
    }
}
