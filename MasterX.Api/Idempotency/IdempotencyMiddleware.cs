using System.Security.Cryptography;
using System.Text;
using MasterX.Api.Calls;
using MasterX.Api.Http;
using MasterX.Api.Keys;
using MasterX.Api.OpenAi;
using MasterX.Api.Storage;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Primitives;

namespace MasterX.Api.Idempotency;

/// <summary>
/// <c>Idempotency-Key</c>, as draft-ietf-httpapi-idempotency-key-header describes it: a creating request that comes again with the same key and body gets the first one's answer,
/// with <c>Idempotency-Replayed: true</c>, and nothing is done a second time; also while the first is under way, on another replica, or after a restart.
/// <code>
///  request ─ no header: as always
///          ─ record is new, or its day is over → run, keep the answer
///          ─ same key, another body            → 422
///          ─ answered                          → the kept answer
///          ─ under way, its process lives      → wait for its answer
///          ─ under way, its process is silent  → take it over, with the same id for what is made: if it was made, it is found
/// </code>
/// A process that was silent and goes on finds the record another's: it ends what it does, and answers as the other one does. Every step names the
/// holder it is made from (<see cref="IdempotencyRecord.Holder"/>), so of two who take the same step one has taken it.
/// Kept are answers that are well, and refusals of what can never be right. What could be answered otherwise next time is not, nor a stream that broke
/// off or whose caller left before the end, nor what is too long.
/// </summary>
internal sealed class IdempotencyMiddleware(RequestDelegate next, IIdempotencyStore records, IdempotencyOptions options, TimeProvider time)
{
    public const string Header = "Idempotency-Key";

    private static readonly TimeSpan FirstLook = TimeSpan.FromMilliseconds(20), LongestPause = TimeSpan.FromMilliseconds(500);

    private const int LongestKey = 255;

    /// <summary>Headers that belong to an answer, and not to its transport; beside them those of the gateway's that tell of it.</summary>
    private static readonly string[] Kept = ["Content-Type", "Location", "ETag", "Cache-Control"];

    private const string KeptPrefix = "x-masterx-";

    public async Task InvokeAsync(HttpContext context)
    {
        if (context.GetEndpoint()?.Metadata.GetMetadata<IdempotentEndpoint>() is null || !context.Request.Headers.TryGetValue(Header, out var given))
        {
            await next(context);
            return;
        }

        if (given is not [{ Length: > 0 and <= LongestKey } name] || name.AsSpan().ContainsAnyExceptInRange('!', '~'))
        {
            await RefuseAsync(context, Problems.BadRequest($"{Header} must be one value of 1 to {LongestKey} visible ASCII characters, without spaces; a UUID will do."));
            return;
        }

        var callersKey = SecretOf(context);
        if (await DescribeAsync(context, name, callersKey) is not { } record)
        {
            return;
        }

        for (var pause = FirstLook; ; pause = Longer(pause))
        {
            var (since, now) = (time.GetTimestamp(), Identifier.Now(time));
            record = record with { HeldUntil = now + options.Hold, ExpiresAt = now + IdempotencyOptions.Lifetime };
            var known = await records.TryBeginAsync(record, context.RequestAborted);
            if (known is null || (known.Holder == record.Holder && known.Answer is null))
            {
                // Its own it finds where the database's first word was lost.
                await RunAsync(context, record, since, callersKey);
                return;
            }

            var isFree = known.HeldUntil < now;
            if (isFree && known.ExpiresAt <= now)
            {
                // Its day is over, and nobody has removed it yet.
                if (await records.TryTakeOverAsync(record, known, context.RequestAborted))
                {
                    await RunAsync(context, record, since, callersKey);
                    return;
                }
            }
            else if (known.RequestHash != record.RequestHash)
            {
                await RefuseAsync(context, TypedResults.Problem($"This {Header} was used before, for a request with another body or path. Use a new one for a new request.", statusCode: StatusCodes.Status422UnprocessableEntity));
                return;
            }
            else if (known.Answer is { } answer)
            {
                await ReplayAsync(context, AnswerSeal.Open(answer, callersKey, record.Id));
                return;
            }
            else if (isFree)
            {
                var taken = record with { ResourceId = known.ResourceId };
                if (await records.TryTakeOverAsync(taken, known, context.RequestAborted))
                {
                    await RunAsync(context, taken, since, callersKey);
                    return;
                }
            }

            await Task.Delay(pause, time, context.RequestAborted);
        }
    }

