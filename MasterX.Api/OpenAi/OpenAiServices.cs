using MasterX.Api.Ai;

namespace MasterX.Api.OpenAi;

/// <summary>Sets up the forwarding of <c>/v1</c>.</summary>
internal static class OpenAiServices
{
    public static void AddOpenAi(this WebApplicationBuilder builder)
    {
        builder.Services.AddHttpForwarder();

        // Two lines for every request would say nothing that the request's own line does not.
        builder.Logging.AddFilter("Yarp", LogLevel.Warning);
        builder.Services.AddSingleton<GatewayConnections>();
        builder.Services.AddSingleton<GatewayForwarder>();
        builder.Services.AddSingleton<AllowedModels>();
        var client = builder.Services.AddHttpClient(AiServices.ForwardingClientName)
            .ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler
            {
                UseProxy = false,
                UseCookies = false,
                AllowAutoRedirect = false,
                AutomaticDecompression = System.Net.DecompressionMethods.None,
                EnableMultipleHttp2Connections = true,
                ConnectTimeout = TimeSpan.FromSeconds(5),
                PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            })
            .SetHandlerLifetime(Timeout.InfiniteTimeSpan)
            .RemoveAllLoggers();
#pragma warning disable EXTEXP0001 // A forwarded call is not tried again, and not ended, by the one who forwards it.
        client.RemoveAllResilienceHandlers();
#pragma warning restore EXTEXP0001
    }
}
