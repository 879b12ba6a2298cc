using System.Net;
using MasterX.AiGateway.Limits;

namespace MasterX.AiGateway.Providers;

/// <summary>A configured provider at run time: how to speak to it, the connections to it, and the gate in front of it.</summary>
internal sealed class Provider : IDisposable
{
    private readonly SocketsHttpHandler _connections;

    public Provider(string name, ProviderOptions options, TimeProvider time)
    {
        Name = name;
        Options = options;
        Kind = options.Kind ?? "openai";
        Format = WireFormat.Of(Kind);
        BaseUrl = new Uri(options.BaseUrl!.TrimEnd('/') + "/");
        Authentication = string.IsNullOrEmpty(options.ApiKey) ? null : Format.Authentication(options.ApiKey);
        DropFields = options.DropFields.ToHashSet(StringComparer.Ordinal);
        Gate = new ProviderGate(options, time);
        _connections = new SocketsHttpHandler
        {
            ConnectTimeout = options.ConnectTimeout,
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            PooledConnectionIdleTimeout = TimeSpan.FromMinutes(1),
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false,
            AutomaticDecompression = DecompressionMethods.None,
            MaxResponseHeadersLength = 64,
            EnableMultipleHttp2Connections = true,

            // The gateway's own span covers the call; one more per attempt would cost more than the rest of the gateway.
            ActivityHeadersPropagator = null,
        };
        Http = new HttpMessageInvoker(_connections, disposeHandler: false);
    }

    public string Name { get; }

    public string Kind { get; }

    public ProviderOptions Options { get; }

    public WireFormat Format { get; }

    /// <summary>Ends with a slash.</summary>
    public Uri BaseUrl { get; }

    /// <summary>The header with the key, for a provider that has one.</summary>
    public (string Name, string Value)? Authentication { get; }

    public IReadOnlySet<string> DropFields { get; }

    public ProviderGate Gate { get; }

    public HttpMessageInvoker Http { get; }

    public void Dispose()
    {
        Http.Dispose();
        _connections.Dispose();
        Gate.Dispose();
    }
}
