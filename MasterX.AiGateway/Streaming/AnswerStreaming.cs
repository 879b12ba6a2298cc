using MasterX.AiGateway.Caching;
using MasterX.AiGateway.Requests;
using MasterX.AiGateway.Routing;
using MasterX.AiGateway.Telemetry;

namespace MasterX.AiGateway.Streaming;

/// <summary>
/// A streamed answer's way to the caller:
/// <code>
///  candidate ─ open ─ hold back until there is content ─┬─ failed: next candidate; none left: a clean error status
///                                                       └─ commit: headers, what was held back, then every event as it comes
///                                                            ├─ whole: usage, end mark, trailers
///                                                            └─ broke off ─┬─ the route resumes: next candidate, given the answer so far
///                                                                          └─ else an error event, and no end mark
/// </code>
/// </summary>
internal sealed partial class AnswerStreaming(Failover failover, Accounting accounting, Draining draining, GatewayMetrics metrics, ILogger<AnswerStreaming> logger)
{
    private const string BrokenOff = "stream_interrupted";

    /// <summary>Bytes after which even a provider that never pauses has its events passed on.</summary>
    private const int LargestWrite = 32 * 1024;

    /// <param name="context">The caller's.</param>
    /// <param name="plan">Whom to ask, and how long.</param>
    /// <param name="route">The request's.</param>
    /// <param name="request">The request.</param>
    /// <param name="recording">Receives the stream too, for others to follow; the call then goes on until they too have left.</param>
    /// <returns>What came of the request when nothing was sent to the caller; <see langword="null"/> once the stream has begun.</returns>
    public async Task<ModelResult?> AnswerAsync(HttpContext context, RequestPlan plan, ModelRoute route, ModelRequest request, StreamRecording? recording = null)
    {
        List<Attempt> attempts = [];
        var partial = route.Resume && request.Operation == Operation.Chat ? new PartialAnswer() : null;
        var (asked, next, begun) = (request, 0, false);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(recording?.Abandoned ?? context.RequestAborted, draining.Deadline);
        var audience = new StreamAudience(context, request.Operation, recording);
        try
        {
            while (true)
            {
                var opened = await failover.TryAsync(plan, next, asked, attempts, partial, begun, ending.Token);
                if (opened.Answer?.Stream is not { } stream)
                {
                    if (!begun)
                    {
                        return opened.Failure;
                    }

                    await audience.BreakOffAsync("The provider's stream broke off, and no other provider could go on with it.", BrokenOff);
                    return null;
                }

                var candidate = opened.Candidate!;
                using (stream)
                {
                    if (!begun)
                    {
                        audience.Begin(candidate, attempts, opened.Answer.Headers);
                        accounting.WritePrice(context.Response, candidate);
                        begun = true;
                    }

                    await RelayAsync(audience, stream, candidate.Provider.Options.IdleTimeout, ending.Token);
                    if (stream.State == StreamState.Done)
                    {
                        End(audience, candidate, asked, stream);
                        return null;
                    }

                    Interrupted(candidate, stream);
                    partial = stream.Frames.Partial;
                }

                if (partial is not { CanResume: true })
                {
                    await audience.BreakOffAsync("The provider's stream broke off.", BrokenOff);
                    return null;
                }

                (asked, next) = (request.ContinuedWith(partial.Text), opened.Next);
            }
        }
        catch (OperationCanceledException) when (draining.Deadline.IsCancellationRequested && !context.RequestAborted.IsCancellationRequested)
        {
            await (begun ? audience.BreakOffAsync("The gateway is shutting down.", "shutting_down") : Draining.RefuseAsync(context));
            return null;
        }
    }

    /// <summary>Passes the stream on until it ends; what its end brought is left for whoever ends it.</summary>
    private static async Task RelayAsync(StreamAudience audience, ProviderStream stream, TimeSpan idle, CancellationToken cancellationToken)
    {
        while (stream.State == StreamState.Open)
        {
            // No event is held back: what is ready is passed on as soon as there is nothing more to be read without waiting.
            var filling = stream.FillAsync(idle);
            if (stream.Ready.Length > 0 && (!filling.IsCompleted || stream.Ready.Length > LargestWrite))
            {
                try
                {
                    await audience.WriteAsync(stream.Ready.Memory, cancellationToken);
                }
                catch
                {
                    await stream.AbandonAsync(filling);
                    throw;
                }

                stream.Ready.Clear();
            }

            stream.TakeIn(await filling);
        }

        if (stream.State == StreamState.Failed && stream.Ready.Length > 0)
        {
            await audience.WriteAsync(stream.Ready.Memory, cancellationToken);
            stream.Ready.Clear();
        }
    }

    private void End(StreamAudience audience, Candidate candidate, ModelRequest request, ProviderStream stream)
    {
        var (frames, last) = (stream.Frames, stream.Ready);
        frames.Complete(last);
        audience.Recording?.Append(last.Memory);
        var usage = accounting.EndStream(audience.Response, candidate, frames.Usage, request, frames.Characters, last);
        var mark = last.Length;
        frames.WriteEnd(last);
        audience.Recording?.End(new RecordingEnd
        {
            Mark = last.Memory[mark..].ToArray(), Usage = usage, Filtered = frames.Incomplete || !frames.Said,
        });
        audience.WriteLast(last.Memory.Span);
        if (stream.Dropped > 0)
        {
            metrics.Dropped(candidate.Provider.Name, stream.Dropped);
            LogDropped(logger, candidate.Provider.Name, stream.Dropped);
        }
    }

    private void Interrupted(Candidate candidate, ProviderStream stream)
    {
        metrics.Interrupted(candidate.Provider.Name, stream.Failure.Outcome);
        LogInterrupted(logger, candidate.Provider.Name, candidate.Model, stream.Failure.Outcome.Name());
    }

    [LoggerMessage(22, LogLevel.Warning, "Provider {Provider} ({Model}) broke off its stream: {Outcome}")]
    private static partial void LogInterrupted(ILogger logger, string provider, string model, string outcome);

    [LoggerMessage(23, LogLevel.Warning, "Provider {Provider} sent {Count} events that cannot be parsed; they were dropped from a stream that was otherwise whole")]
    private static partial void LogDropped(ILogger logger, string provider, int count);
}
