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
internal sealed partial class AnswerStreaming(Failover failover, Draining draining, GatewayMetrics metrics, ILogger<AnswerStreaming> logger)
{
    private const string BrokenOff = "stream_interrupted";

    /// <summary>Bytes after which even a provider that never pauses has its events passed on.</summary>
    private const int LargestWrite = 32 * 1024;

    /// <param name="audience">Those it is given to; the call goes on until they have left.</param>
    /// <param name="plan">Whom to ask, and how long.</param>
    /// <param name="route">The request's.</param>
    /// <param name="request">The request.</param>
    /// <returns>What came of the request when nothing was sent to the caller; <see langword="null"/> once the stream has begun.</returns>
    public async Task<ModelResult?> AnswerAsync(StreamAudience audience, RequestPlan plan, ModelRoute route, ModelRequest request)
    {
        List<Attempt> attempts = [];
        request.Record.Attempts = attempts;
        var partial = route.Resume ? new PartialAnswer() : null;
        var (asked, next, begun) = (request, 0, false);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(audience.Gone, draining.Deadline);
        try
        {
            while (true)
            {
                var opened = await failover.TryAsync(plan, next, asked, attempts, partial, ending.Token);
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
                request.Record.Ignored = Accounting.Union(request.Record.Ignored, opened.Answer.Headers.Ignored);
                ModelRequest? rest;
                using (stream)
                {
                    if (begun)
                    {
                        audience.GoOn(candidate, opened.Answer.Headers);
                    }
                    else
                    {
                        audience.Begin(candidate, attempts, opened.Answer.Headers);
                        begun = true;
                    }

                    await RelayAsync(audience, stream, candidate.Provider.Options.IdleTimeout, ending.Token);
                    if (stream.State == StreamState.Done)
                    {
                        await EndAsync(audience, candidate, request, stream, ending.Token);
                        return null;
                    }

                    Interrupted(candidate, stream);

                    // What was told as a success when the stream began was none after all.
                    var told = attempts.FindLastIndex(attempt => attempt.Outcome == AttemptOutcome.Success);
                    attempts[told] = attempts[told] with { Outcome = stream.Failure.Outcome };
                    partial = stream.Frames.Partial;

                    rest = route.Resume ? BrokenAnswer.GoOn(request, stream.Frames) : null;
                }

                if (rest is null)
                {
                    await audience.BreakOffAsync("The provider's stream broke off.", BrokenOff);
                    return null;
                }

                (asked, next) = (rest, opened.Next);
            }
        }
        catch (OperationCanceledException) when (draining.Deadline.IsCancellationRequested && !audience.Gone.IsCancellationRequested)
        {
            await (begun ? audience.BreakOffAsync("The gateway is shutting down.", "shutting_down") : audience.RefuseAsync());
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

            var filled = await filling;
            await stream.LeaveSocketThread();
            stream.TakeIn(filled);
        }

        if (stream.State == StreamState.Failed && stream.Ready.Length > 0)
        {
            await audience.WriteAsync(stream.Ready.Memory, cancellationToken);
            stream.Ready.Clear();
        }
    }

    private async ValueTask EndAsync(
        StreamAudience audience, Candidate candidate, ModelRequest request, ProviderStream stream, CancellationToken cancellationToken)
    {
        var (frames, last) = (stream.Frames, stream.Ready);
        var isTold = frames.TryComplete(last);

        // Spent, whatever can be told of it.
        stream.Settle();
        await (isTold
            ? audience.EndAsync(request.Record.Total!, frames, last, cancellationToken).AsTask()
            : audience.BreakOffAsync("The provider's answer ends with something that cannot be said in the format of the request.", BrokenOff));
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
