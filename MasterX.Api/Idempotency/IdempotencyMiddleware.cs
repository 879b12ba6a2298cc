using System.Security.Cryptography;
using System.Text;
using MasterX.Api.Http;
using MasterX.Api.Keys;
using MasterX.Api.Storage;
using Microsoft.AspNetCore.Http.HttpResults;

namespace MasterX.Api.Idempotency;

/// <summary>
/// <c>Idempotency-Key</c>, as draft-ietf-httpapi-idempotency-key-header describes it: a creating request that comes again with the same key and body gets the first one's answer,
/// with <c>Idempotency-Replayed: true</c>, and nothing is done a second time; also while the first is under way, on another replica, or after a restart.
/// <code>
///  request ─ no header: as always
///          ─ record is new                → run, keep the answer
///          ─ same key, another body       → 422
///          ─ answered                     → the kept answer
///          ─ under way, its process lives → wait for its answer
///          ─ under way, its process died  → take it over, with the same id for what is made: if it was made, it is found
/// </code>
/// Answers that a repetition could better are not kept: 402, 408, 429, 5xx, and streams that broke off or whose caller left before the end.
/// </summary>
internal sealed class IdempotencyMiddleware(RequestDelegate next, IIdempotencyStore records, TimeProvider time)
{
    public const string Header = "Idempotency-Key";

    /// <summary>How long an answer is kept.</summary>
    private static readonly TimeSpan Lifetime = TimeSpan.FromHours(24);

    /// <summary>How long a process that says nothing is believed to be alive; it says something three times as often.</summary>
    private static readonly TimeSpan Hold = TimeSpan.FromSeconds(12);

    private static readonly TimeSpan FirstLook = TimeSpan.FromMilliseconds(20), LongestPause = TimeSpan.FromMilliseconds(500);

    private const int LongestKey = 255;

    /// <summary>Headers that belong to an answer, and not to its transport.</summary>
    private static readonly string[] Kept = ["Content-Type", "Location", "ETag", "Cache-Control"];

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

        var callersKey = PresentedKey.Of(context.Request.Headers)!;
        var record = await DescribeAsync(context, name, callersKey);
        for (var pause = FirstLook; ; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
        {
            var known = await records.TryBeginAsync(record, context.RequestAborted);
            if (known is null)
            {
                await RunAsync(context, record, callersKey);
                return;
            }

            var now = Identifier.Now(time);
            if (known.ExpiresAt <= now)
            {
                // Its day is over, and nobody has removed it yet.
                await records.DeleteAsync(known.Id, context.RequestAborted);
                continue;
            }

            if (known.RequestHash != record.RequestHash)
            {
                await RefuseAsync(context, TypedResults.Problem($"This {Header} was used before, for a request with another body or path. Use a new one for a new request.", statusCode: StatusCodes.Status422UnprocessableEntity));
                return;
            }

            if (known.Answer is { } answer)
            {
                await ReplayAsync(context, AnswerSeal.Open(answer, callersKey, record.Id));
                return;
            }

            if (known.HeldUntil < now)
            {
                record = record with { ResourceId = known.ResourceId, HeldUntil = now + Hold, ExpiresAt = now + Lifetime };
                if (await records.TryReplaceAsync(record, known.HeldUntil, context.RequestAborted))
                {
                    await RunAsync(context, record, callersKey);
                    return;
                }
            }

            await Task.Delay(pause, time, context.RequestAborted);
        }
    }

