using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using MasterX.Api.Calls;
using MasterX.Api.Idempotency;
using MasterX.Api.Keys;
using MasterX.Api.Storage;
using MasterX.Api.Users;
using MasterX.ServiceDefaults.Startup;

namespace MasterX.Api.Ai;

/// <summary>
/// Asks the gateway, keeps what it answers, and accounts for it, in this order: what was answered is in the history before its caller sees the end of it.
/// An answer whose caller leaves is kept as far as it came, and marked; the call to the provider ends then.
/// </summary>
internal sealed partial class Generator(GatewayClient gateway, IGenerationStore generations, UserErasure erasure, CallBook book, CallCollector collector, Expectations expectations, ShutdownDeadline deadline, TimeProvider time, ILogger<Generator> logger)
{
    private const int CharactersPerToken = 4;

    /// <summary>How long the gateway is asked what a stream has spent before the answer goes without.</summary>
    private static readonly TimeSpan AccountPatience = TimeSpan.FromSeconds(2);

    /// <summary>The same where nobody waits for the answer any more.</summary>
    private static readonly TimeSpan PatienceAlone = TimeSpan.FromSeconds(10);

    public async Task<IResult> AnswerAsync(GenerateRequest request, HttpContext context)
    {
        if (await FindMadeAsync(context) is { } made)
        {
            return TypedResults.Ok(GenerateAnswer.Of(made));
        }

        var begun = time.GetTimestamp();
        var call = await OpenAsync(request, context);
        var answer = await AskAsync(call, gateway.CompleteAsync(request, call, context.RequestAborted));
        if (answer.Spent is null)
        {
            // It does not say; the gateway does when it is asked.
            answer = await FindSpentAsync(call, answer, AccountPatience);
        }

        if (answer.Status != StatusCodes.Status200OK)
        {
            book.Settle(new Settlement(call, answer.Spent ?? []));
            return GatewayProblem.Of(answer, context.Response);
        }

        var generation = await KeepAsync(NewId(context), request, call, answer, begun, interrupted: false, context.Features.Get<IdempotentRequest>());
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
        var call = await OpenAsync(request, context);
        var stream = await AskAsync(call, gateway.OpenAsync(request, call, context.RequestAborted));
        if (stream.Failure is { } failure)
        {
            await stream.DisposeAsync();
            book.Settle(new Settlement(call, failure.Spent ?? []));
            return GatewayProblem.Of(failure, context.Response);
        }

        return TypedResults.ServerSentEvents(RelayAsync(request, stream, NewId(context), call, begun, context.Features.Get<IdempotentRequest>()));
    }

    private async IAsyncEnumerable<SseItem<object>> RelayAsync(
        GenerateRequest request, GatewayStream stream, string id, Call call, long begun, IdempotentRequest? repeatable, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var kept = false;
        try
        {
            await foreach (var text in stream.ReadAsync(deadline.Token, cancellationToken))
            {
                yield return new SseItem<object>(new GenerateDelta(text), "delta");
            }

            kept = true;

            // Where it was not heard to its end, this ends the provider's call.
            await stream.DisposeAsync();
            var end = await EndAsync(request, stream, id, call, begun, repeatable);
            if (repeatable is not null)
            {
                repeatable.MayEndOtherwise = end.EventType == "error";
            }

            yield return end;
        }
        finally
        {
            // Closed first where the caller has left: that is what ends the provider's call, and lets its account be told.
            await stream.DisposeAsync();
            if (!kept)
            {
                await KeepAsync(id, request, call, await FindSpentAsync(call, stream.Answer, PatienceAlone), begun, interrupted: true, repeatable);
            }
        }
    }

