using System.Buffers;
using System.Text.Json;
using MasterX.AiGateway.Caching;
using MasterX.AiGateway.Providers;
using MasterX.AiGateway.Requests;
using MasterX.AiGateway.Routing;

namespace MasterX.AiGateway.Streaming;

/// <summary>Those a stream is given to: its caller, and the followers of its recording, if it has one.</summary>
internal sealed class StreamAudience(HttpContext context, Operation operation, StreamRecording? recording)
{
    public HttpResponse Response => context.Response;

    public StreamRecording? Recording => recording;

    /// <summary>Sends the headers with the first events, not before.</summary>
    public void Begin(Candidate candidate, IReadOnlyList<Attempt> attempts, ProviderHeaders headers)
    {
        WriteHeaders(Response, candidate.Provider.Name, candidate.Model, attempts, cached: false);
        Accounting.PassHeaders(Response, headers);
        recording?.Begin(candidate.Provider.Name, candidate.Model);
    }

    public static void WriteHeaders(HttpResponse response, string provider, string model, IReadOnlyList<Attempt> attempts, bool cached)
    {
        Accounting.WriteAttempts(response, attempts);
        Accounting.WriteCandidate(response, provider, model, cached);
        response.ContentType = "text/event-stream";
        response.Headers.CacheControl = "no-cache";
        Accounting.DeclareTrailers(response);
    }

    public async ValueTask WriteAsync(ReadOnlyMemory<byte> events, CancellationToken cancellationToken)
    {
        recording?.Append(events);
        if (IsThere)
        {
            await Response.BodyWriter.WriteAsync(events, cancellationToken);
        }
    }

    /// <summary>The end of the stream, for the caller alone: the accounting is each follower's own. It is sent together with the end of the response.</summary>
    public void WriteLast(ReadOnlySpan<byte> events)
    {
        if (IsThere)
        {
            Response.BodyWriter.Write(events);
        }
    }

    /// <summary>A caller who has left while others follow is written to no more.</summary>
    private bool IsThere => recording is null || !context.RequestAborted.IsCancellationRequested;

    /// <summary>Ends the stream with an error event as OpenAI sends one; the end mark is left out, so that nobody takes the answer for whole.</summary>
    public async Task BreakOffAsync(string message, string code)
    {
        recording?.End(new RecordingEnd { Error = (message, code) });
        await WriteErrorAsync(Response, operation, message, code, context.RequestAborted);
    }

    public static async Task WriteErrorAsync(HttpResponse response, Operation operation, string message, string code, CancellationToken cancellationToken)
    {
        using var buffer = new PooledBuffer(256);
        buffer.Write(operation == Operation.Responses ? "event: error\ndata: "u8 : "data: "u8);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            if (operation == Operation.Responses)
            {
                // https://platform.openai.com/docs/api-reference/responses-streaming/error
                json.WriteString("type", "error");
                json.WriteString("code", code);
                json.WriteString("message", message);
                json.WriteNull("param");
            }
            else
            {
                json.WriteStartObject("error");
                json.WriteString("message", message);
                json.WriteString("type", OpenAiError.Server);
                json.WriteNull("param");
                json.WriteString("code", code);
                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        buffer.Write("\n\n"u8);
        await response.BodyWriter.WriteAsync(buffer.Memory, cancellationToken);
    }
}
