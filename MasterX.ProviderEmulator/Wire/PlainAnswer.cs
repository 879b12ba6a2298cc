using System.Text;
using System.Text.Json.Nodes;
using MasterX.ProviderEmulator.Faults;

namespace MasterX.ProviderEmulator.Wire;

/// <summary>Writes an answer in one piece, with what the provider's fault wants to go wrong in it.</summary>
internal static class PlainAnswer
{
    public static async Task WriteAsync(HttpContext context, Fault? fault, JsonNode answer)
    {
        context.Response.ContentType = "application/json";
        if (fault is { InBandError: true })
        {
            await context.Response.WriteAsync("""{"error":{"message":"The server had an error while processing your request.","type":"server_error","code":500}}""", context.RequestAborted);
            return;
        }

        if (fault is { Malformed: true })
        {
            await context.Response.WriteAsync("<html><body>Bad gateway</body></html>", context.RequestAborted);
            return;
        }

        var bytes = Encoding.UTF8.GetBytes(answer.ToJsonString());
        context.Response.ContentLength = bytes.Length;
        if (fault?.CutAfter is not null)
        {
            await context.Response.Body.WriteAsync(bytes.AsMemory(0, bytes.Length / 2), context.RequestAborted);
            await context.Response.Body.FlushAsync(context.RequestAborted);
            context.Abort();
            return;
        }

        await context.Response.Body.WriteAsync(bytes, context.RequestAborted);
    }
}
