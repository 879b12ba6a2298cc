using System.Text.Json.Nodes;
using MasterX.ProviderEmulator.Faults;

namespace MasterX.ProviderEmulator.Wire;

/// <summary>Writes server-sent events one by one, with what the provider's fault wants to go wrong between them.</summary>
/// <param name="context">The caller's.</param>
/// <param name="fault">What is to go wrong.</param>
/// <param name="named">Whether an event has its type as its name too, as those of responses have.</param>
internal sealed class Sse(HttpContext context, Fault? fault, bool named = false)
{
    private int _sent;

    public void Begin()
    {
        context.Response.ContentType = "text/event-stream";
        context.Response.Headers.CacheControl = "no-cache";
    }

    /// <returns>Whether the stream goes on.</returns>
    public async Task<bool> SendAsync(JsonNode data)
    {
        if (fault?.CutAfter == _sent)
        {
            await context.Response.Body.FlushAsync(context.RequestAborted);
            context.Abort();
            return false;
        }

        if (fault?.StallAfter == _sent)
        {
            await FaultMiddleware.WaitForEverAsync(context);
            return false;
        }

        if (fault is { Malformed: true } && _sent == 1)
        {
            await WriteAsync("{\"choices\":[{\"delta\":");
        }

        if (fault is { InBandError: true } && _sent == 1)
        {
            await WriteAsync("""{"error":{"message":"The server had an error while processing your request.","type":"server_error","code":500}}""");
            return false;
        }

        if (named)
        {
            await context.Response.WriteAsync($"event: {data["type"]}\n", context.RequestAborted);
        }

        await WriteAsync(data.ToJsonString());
        _sent++;
        if (fault?.TrickleMs is { } pause)
        {
            await Task.Delay(pause, context.RequestAborted);
        }

        return true;
    }

    public Task WriteAsync(string data) => FlushedAsync($"data: {data}\n\n");

    private async Task FlushedAsync(string text)
    {
        await context.Response.WriteAsync(text, context.RequestAborted);
        await context.Response.Body.FlushAsync(context.RequestAborted);
    }
}
