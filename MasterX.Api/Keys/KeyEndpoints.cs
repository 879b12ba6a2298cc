using System.ComponentModel.DataAnnotations;
using MasterX.Api.Http;
using MasterX.Api.Idempotency;
using MasterX.Api.Storage;
using Microsoft.AspNetCore.Http.HttpResults;

namespace MasterX.Api.Keys;

/// <summary><c>/api/keys</c>: admins make, list and revoke consumers' keys.</summary>
internal static class KeyEndpoints
{
    public static void MapKeys(this WebApplication app)
    {
        var keys = app.MapGroup("/api/keys").RequireAuthorization(ConsumerScopes.Admin).WithTags("Keys");
        keys.MapPost("", CreateAsync).WithName("createKey").WithSummary("Make a key; it is shown this once").IsIdempotent().Refuses(400, 409, 413, 415, 422);
        keys.MapGet("", ListAsync).WithName("listKeys").WithSummary("All keys, newest first").Refuses(400);
        keys.MapGet("/{id}", GetAsync).DisableValidation().WithName("getKey").WithSummary("A key, without the key itself").Refuses(400, 404);
        keys.MapDelete("/{id}", RevokeAsync).WithName("revokeKey").WithSummary("Revoke a key; it stops working within 5 seconds, everywhere").Refuses(400, 404);
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
            await keys.RevokeAsync(id, now, context.RequestAborted);
            id = Identifier.New("key");
        }

        var key = new ConsumerKey
        {
            Id = id,
            Hash = ConsumerKeyHash.Of(secret).ToString(),
            Preview = secret[..8],
            Name = request.Name!.Trim(),
            Scopes = request.Scopes is { Count: > 0 } scopes ? [.. scopes.Distinct()] : [ConsumerScopes.Generate],
            CreatedAt = now,
            ExpiresAt = request.ExpiresAt is { } expires ? Identifier.ToMilliseconds(expires) : null,
            RequestsPerMinute = request.RequestsPerMinute,
            MaxConcurrency = request.MaxConcurrency,
            MonthlyBudgetUsd = request.MonthlyBudgetUsd,
        };
        await keys.AddAsync(key, CancellationToken.None);
        context.Response.Headers.CacheControl = "no-store";
        return TypedResults.Created($"/api/keys/{key.Id}", NewKeyAnswer.Of(key, secret));
    }

    private static async Task<Results<Ok<Page<KeyAnswer>>, ProblemHttpResult>> ListAsync(
        IKeyStore keys, CancellationToken cancellationToken, [Range(1, Paging.Largest)] int limit = Paging.Default, [StringLength(100)] string? cursor = null) =>
        TypedResults.Ok(Paging.Of(await keys.ListAsync(cursor, limit + 1, cancellationToken), limit, KeyAnswer.Of, key => key.Id));

    private static async Task<Results<Ok<KeyAnswer>, ProblemHttpResult>> GetAsync(string id, IKeyStore keys, CancellationToken cancellationToken) =>
        await keys.FindAsync(id, cancellationToken) is { } key ? TypedResults.Ok(KeyAnswer.Of(key)) : NoSuchKey();

    private static async Task<Results<NoContent, ProblemHttpResult>> RevokeAsync(string id, IKeyStore keys, ConsumerKeyCache cache, TimeProvider time, CancellationToken cancellationToken)
    {
        if (!await keys.RevokeAsync(id, Identifier.Now(time), cancellationToken))
        {
            return NoSuchKey();
        }

        cache.Forget(id);
        return TypedResults.NoContent();
    }

    private static ProblemHttpResult NoSuchKey() => Problems.NotFound("There is no key with this id.");
}
