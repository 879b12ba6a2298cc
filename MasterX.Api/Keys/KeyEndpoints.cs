using System.ComponentModel.DataAnnotations;
using MasterX.Api.Audit;
using MasterX.Api.Http;
using MasterX.Api.Idempotency;
using MasterX.Api.Storage;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace MasterX.Api.Keys;

/// <summary><c>/api/keys</c>: admins make, list, change, rotate and revoke consumers' keys.</summary>
internal static class KeyEndpoints
{
    public static void MapKeys(this WebApplication app)
    {
        var keys = app.MapGroup("/api/keys").RequireAuthorization(ConsumerScopes.Admin).WithTags("Keys");
        keys.MapPost("", CreateAsync).WithName("createKey").WithSummary("Make a key; it is shown this once").IsIdempotent().WithMetadata(new ShowsKey()).Refuses(400, 409, 413, 415, 422);
        keys.MapGet("", ListAsync).WithName("listKeys").WithSummary("All keys, or those of a project, newest first").Refuses(400);
        keys.MapGet("/{id}", GetAsync).DisableValidation().WithName("getKey").WithSummary("A key, without the key itself").Refuses(400, 404);
        keys.MapPatch("/{id}", UpdateAsync).WithName("updateKey").WithSummary("Change a key, within 5 seconds everywhere; with If-Match only the version you know").Refuses(400, 404, 412, 413, 415);
        keys.MapPost("/{id}/rotate", KeyRotation.RotateAsync).WithName("rotateKey").WithSummary("Put a new key in the place of one, which goes on to open for a while; it is shown this once")
            .IsIdempotent().WithMetadata(new ShowsKey()).Refuses(400, 404, 409, 412, 413, 415, 422);
        keys.MapDelete("/{id}", RevokeAsync).WithName("revokeKey").WithSummary("Revoke a key; it stops working within 5 seconds, everywhere").Refuses(400, 404);
    }

    public static ProblemHttpResult NoSuchKey() => Problems.NotFound("There is no key with this id, or it was revoked.");

    public static ProblemHttpResult Changed(HttpContext context, long version)
    {
        EntityTag.Write(context.Response, version);
        return TypedResults.Problem("It was changed since the version of If-Match. Read it again, and decide anew; the ETag is the present one.", statusCode: StatusCodes.Status412PreconditionFailed);
    }

    private static async Task<Results<Created<NewKeyAnswer>, ProblemHttpResult>> CreateAsync(CreateKey request, IKeyStore keys, TimeProvider time, HttpContext context)
    {
        var now = Identifier.Now(time);
        if (request.ExpiresAt is { } end && end <= now)
        {
            return Problems.BadRequest("expires_at lies in the past; a key that has expired opens nothing.");
        }

        var secret = ConsumerKeySecret.New();
        var id = context.NewId("key");
        if (await keys.FindAsync(id, context.RequestAborted) is not null)
        {
            // Made by this very request before, by a process that died before it could show it: nobody has that one, and nobody ever will.
            await keys.RevokeAsync(id, now, AuditOfRevoking(context, id, now), context.RequestAborted);
            id = Identifier.New("key");
        }

        var key = request.ApplyTo(new ConsumerKey
        {
            Id = id,
            ProjectId = request.ProjectId,
            Hash = ConsumerKeyHash.Of(secret).ToString(),
            Preview = secret[..8],
            Name = request.Name!.Trim(),
            Scopes = request.Scopes is { Count: > 0 } scopes ? [.. scopes.Distinct()] : [ConsumerScopes.Generate],
            CreatedAt = now,
            ExpiresAt = request.ExpiresAt is { } expires ? Identifier.ToMilliseconds(expires) : null,
        });
        if (!await keys.TryAddAsync(key, AuditAct.Of(context, "key.create", id, AuditChange.Between(null, KeyAnswer.Of(key))), CancellationToken.None))
        {
            context.MayEndOtherwise();
            return Problems.BadRequest("project_id names no project, or one that is being deleted. POST /api/projects makes one.");
        }

        context.Response.Headers.CacheControl = "no-store";
        EntityTag.Write(context.Response, key.Version);
        return TypedResults.Created($"/api/keys/{key.Id}", NewKeyAnswer.Of(key, secret));
    }

    private static async Task<Results<Ok<Page<KeyAnswer>>, ProblemHttpResult>> ListAsync(
        IKeyStore keys, CancellationToken cancellationToken, [Range(1, Paging.Largest)] int limit = Paging.Default, [StringLength(100)] string? cursor = null, [StringLength(100)] string? project_id = null) =>
        TypedResults.Ok(Paging.Of(await keys.ListAsync(project_id, cursor, limit + 1, cancellationToken), limit, KeyAnswer.Of, key => key.Id));

    private static async Task<Results<Ok<KeyAnswer>, ProblemHttpResult>> GetAsync(string id, IKeyStore keys, HttpContext context, CancellationToken cancellationToken)
    {
        if (await keys.FindAsync(id, cancellationToken) is not { } key)
        {
            return Problems.NotFound("There is no key with this id.");
        }

        // When it was last used changes without a version.
        EntityTag.Write(context.Response, key.Version);
        return TypedResults.Ok(KeyAnswer.Of(key));
    }

    private static async Task<Results<Ok<KeyAnswer>, ProblemHttpResult>> UpdateAsync(
        string id, UpdateKey request, IKeyStore keys, ConsumerKeyCache cache, TimeProvider time, HttpContext context, CancellationToken cancellationToken, [FromHeader(Name = "If-Match")] string? ifMatch = null)
    {
        if (!EntityTag.IsWellFormed(ifMatch))
        {
            return Problems.BadRequest(EntityTag.Malformed);
        }

        if (!request.SaysAnything)
        {
            return Problems.BadRequest("There is nothing to change: give name, scopes, expires_at, a limit, a budget, budget_warn_at, models or routes.");
        }

        if (request.ExpiresAt is { } end && end <= Identifier.Now(time))
        {
            return Problems.BadRequest("expires_at lies in the past. DELETE revokes a key.");
        }

        while (true)
        {
            if (await keys.FindAsync(id, cancellationToken) is not { RevokedAt: null } key)
            {
                return NoSuchKey();
            }

            if (!EntityTag.Matches(ifMatch, key.Version))
            {
                return Changed(context, key.Version);
            }

            var changed = request.Change(key);
            var act = AuditAct.Of(context, "key.update", id, AuditChange.Between(KeyAnswer.Of(key), KeyAnswer.Of(changed)));
            if (await keys.UpdateAsync(changed, act.Changes.Count > 0 ? act : null, cancellationToken) == ChangeResult.Done)
            {
                cache.Forget(id);
                EntityTag.Write(context.Response, changed.Version);
                return TypedResults.Ok(KeyAnswer.Of(changed));
            }
        }
    }

    private static AuditAct AuditOfRevoking(HttpContext context, string id, DateTimeOffset now) => AuditAct.Of(context, "key.revoke", id, [new("revoked_at", null, now)]);

    private static async Task<Results<NoContent, ProblemHttpResult>> RevokeAsync(string id, IKeyStore keys, ConsumerKeyCache cache, TimeProvider time, HttpContext context, CancellationToken cancellationToken)
    {
        var now = Identifier.Now(time);
        if (!await keys.RevokeAsync(id, now, AuditOfRevoking(context, id, now), cancellationToken))
        {
            return Problems.NotFound("There is no key with this id.");
        }

        cache.Forget(id);
        return TypedResults.NoContent();
    }
}