    /// <summary>Keeps a stream that has ended, and makes its last event.</summary>
    private async Task<SseItem<object>> EndAsync(GenerateRequest request, GatewayStream stream, string id, Call call, long begun, IdempotentRequest? repeatable)
    {
        try
        {
            var generation = await KeepAsync(id, request, call, await FindSpentAsync(call, stream.Answer, AccountPatience), begun, interrupted: stream.Error is not null, repeatable);
            if (stream.Error is null && generation.Content != stream.Answer.Content)
            {
                return Failed("Another process took the request over, and its answer is the one that was kept. Send the request again with the same Idempotency-Key for it.");
            }

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
        context.MayComeAgain() ? await generations.FindAsync(context.Consumer().OwnerId, NewId(context), context.RequestAborted) : null;

    private static string NewId(HttpContext context) => context.NewId("gen");

    private async Task<Call> OpenAsync(GenerateRequest request, HttpContext context)
    {
        await context.ConfirmHoldAsync();
        var opened = await book.OpenAsync(context.Caller(), CallFacts.Of(request) with { Tags = CallTags.Of(context.Request) }, context.RequestAborted);
        context.Response.WriteLeft(opened);
        return opened.Call;
    }

    /// <summary>Waits for the gateway; a call that ends without an answer is booked all the same.</summary>
    private async Task<T> AskAsync<T>(Call call, Task<T> asking)
    {
        try
        {
            return await asking;
        }
        catch (GatewayUnavailableException unavailable) when (unavailable.HasCostNothing)
        {
            book.Settle(new Settlement(call, []));
            throw;
        }
        catch
        {
            collector.Collect(call);
            throw;
        }
    }

    /// <summary>Adds to an answer what it has spent, and whom it took, as the gateway says.</summary>
    private async Task<GatewayAnswer> FindSpentAsync(Call call, GatewayAnswer answer, TimeSpan patience)
    {
        if (await collector.FindAsync(call, patience) is not { } told)
        {
            return answer;
        }

        var last = told.Spent.Count > 0 ? told.Spent[^1] : null;
        return answer with
        {
            Spent = told.Spent,
            Provider = last?.Provider ?? answer.Provider,
            Model = last?.Model ?? answer.Model,
            Attempts = told.Attempts.Count > 0 ? [.. told.Attempts.Select(attempt => attempt.ToAttempt())] : answer.Attempts,
        };
    }

    /// <summary>Keeps an answer, and books its call: one write. What it has spent is collected later where nobody has said it yet.</summary>
    private async Task<Generation> KeepAsync(string id, GenerateRequest request, Call call, GatewayAnswer answer, long begun, bool interrupted, IdempotentRequest? repeatable)
    {
        var spent = answer switch
        {
            { Spent: { Count: > 0 } told } => told,
            { Cached: true } => [Spending.OfCache(answer.Provider, answer.Model)],
            { Spent: { } nothing } => nothing,
            _ => [expectations.Assume(call, answer.Content.Length / CharactersPerToken)],
        };
        var generation = new Generation
        {
            Id = id,
            OwnerId = call.OwnerId,
            UserId = request.UserId,
            CreatedAt = Identifier.Now(time),
            Prompt = request.Prompt!,
            System = request.System,
            Success = answer.Success && !interrupted,
            Content = answer.Content,
            Interrupted = interrupted,
            FinishReason = answer.FinishReason,
            Confidence = answer.Confidence,
            Provider = answer.Provider,
            Model = answer.Model,
            RequestedModel = request.Model,
            Attempts = answer.Attempts,
            Cached = answer.Cached,
            LatencyMs = (long)time.GetElapsedTime(begun).TotalMilliseconds,
        }.Booked(spent);

        // Of a request that another process has taken over, what came of it here is not its answer; it was paid for all the same.
        var isOthers = interrupted && repeatable is { Hold.Lost.IsCancellationRequested: true };
        await book.SettleAsync(new Settlement(call, spent, answer.Spent is null && !answer.Cached ? CallState.Assumed : CallState.Settled, isOthers ? null : generation, erasure.KeepsNumbers));
        if (answer.Spent is null && !answer.Cached)
        {
            collector.Collect(call, generation.Usage?.OutputTokens ?? 0);
        }

        // Of two that have both made it, whoever was written first is the one that everybody sees.
        return repeatable is null || isOthers ? generation : await generations.FindAsync(call.OwnerId, id, CancellationToken.None) ?? generation;
    }

    [LoggerMessage(43, LogLevel.Error, "The streamed generation {Id} could not be stored")]
    private static partial void LogNotKept(ILogger logger, string id, Exception error);
}
