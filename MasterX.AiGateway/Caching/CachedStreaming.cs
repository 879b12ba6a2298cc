using System.Buffers;
using System.Runtime.ExceptionServices;
using MasterX.AiGateway.Calls;
using MasterX.AiGateway.Requests;
using MasterX.AiGateway.Routing;
using MasterX.AiGateway.Streaming;

namespace MasterX.AiGateway.Caching;

/// <summary>
/// Streams of requests whose answers are kept: replayed; or followed while they are made. Whoever asks first has the recording made, and
/// then follows it like everybody else.
/// </summary>
internal sealed partial class CachedStreaming(
    AnswerCache cache, StreamRecordings recordings, AnswerStreaming streaming, GatewayConfiguration configuration, TimeProvider time,
    ILogger<CachedStreaming> logger)
{
    /// <summary>Bytes after which even a follower who has much to catch up with is written to.</summary>
    private const int LargestWrite = 32 * 1024;

    /// <returns>What came of the request when nothing was sent to the caller; <see langword="null"/> once the stream has begun.</returns>
    public async Task<ModelResult?> AnswerAsync(HttpContext context, RequestPlan plan, ModelRoute route, ModelRequest request, string key, TimeSpan lifetime)
    {
        if (cache.FindStream(key) is { } kept)
        {
            await ReplayAsync(context, kept);
            return null;
        }

        if (recordings.Join(key) is not var (recording, follower))
        {
            await using var audience = new CallerAudience(context, request.Operation, time, configuration.Options.KeepAlive);
            return await streaming.AnswerAsync(audience, plan, route, request);
        }

        try
        {
            if (follower.IsFirst)
            {
                // A like one may have ended between the look and the joining, or at another replica.
                if ((cache.FindStream(key) ?? await cache.FindSharedStreamAsync(key)) is { } meanwhile)
                {
                    recordings.Close(key, recording);
                    recording.End(new RecordingEnd { Kept = meanwhile });
                }
                else
                {
                    _ = RecordAsync(plan, route, request, recording, key, lifetime);
                }
            }

            return await FollowAsync(context, request.Operation, recording, follower);
        }
        finally
        {
            recording.Leave(follower);
        }
    }

    /// <summary>Makes a recording. Whatever goes wrong is told to those who follow it.</summary>
    private async Task RecordAsync(
        RequestPlan plan, ModelRoute route, ModelRequest request, StreamRecording recording, string key, TimeSpan lifetime)
    {
        // The first caller may leave while others follow.
        var held = request.Body.Hold();
        request.Record.Hold();
        try
        {
            var audience = new RecordingAudience(recording, whole => cache.Keep(key, whole, lifetime));
            if (await streaming.AnswerAsync(audience, plan, route, request) is { } failed)
            {
                recording.End(new RecordingEnd { Failure = failed });
            }
        }
        catch (OperationCanceledException) when (recording.Abandoned.IsCancellationRequested)
        {
            // Nobody is left.
        }
        catch (Exception fault)
        {
            // The boundary of the call: whoever follows throws it on, to be logged and answered as a fault of its own request.
            recording.End(new RecordingEnd { Fault = fault });
        }
        finally
        {
            recordings.Close(key, recording);
            held.LetGo();
            request.Record.LetGo();
        }
    }

    private async Task<ModelResult?> FollowAsync(
        HttpContext context, Operation operation, StreamRecording recording, StreamFollower follower)
    {
        var response = context.Response;
        using var leaving = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, follower.CutOff);
        try
        {
            RecordingAuthor? begun = null;
            var commented = false;
            while (true)
            {
                var news = await NextAsync(response, recording, follower, leaving.Token);
                if (news.Author is { } author)
                {
                    (begun, commented) = (author, response.HasStarted);
                    if (!commented)
                    {
                        Begin(response, author, follower.IsFirst);
                    }
                }
                else if (news.End is not { } end)
                {
                    await WriteAsync(response, recording, follower, news.Events, leaving.Token);
                }
                else
                {
                    return await EndAsync(context, operation, end, follower.IsFirst, begun, commented);
                }
            }
        }
        catch (OperationCanceledException) when (follower.CutOff.IsCancellationRequested && !context.RequestAborted.IsCancellationRequested)
        {
            // An error event would not be read either: the connection ends, and with it the answer, visibly before its end.
            LogCutOff(logger, StreamRecording.MostBehind);
            context.Abort();
            return null;
        }
    }

    /// <summary>What comes next; while nothing does, the caller hears a comment every so often.</summary>
    private async ValueTask<RecordingNews> NextAsync(HttpResponse response, StreamRecording recording, StreamFollower follower, CancellationToken cancellationToken)
    {
        var next = recording.NextAsync(follower, cancellationToken);
        if (next.IsCompleted || configuration.Options.KeepAlive is not { Ticks: > 0 } period)
        {
            return await next;
        }

        var coming = next.AsTask();
        while (true)
        {
            try
            {
                return await coming.WaitAsync(period, time, cancellationToken);
            }
            catch (TimeoutException)
            {
                await CallerAudience.WriteCommentAsync(response, cancellationToken);
            }
        }
    }

    private static void Begin(HttpResponse response, RecordingAuthor author, bool isFirst)
    {
        var candidate = author.Candidate;
        CallerAudience.WriteHeaders(response, candidate.Provider.Name, candidate.Model, isFirst ? author.Attempts : [], cached: !isFirst);
        Accounting.WriteIgnored(response, author.Headers.Ignored);
        if (isFirst)
        {
            Accounting.PassHeaders(response, author.Headers);
        }
    }

    /// <summary>Writes events, and what has come behind them meanwhile.</summary>
    private static async Task WriteAsync(
        HttpResponse response, StreamRecording recording, StreamFollower follower, ReadOnlyMemory<byte> events,
        CancellationToken cancellationToken)
    {
        response.BodyWriter.Write(events.Span);
        for (var written = events.Length; written < LargestWrite && recording.TryNextEvents(follower) is { } more; written += more.Length)
        {
            response.BodyWriter.Write(more);
        }

        await response.BodyWriter.FlushAsync(cancellationToken);
    }

    /// <param name="context">The caller's.</param>
    /// <param name="operation">What was asked for.</param>
    /// <param name="end">How the recording ended.</param>
    /// <param name="isFirst">Whether it was made for this caller.</param>
    /// <param name="begun">Who has answered, once that is known.</param>
    /// <param name="commented">Whether a comment had sent the headers by then, so that they do not tell.</param>
    private static async Task<ModelResult?> EndAsync(
        HttpContext context, Operation operation, RecordingEnd end, bool isFirst, RecordingAuthor? begun, bool commented)
    {
        switch (end)
        {
            case { Fault: { } fault }:
                ExceptionDispatchInfo.Throw(fault);
                return null;
            case { Kept: { } kept }:
                await ReplayAsync(context, kept);
                return null;
            case { IsShutdown: true }:
                await (context.Response.HasStarted
                    ? CallerAudience.WriteErrorAsync(context.Response, operation, "The gateway is shutting down.", "shutting_down", context.RequestAborted)
                    : Draining.RefuseAsync(context));
                return null;
            case { Bill: { } bill } when begun is not null:
                var isToldHere = commented || end.Last is not null;
                EndWhole(
                    context.Response, isFirst ? bill : bill.Paid, end.Mark, isToldHere && isFirst ? end.Attempts : [],
                    isToldHere ? Accounting.Union(commented ? begun.Headers.Ignored : null, end.Last?.Ignored) : null);
                return null;
            case { Error: var (message, code) } when begun is not null:
                await CallerAudience.WriteErrorAsync(context.Response, operation, message, code, context.RequestAborted);
                return null;
            case { Failure: { } failure } when begun is null:
                return failure;
            default:
                throw new InvalidOperationException("A recording ended in a way its followers cannot be told.");
        }
    }

    private static async Task ReplayAsync(HttpContext context, KeptStream kept)
    {
        var response = context.Response;
        if (!response.HasStarted)
        {
            CallerAudience.WriteHeaders(response, kept.Provider, kept.Model, [], cached: true);
            Accounting.WriteIgnored(response, kept.Ignored);
        }

        var rest = kept.Events.AsMemory();
        for (; rest.Length > LargestWrite; rest = rest[LargestWrite..])
        {
            await response.BodyWriter.WriteAsync(rest[..LargestWrite], context.RequestAborted);
        }

        response.BodyWriter.Write(rest.Span);
        EndWhole(response, kept.Bill.Paid, kept.End);
    }

    /// <summary>The end of a stream is sent together with the end of the response.</summary>
    private static void EndWhole(
        HttpResponse response, Bill bill, byte[] mark, IReadOnlyList<Attempt>? attempts = null, IReadOnlyList<string>? ignored = null)
    {
        Accounting.EndStream(response, bill, attempts, ignored);
        response.BodyWriter.Write(mark);
    }

    [LoggerMessage(24, LogLevel.Warning, "A caller was cut off that kept others of its stream waiting, {Bytes} bytes behind them")]
    private static partial void LogCutOff(ILogger logger, int bytes);
}
