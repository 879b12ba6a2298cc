using System.Buffers;
using System.Text.Json;
using MasterX.AiGateway.Chat;
using MasterX.AiGateway.Providers;
using MasterX.AiGateway.Routing;
using MasterX.AiGateway.Telemetry;

namespace MasterX.AiGateway.Streaming;

/// <summary>
/// A streamed answer's way to the caller:
/// <code>
///  candidate ─ open ─ hold back until there is content ─┬─ failed: next candidate; none left: a clean error status
///                                                       └─ commit: headers, what was held back, then every event as it comes
///                                                            ├─ whole: usage, [DONE], trailers
///                                                            └─ broke off ─┬─ the route resumes: next candidate, given the answer so far
///                                                                          └─ else an error event, and no [DONE]
/// </code>
/// </summary>
internal sealed partial class ChatStreaming(ChatFailover failover, ChatAccounting accounting, Draining draining, GatewayMetrics metrics, ILogger<ChatStreaming> logger)
{
    /// <returns>What came of the request when nothing was sent to the caller; <see langword="null"/> once the stream has begun.</returns>
    public async Task<ChatResult?> AnswerAsync(HttpContext context, ModelRoute route, ChatRequest request, AttemptClock clock)
    {
        List<Attempt> attempts = [];
        var plan = route.Plan();
        var partial = route.Resume ? new PartialAnswer() : null;
        var (asked, next, begun) = (request, 0, false);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, draining.Deadline);
        try
        {
            while (true)
            {
                var (candidate, stream, result) = await failover.OpenAsync(plan, next, asked, attempts, clock, partial, begun, ending.Token);
                if (stream is null)
                {
                    if (!begun)
                    {
                        return result;
                    }

                    await EndWithErrorAsync(context, "The provider's stream broke off, and no other provider could go on with it.", "stream_interrupted");
                    return null;
                }

                using (stream)
                {
                    if (!begun)
                    {
                        Begin(context, candidate!, attempts);
                        begun = true;
                    }

                    await RelayAsync(context, stream, candidate!.Provider.Options.IdleTimeout, ending.Token);
                    if (stream.State == StreamState.Done)
                    {
                        await EndAsync(context, candidate!, asked, stream, ending.Token);
                        return null;
                    }

                    await InterruptedAsync(candidate!, stream);
                }

                if (partial is not { CanResume: true })
                {
                    await EndWithErrorAsync(context, "The provider's stream broke off.", "stream_interrupted");
                    return null;
                }

                asked = request.ContinuedWith(partial.Text);
                next = IndexOf(plan, candidate!) + 1;
            }
        }
        catch (OperationCanceledException) when (!context.RequestAborted.IsCancellationRequested)
        {
            await (begun ? EndWithErrorAsync(context, "The gateway is shutting down.", "shutting_down") : Draining.RefuseAsync(context));
            return null;
        }
    }

    private static async Task RelayAsync(HttpContext context, ProviderStream stream, TimeSpan idle, CancellationToken cancellationToken)
    {
        var writer = context.Response.BodyWriter;
        while (true)
        {
            // What a read brought is passed on before the next is waited for: no event is held back.
            if (stream.Ready.Length > 0)
            {
                await writer.WriteAsync(stream.Ready.Memory, cancellationToken);
                stream.Ready.Clear();
            }

            if (stream.State != StreamState.Open)
            {
                return;
            }

            await stream.ReadAsync(idle);
        }
    }

    private static void Begin(HttpContext context, Candidate candidate, List<Attempt> attempts)
    {
        var response = context.Response;
        ChatAccounting.WriteAttempts(response, attempts);
        ChatAccounting.WriteCandidate(response, candidate.Provider.Name, candidate.Model, cached: false);
        response.ContentType = "text/event-stream";
        response.Headers.CacheControl = "no-cache";
        ChatAccounting.DeclareTrailers(response);
    }

    private async Task EndAsync(HttpContext context, Candidate candidate, ChatRequest request, ProviderStream stream, CancellationToken cancellationToken)
    {
        stream.Frames.Complete(stream.Ready);
        accounting.EndStream(context.Response, candidate, stream.Frames.Usage, request.Body.Length, stream.Frames.Characters, stream.Ready);
        stream.Ready.Write("data: [DONE]\n\n"u8);
        await context.Response.BodyWriter.WriteAsync(stream.Ready.Memory, cancellationToken);
        if (stream.Dropped > 0)
        {
            metrics.Dropped(candidate.Provider.Name, stream.Dropped);
            LogDropped(logger, candidate.Provider.Name, stream.Dropped);
        }
    }

    private async Task InterruptedAsync(Candidate candidate, ProviderStream stream)
    {
        await candidate.Provider.Gate.ReportAsync(stream.Failure);
        metrics.Interrupted(candidate.Provider.Name, stream.Failure);
        LogInterrupted(logger, candidate.Provider.Name, candidate.Model, stream.Failure.Name());
    }

    /// <summary>An error event as OpenAI sends one within a stream; the end mark is left out, so that nobody takes the answer for whole.</summary>
    private static async Task EndWithErrorAsync(HttpContext context, string message, string code)
    {
        using var buffer = new PooledBuffer(256);
        buffer.Write("data: "u8);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteStartObject("error");
            json.WriteString("message", message);
            json.WriteString("type", OpenAiError.Server);
            json.WriteNull("param");
            json.WriteString("code", code);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        buffer.Write("\n\n"u8);
        await context.Response.BodyWriter.WriteAsync(buffer.Memory, context.RequestAborted);
    }

    private static int IndexOf(IReadOnlyList<Candidate> plan, Candidate candidate)
    {
        var index = 0;
        while (!ReferenceEquals(plan[index], candidate))
        {
            index++;
        }

        return index;
    }

    [LoggerMessage(22, LogLevel.Warning, "Provider {Provider} ({Model}) broke off its stream: {Outcome}")]
    private static partial void LogInterrupted(ILogger logger, string provider, string model, string outcome);

    [LoggerMessage(23, LogLevel.Warning, "Provider {Provider} sent {Count} events that cannot be parsed; they were dropped from a stream that was otherwise whole")]
    private static partial void LogDropped(ILogger logger, string provider, int count);
}