    private async Task<IdempotencyRecord> DescribeAsync(HttpContext context, string name, string callersKey)
    {
        var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        context.Request.Body = body;
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes($"{context.Request.Method} {context.Request.Path}\n{context.Request.ContentType}\n{context.Request.Headers.Accept}\n"));
        hash.AppendData(body.GetBuffer().AsSpan(0, (int)body.Length));
        body.Position = 0;
        var now = Identifier.Now(time);
        return new IdempotencyRecord
        {
            // Hashed, as a caller may put anything into it; with the key itself, as an admin's may be another after a restart, which could not open the old one's answers.
            Id = $"{context.Consumer().Id}/{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{callersKey}\n{name}")))}",
            RequestHash = Convert.ToHexStringLower(hash.GetHashAndReset()),
            ResourceId = Guid.CreateVersion7(now),
            HeldUntil = now + Hold,
            ExpiresAt = now + Lifetime,
        };
    }

    private async Task RunAsync(HttpContext context, IdempotencyRecord record, string callersKey)
    {
        // What is begun is brought to its end, though the caller leave: the answer is there when it is asked for again.
        var request = new IdempotentRequest(record.ResourceId, context.RequestAborted);
        context.Features.Set(request);
        context.RequestAborted = CancellationToken.None;
        var recording = AnswerRecording.Of(context);
        using var ended = new CancellationTokenSource();
        var holding = HoldAsync(record, ended.Token);
        var done = false;
        try
        {
            await next(context);
            await context.Response.CompleteAsync();
            done = true;
        }
        finally
        {
            await ended.CancelAsync();
            record = await holding;
            if (done && !request.HasFailed && recording.IsWhole && !context.RequestAborted.IsCancellationRequested && IsKept(context.Response.StatusCode))
            {
                var answer = new KeptAnswer(context.Response.StatusCode, Kept.Where(header => context.Response.Headers.ContainsKey(header)).ToDictionary(header => header, header => context.Response.Headers[header].ToString()), recording.ToArray());
                var kept = record with { HeldUntil = Identifier.Now(time), Answer = AnswerSeal.Seal(answer, callersKey, record.Id) };
                await records.TryReplaceAsync(kept, record.HeldUntil, CancellationToken.None);
            }
            else
            {
                await records.DeleteAsync(record.Id, CancellationToken.None);
            }
        }
    }

    /// <summary>Says over and over that this process lives, until the request has ended.</summary>
    /// <returns>The record as it stands then.</returns>
    private async Task<IdempotencyRecord> HoldAsync(IdempotencyRecord record, CancellationToken ended)
    {
        try
        {
            while (true)
            {
                await Task.Delay(Hold / 3, time, ended);
                var longer = record with { HeldUntil = Identifier.Now(time) + Hold };
                try
                {
                    if (await records.TryReplaceAsync(longer, record.HeldUntil, CancellationToken.None))
                    {
                        record = longer;
                    }
                }
                catch (StorageException)
                {
                    // The database is away for a moment; the next time may do.
                }
            }
        }
        catch (OperationCanceledException)
        {
            return record;
        }
    }

    private static bool IsKept(int status) => status is < 500 and not (StatusCodes.Status408RequestTimeout or StatusCodes.Status429TooManyRequests or StatusCodes.Status402PaymentRequired);

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

/// <summary>Marks an endpoint that makes something, and honours <c>Idempotency-Key</c>.</summary>
internal sealed class IdempotentEndpoint;

/// <summary>What endpoints need of it.</summary>
internal static class IdempotencyExtensions
{
    public static TBuilder IsIdempotent<TBuilder>(this TBuilder endpoint)
        where TBuilder : IEndpointConventionBuilder => endpoint.WithMetadata(new IdempotentEndpoint());

    /// <summary>The id of what the request makes: the same, however often the request is begun.</summary>
    public static string NewId(this HttpContext context, string prefix) =>
        context.Features.Get<IdempotentRequest>() is { } request ? Identifier.Of(prefix, request.ResourceId) : Identifier.New(prefix);

    /// <summary>Whether the request may come again, and should then find what it has made.</summary>
    public static bool MayComeAgain(this HttpContext context) => context.Features.Get<IdempotentRequest>() is not null;

    /// <summary>Ends the request when its caller leaves, though it may come again: for a stream, which nobody would hear.</summary>
    public static void EndWithCaller(this HttpContext context)
    {
        if (context.Features.Get<IdempotentRequest>() is { } request)
        {
            context.RequestAborted = request.CallerLeft;
        }
    }
}

/// <summary>A request that may come again.</summary>
/// <param name="ResourceId">Of what it makes.</param>
/// <param name="CallerLeft">Cancelled when its caller leaves.</param>
internal sealed record IdempotentRequest(Guid ResourceId, CancellationToken CallerLeft)
{
    /// <summary>Whether it has failed after its status was sent, as a stream may: it is not to be answered like that again.</summary>
    public bool HasFailed { get; set; }
}