    /// <returns><see langword="null"/> where the body cannot be taken, of which the status tells.</returns>
    private async Task<IdempotencyRecord?> DescribeAsync(HttpContext context, string name, string callersKey)
    {
        if (await ReadAsync(context) is not { } body)
        {
            return null;
        }

        // Whether a stream is asked for belongs to the request; how else the answer may be written does not.
        var request = context.Request;
        var streams = request.GetTypedHeaders().Accept.Any(media => media.MediaType.Equals("text/event-stream", StringComparison.OrdinalIgnoreCase));
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes($"{request.Method} {request.Path}{request.QueryString}\n{request.ContentType}\n{streams}\n"));
        hash.AppendData(body.Span);
        return new IdempotencyRecord
        {
            // Hashed, as a caller may put anything into it; with the key itself, as an admin's may be another after a restart, which could not open the old one's answers.
            Id = $"{context.Consumer().OwnerId}/{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{callersKey}\n{name}")))}",
            RequestHash = Convert.ToHexStringLower(hash.GetHashAndReset()),
            ResourceId = Guid.CreateVersion7(Identifier.Now(time)),
            Holder = IdempotencyRecord.NewHolder(),
            HeldUntil = default,
            ExpiresAt = default,
        };
    }

    /// <summary>
    /// What the answer is sealed with: the caller's key, or what the keys of a project have in common, as they share its answers. An answer that shows a key is for the one alone who
    /// has asked for it.
    /// </summary>
    private static string SecretOf(HttpContext context) => context.Caller().Project is { Seal: var seal } && context.GetEndpoint()?.Metadata.GetMetadata<ShowsKey>() is null
        ? seal
        : PresentedKey.Of(context.Request.Headers)!;

    private static async ValueTask<ReadOnlyMemory<byte>?> ReadAsync(HttpContext context)
    {
        if (context.Request.Path.StartsWithSegments(OpenAiEndpoints.Prefix))
        {
            return await ForwardedBody.ReadAsync(context);
        }

        var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        body.Position = 0;
        context.Request.Body = body;
        return body.GetBuffer().AsMemory(0, (int)body.Length);
    }

    private async Task RunAsync(HttpContext context, IdempotencyRecord record, long since, string callersKey)
    {
        var (body, callerLeft) = (context.Features.GetRequired<IHttpResponseBodyFeature>(), context.RequestAborted);
        KeyValuePair<string, StringValues>[] headers = [.. context.Response.Headers];
        using var hold = new IdempotencyHold(records, record, since, options, time);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(callerLeft, hold.Lost);
        var request = new IdempotentRequest(record.ResourceId, hold, ending.Token);
        context.Features.Set(request);

        // What is begun is brought to its end, though the caller leave: the answer is there when it is asked for again.
        context.RequestAborted = hold.Lost;
        var recording = AnswerRecording.Of(context, hold);
        var isKept = false;
        try
        {
            try
            {
                await next(context);
                await context.Response.CompleteAsync();
            }
            finally
            {
                await hold.EndAsync();
                context.Features.Set(body);
                context.RequestAborted = callerLeft;
            }

            isKept = await TryKeepAsync(context, record, request, recording, callersKey, callerLeft);
        }
        catch (Exception) when (hold.Lost.IsCancellationRequested)
        {
            // Another has it: what this one has come to is nobody's answer.
        }
        finally
        {
            if (!isKept && !hold.Lost.IsCancellationRequested)
            {
                await GiveUpAsync(record);
            }
        }

        if (!hold.Lost.IsCancellationRequested)
        {
            await recording.SendAsync(callerLeft);
        }
        else if (context.Response.HasStarted)
        {
            // Cut, so that nobody takes it for whole.
            context.Abort();
        }
        else
        {
            context.Response.Clear();
            foreach (var (name, value) in headers)
            {
                context.Response.Headers[name] = value;
            }

            await FollowAsync(context, record, callersKey);
        }
    }

    /// <summary>Keeps an answer that is to be given again.</summary>
    /// <returns>Whether it is kept, or the record is another's: in either case there is nothing to give up.</returns>
    private async Task<bool> TryKeepAsync(HttpContext context, IdempotencyRecord record, IdempotentRequest request, AnswerRecording recording, string callersKey, CancellationToken callerLeft)
    {
        if (request.MayEndOtherwise || !recording.IsWhole || (request.EndsWithCaller && callerLeft.IsCancellationRequested) || !IsKept(context, recording))
        {
            return false;
        }

        var headers = context.Response.Headers
            .Where(header => Kept.Contains(header.Key, StringComparer.OrdinalIgnoreCase)
                || (header.Key.StartsWith(KeptPrefix, StringComparison.OrdinalIgnoreCase) && !header.Key.Equals(CallServices.LeftHeader, StringComparison.OrdinalIgnoreCase)))
            .ToDictionary(header => header.Key, header => header.Value.ToString());
        var answer = new KeptAnswer(context.Response.StatusCode, headers, recording.Bytes.ToArray());
        var answered = record with { HeldUntil = Identifier.Now(time), UserId = request.UserId, Answer = AnswerSeal.Seal(answer, callersKey, record.Id) };
        try
        {
            if (!await records.TryAnswerAsync(answered, CancellationToken.None) && !IsOwn(await records.FindAsync(record.Id, CancellationToken.None)))
            {
                await request.Hold.LoseAsync();
            }
        }
        catch (StorageException) when (request.Hold.IsSure)
        {
            // It is the answer all the same, as nobody else can have given one yet; whoever asks again finds what was made.
        }

        return true;

        // Where the database's first word was lost.
        bool IsOwn(IdempotencyRecord? kept) => kept is { Answer: not null } && kept.Holder == record.Holder;
    }

    private async Task GiveUpAsync(IdempotencyRecord record)
    {
        try
        {
            await records.TryGiveUpAsync(record, CancellationToken.None);
        }
        catch (StorageException)
        {
            // It lapses by itself.
        }
    }

    /// <summary>Answers as the one does who has taken the request over.</summary>
    private async Task FollowAsync(HttpContext context, IdempotencyRecord record, string callersKey)
    {
        for (var pause = FirstLook; ; pause = Longer(pause))
        {
            var known = await records.FindAsync(record.Id, context.RequestAborted);
            if (known?.RequestHash == record.RequestHash && known.Answer is { } answer)
            {
                await ReplayAsync(context, AnswerSeal.Open(answer, callersKey, record.Id));
                return;
            }

            if (known is null || known.RequestHash != record.RequestHash || known.HeldUntil < Identifier.Now(time))
            {
                context.Response.Headers.RetryAfter = "1";
                await RefuseAsync(context, TypedResults.Problem(
                    $"This process was held up, and another took the request over, which has no answer to it that is kept. Send it again with the same {Header}.", statusCode: StatusCodes.Status503ServiceUnavailable));
                return;
            }

            await Task.Delay(pause, time, context.RequestAborted);
        }
    }

    /// <summary>What is well, and under <c>/api</c> refusals of what can never be right; under <c>/v1</c> it is providers that refuse, and another may not.</summary>
    private static bool IsKept(HttpContext context, AnswerRecording recording)
    {
        var isForwarded = context.Request.Path.StartsWithSegments(OpenAiEndpoints.Prefix);
        return context.Response.StatusCode switch
        {
            >= 200 and < 300 => !isForwarded || !recording.IsPassedOn || StreamEnd.IsWhole(recording.Bytes),
            StatusCodes.Status400BadRequest or StatusCodes.Status413PayloadTooLarge or StatusCodes.Status415UnsupportedMediaType or StatusCodes.Status422UnprocessableEntity =>
                !isForwarded && !recording.IsEmpty,
            _ => false,
        };
    }

    private static TimeSpan Longer(TimeSpan pause) => pause * 2 < LongestPause ? pause * 2 : LongestPause;

    private static async Task ReplayAsync(HttpContext context, KeptAnswer answer)
    {
        context.Response.StatusCode = answer.Status;
        foreach (var (name, value) in answer.Headers)
        {
            context.Response.Headers[name] = value;
        }

        context.Response.Headers["Idempotency-Replayed"] = "true";
        context.Response.ContentLength = answer.Body.Length;
        await context.Response.Body.WriteAsync(answer.Body, context.RequestAborted);
    }

    private static Task RefuseAsync(HttpContext context, ProblemHttpResult problem) => problem.ExecuteAsync(context);
}
