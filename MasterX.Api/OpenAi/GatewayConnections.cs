using MasterX.Api.Ai;

namespace MasterX.Api.OpenAi;

/// <summary>The connections that calls are forwarded over: found by service discovery, without retries, buffers or time limits of their own.</summary>
internal sealed class GatewayConnections(IHttpMessageHandlerFactory handlers) : IDisposable
{
    public HttpMessageInvoker Invoker { get; } = new(handlers.CreateHandler(AiServices.ForwardingClientName), disposeHandler: false);

    public void Dispose() => Invoker.Dispose();
}
