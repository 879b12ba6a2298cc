using System.Globalization;
using System.Reflection;

namespace MasterX.AiGateway.Http;

/// <summary>
/// Lets what a socket brings be handled on the thread that was told of it, instead of being handed to the thread pool first. Worth it, because it saves the
/// wake-up of a thread per answer of a provider; safe, because nothing in the gateway blocks: a request is microseconds of work between two sends. Kestrel
/// still hands requests to the thread pool, which spreads them over the cores.
/// </summary>
internal static class InlineSockets
{
    /// <summary>Both are read once by <c>System.Net.Sockets</c>, when the process opens its first socket; whoever starts the process may set them otherwise.</summary>
    private const string InlineCompletions = "DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS", Threads = "DOTNET_SYSTEM_NET_SOCKETS_THREAD_COUNT";

    /// <summary>Does nothing where the gateway is a guest in the process, as in a test: they are settings of the whole process.</summary>
    public static void PreferInlineSockets(this WebApplicationBuilder _)
    {
        if (Assembly.GetEntryAssembly() == typeof(InlineSockets).Assembly && Environment.GetEnvironmentVariable(InlineCompletions) is null)
        {
            Environment.SetEnvironmentVariable(InlineCompletions, "1");

            // The other half of the cores is for the requests.
            Environment.SetEnvironmentVariable(Threads, Math.Max(1, Environment.ProcessorCount / 2).ToString(CultureInfo.InvariantCulture));
        }
    }
}
