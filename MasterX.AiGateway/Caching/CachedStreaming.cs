using System.Buffers;
using MasterX.AiGateway.Requests;
using MasterX.AiGateway.Routing;
using MasterX.AiGateway.Streaming;

namespace MasterX.AiGateway.Caching;

/// <summary>Streams of requests whose answers are kept: replayed, followed while another caller's is being made, or made and recorded.</summary>
internal sealed class CachedStreaming(AnswerCache cache, AnswerStreaming streaming)
{
    /// <returns>What came of the request when nothing was sent to the caller; <see langword="null"/> once the stream has begun.</returns>
    public async Task<ModelResult?> AnswerAsync(HttpContext context, RequestPlan plan, ModelRoute route, ModelRequest request, string key, TimeSpan lifetime)
    {
        if (await cache.FindStreamAsync(key, context.RequestAborted) is { } kept)
        {
            await ReplayAsync(context, kept);
            return null;
        }

        var recording = cache.Join(key, out var isNew);
        var membership = new Membership(recording);
        using var leaving = context.RequestAborted.UnsafeRegister(static member => ((Membership)member!).End(), membership);
        try
        {
            return isNew
                ? await RecordAsync(context, plan, route, request, recording, key, lifetime)
                : await FollowAsync(context, request.Operation, recording);
        }
        finally
        {
            membership.End();
        }
    }

    private async Task<ModelResult?> RecordAsync(
        HttpContext context, RequestPlan plan, ModelRoute route, ModelRequest request, StreamRecording recording, string key, TimeSpan lifetime)
    {
        var failure = ModelResult.Failed([], null);
        try
        {
            if (await streaming.AnswerAsync(context, plan, route, request, recording) is not { } failed)
            {
                return null;
            }

            return failure = failed;
        }
        finally
        {
            // Says something only where the stream has not ended by itself.
            recording.End(new RecordingEnd { Failure = failure, Error = ("The provider's stream broke off.", "stream_interrupted") });
            await cache.CloseAsync(key, recording, lifetime);
            recording.Dispose();
        }
    }

    private static async Task<ModelResult?> FollowAsync(HttpContext context, Operation operation, StreamRecording recording)
    {
        var (response, seen, begun) = (context.Response, 0, false);
        while (true)
        {
            var (part, end, author) = await recording.NextAsync(seen, begun, context.RequestAborted);
            if (part is not null)
            {
                await response.BodyWriter.WriteAsync(part, context.RequestAborted);
                seen++;
            }
            else if (end is null)
            {
                StreamAudience.WriteHeaders(response, author!.Value.Provider, author.Value.Model, [], cached: true);
                begun = true;
            }
            else if (!begun)
            {
                return end.Failure;
            }
            else if (end.Error is { } error)
            {
                await StreamAudience.WriteErrorAsync(response, operation, error.Message, error.Code, context.RequestAborted);
                return null;
            }
            else
            {
                await EndAsync(context, new PooledBuffer(256), end.Usage, end.Mark);
                return null;
            }
        }
    }

    private static Task ReplayAsync(HttpContext context, KeptStream kept)
    {
        StreamAudience.WriteHeaders(context.Response, kept.Provider, kept.Model, [], cached: true);
        var last = new PooledBuffer(kept.Events.Length + 256);
        last.Write(kept.Events.Span);
        return EndAsync(context, last, kept.Usage, kept.End);
    }

    private static async Task EndAsync(HttpContext context, PooledBuffer last, Telemetry.TokenUsage? usage, ReadOnlyMemory<byte> mark)
    {
        using (last)
        {
            Accounting.EndKeptStream(context.Response, usage, last);
            last.Write(mark.Span);
            await context.Response.BodyWriter.WriteAsync(last.Memory, context.RequestAborted);
        }
    }

    /// <summary>One caller's part in a recording, which ends once: when the caller leaves, or has been answered.</summary>
    private sealed class Membership(StreamRecording recording)
    {
        private int _ended;

        public void End()
        {
            if (Interlocked.Exchange(ref _ended, 1) == 0)
            {
                recording.Leave();
            }
        }
    }
}
