using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using MasterX.Api.Idempotency;
using MasterX.Api.Keys;
using MasterX.Api.Storage;
using MasterX.Api.Usage;

namespace MasterX.Api.Ai;

/// <summary>
/// Asks the gateway, keeps what it answers, and accounts for it, in this order: what was answered is in the history before its caller sees the end of it.
/// An answer whose caller leaves is kept as far as it came, and marked; the call to the provider ends then.
/// </summary>
internal sealed partial class Generator(GatewayClient gateway, IGenerationStore generations, UsageWriter usage, TimeProvider time, ILogger<Generator> logger)
{
    public async Task<IResult> AnswerAsync(GenerateRequest request, HttpContext context)
    {
        if (await FindMadeAsync(context) is { } made)
        {
            return TypedResults.Ok(GenerateAnswer.Of(made));
        }

        var begun = time.GetTimestamp();
        var key = context.Consumer();

        var answer = await gateway.CompleteAsync(request, key.Id, context.RequestAborted);
        if (answer.Status != StatusCodes.Status200OK)
        {
            return GatewayProblem.Of(answer, context.Response);
        }

        var generation = await KeepAsync(NewId(context), request, key, answer, begun, interrupted: false);
        return TypedResults.Ok(GenerateAnswer.Of(generation));
    }

    public async Task<IResult> StreamAsync(GenerateRequest request, HttpContext context)
    {
        if (await FindMadeAsync(context) is { } made)
        {
            return TypedResults.ServerSentEvents(Whole(made));
        }

        context.EndWithCaller();

        var begun = time.GetTimestamp();
        var stream = await gateway.OpenAsync(request, context.Consumer().Id, context.RequestAborted);
        if (stream.Failure is { } failure)
        {
            await stream.DisposeAsync();
            return GatewayProblem.Of(failure, context.Response);
        }

        return TypedResults.ServerSentEvents(RelayAsync(request, stream, NewId(context), context.Consumer(), begun, context.Features.Get<IdempotentRequest>()));
    }

    private async IAsyncEnumerable<SseItem<object>> RelayAsync(
        GenerateRequest request, GatewayStream stream, string id, ConsumerKey key, long begun, IdempotentRequest? repeatable, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var kept = false;
        await using (stream)
        {
            try
            {
                await foreach (var text in stream.ReadAsync(cancellationToken))
                {
                    yield return new SseItem<object>(new GenerateDelta(text), "delta");
                }

                kept = true;
                var end = await EndAsync(request, stream, id, key, begun);
                if (repeatable is not null)
                {
                    repeatable.HasFailed = end.EventType == "error";
                }

                yield return end;
            }
            finally
            {
                if (!kept)
                {
                    await KeepAsync(id, request, key, stream.Answer(request), begun, interrupted: true);
                }
            }
        }
    }

    /// <summary>Keeps a stream that has ended, and makes its last event.</summary>
    private async Task<SseItem<object>> EndAsync(GenerateRequest request, GatewayStream stream, string id, ConsumerKey key, long begun)
    {
        try
        {
            var generation = await KeepAsync(id, request, key, stream.Answer(request), begun, interrupted: stream.Error is not null);
            return stream.Error is { } error ? Failed(error) : new SseItem<object>(GenerateAnswer.Of(generation), "done");
        }
        catch (StorageException lost)
        {
            LogNotKept(logger, id, lost);
            return Failed("The answer could not be stored: the database does not take it at the moment. What was sent is all there is of it.");
        }

        SseItem<object> Failed(string detail) => new(new GenerateError(StatusCodes.Status503ServiceUnavailable, detail, id), "error");
    }

    private static async IAsyncEnumerable<SseItem<object>> Whole(Generation generation)
    {
        yield return new SseItem<object>(new GenerateDelta(generation.Content), "delta");
        yield return new SseItem<object>(GenerateAnswer.Of(generation), "done");
        await Task.CompletedTask;
    }

    /// <summary>What this very request has made before, by a process that died before it could say so.</summary>
    private async ValueTask<Generation?> FindMadeAsync(HttpContext context) =>
        context.MayComeAgain() ? await generations.FindAsync(context.Consumer().Id, NewId(context), context.RequestAborted) : null;

    private static string NewId(HttpContext context) => context.NewId("gen");

    private async Task<Generation> KeepAsync(string id, GenerateRequest request, ConsumerKey key, GatewayAnswer answer, long begun, bool interrupted)
    {
        // Paid for, whether it can be kept or not.
        usage.Record(key.Id, answer.Usage?.InputTokens ?? 0, answer.Usage?.OutputTokens ?? 0, answer.Cost);
        var generation = new Generation
        {
            Id = id,
            KeyId = key.Id,
            UserId = request.UserId,
            CreatedAt = Identifier.Now(time),
            Prompt = request.Prompt!,
            System = request.System,
            Success = answer.Success && !interrupted,
            Content = answer.Content,
            Interrupted = interrupted,
            Confidence = answer.Confidence,
            Provider = answer.Provider,
            Model = answer.Model,
            Usage = answer.Usage,
            Cost = answer.Cost,
            Attempts = answer.Attempts,
            Cached = answer.Cached,
            LatencyMs = (long)time.GetElapsedTime(begun).TotalMilliseconds,
        };
        await generations.AddAsync(generation, CancellationToken.None);
        return generation;
    }

    [LoggerMessage(43, LogLevel.Error, "The streamed generation {Id} could not be stored")]
    private static partial void LogNotKept(ILogger logger, string id, Exception error);
}
