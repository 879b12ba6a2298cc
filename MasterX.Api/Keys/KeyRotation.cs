using MasterX.Api.Audit;
using MasterX.Api.Http;
using MasterX.Api.Idempotency;
using MasterX.Api.Storage;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace MasterX.Api.Keys;

/// <summary>
/// <c>POST /api/keys/{id}/rotate</c>. Two keys open at the most: the new one, and for the overlap the one before it. Other replicas know the new one at once, as they ask for what they
/// do not know, and hear within the time of <see cref="ConsumerKeyCache"/> that an older one is gone.
/// </summary>
internal static class KeyRotation
{
    public static async Task<Results<Ok<RotatedKeyAnswer>, ProblemHttpResult>> RotateAsync(
        string id, IKeyStore keys, ConsumerKeyCache cache, TimeProvider time, HttpContext context, RotateKey? request = null, [FromHeader(Name = "If-Match")] string? ifMatch = null)
    {
        if (!EntityTag.IsWellFormed(ifMatch))
        {
            return Problems.BadRequest(EntityTag.Malformed);
        }

        var by = context.NewId("rot");
        while (true)
        {
            if (await keys.FindAsync(id, context.RequestAborted) is not { RevokedAt: null } key)
            {
                context.MayEndOtherwise();
                return KeyEndpoints.NoSuchKey();
            }

            if (key.RotatedBy != by && !EntityTag.Matches(ifMatch, key.Version))
            {
                context.MayEndOtherwise();
                return KeyEndpoints.Changed(context, key.Version);
            }

            var secret = ConsumerKeySecret.New();
            var rotated = Rotate(key, secret, by, Identifier.Now(time).AddSeconds(request?.OverlapSeconds ?? RotateKey.DefaultOverlap), request?.OverlapSeconds != 0);
            var act = AuditAct.Of(context, "key.rotate", id, AuditChange.Between(KeyAnswer.Of(key), KeyAnswer.Of(rotated)));
            if (await keys.UpdateAsync(rotated, act, CancellationToken.None) == ChangeResult.Done)
            {
                cache.Forget(id);
                context.Response.Headers.CacheControl = "no-store";
                EntityTag.Write(context.Response, rotated.Version);
                return TypedResults.Ok(new RotatedKeyAnswer(id, secret, rotated.Preview, rotated.PreviousUntil));
            }
        }
    }

    /// <summary>The key as it is then.</summary>
    internal static ConsumerKey Rotate(ConsumerKey key, string secret, string by, DateTimeOffset until, bool overlaps)
    {
        var rotated = key with { Hash = ConsumerKeyHash.Of(secret).ToString(), Preview = secret[..8], RotatedBy = by, Version = key.Version + 1 };

        // By this very request before, from a process that died before it could show the new one: nobody has that, and what the consumer has is the one before.
        return key.RotatedBy == by ? rotated
            : overlaps ? rotated with { PreviousHash = key.Hash, PreviousUntil = until }
            : rotated with { PreviousHash = null, PreviousUntil = null };
    }
}
