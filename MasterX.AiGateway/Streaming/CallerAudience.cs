using System.Buffers;
using MasterX.AiGateway.Providers;
using MasterX.AiGateway.Requests;
using MasterX.AiGateway.Routing;

namespace MasterX.AiGateway.Streaming;

/// <summary>The one caller a stream is made for. What it does not read, the provider has to keep.</summary>
internal sealed class CallerAudience(HttpContext context, Operation operation, Accounting accounting) : StreamAudience
{
    public override CancellationToken Gone => context.RequestAborted;

    public override void Begin(Candidate candidate, IReadOnlyList<Attempt> attempts, ProviderHeaders headers)
    {
        WriteHeaders(context.Response, candidate.Provider.Name, candidate.Model, attempts, cached: false);
        Accounting.PassHeaders(context.Response, headers);
        accounting.WritePrice(context.Response, candidate);
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> events, CancellationToken cancellationToken) =>
        await context.Response.BodyWriter.WriteAsync(events, cancellationToken);

    public override ValueTask EndAsync(StreamBill bill, StreamFrames frames, PooledBuffer last, CancellationToken cancellationToken)
    {
        Accounting.EndStream(context.Response, bill, last);
        frames.WriteEnd(last);

        // Sent together with the end of the response.
        context.Response.BodyWriter.Write(last.Span);
        return ValueTask.CompletedTask;
    }

    public override Task BreakOffAsync(string message, string code) =>
        WriteErrorAsync(context.Response, operation, message, code, context.RequestAborted);

    public override Task RefuseAsync() => Draining.RefuseAsync(context);

    /// <summary>The headers of a streamed answer, which are sent with the first events and not before.</summary>
    public static void WriteHeaders(HttpResponse response, string provider, string model, IReadOnlyList<Attempt> attempts, bool cached)
    {
        Accounting.WriteAttempts(response, attempts);
        Accounting.WriteCandidate(response, provider, model, cached);
        response.ContentType = "text/event-stream";
        response.Headers.CacheControl = "no-cache";
        Accounting.DeclareTrailers(response);
    }

    /// <summary>Writes an error event as the API sends one that the caller speaks.</summary>
    public static async Task WriteErrorAsync(
        HttpResponse response, Operation operation, string message, string code, CancellationToken cancellationToken)
    {
        using var buffer = new PooledBuffer(256);
        buffer.Write(operation == Operation.Chat ? "data: "u8 : "event: error\ndata: "u8);
        if (operation.IsAnthropic)
        {
            AnthropicError.WriteEvent(buffer, message, code);
        }
        else
        {
            OpenAiError.WriteEvent(buffer, operation, message, code);
        }

        buffer.Write("\n\n"u8);
        await response.BodyWriter.WriteAsync(buffer.Memory, cancellationToken);
    }
}
