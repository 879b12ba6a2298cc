using System.ComponentModel.DataAnnotations;
using MasterX.Api.Audit;
using MasterX.Api.Http;
using MasterX.Api.Idempotency;
using MasterX.Api.Keys;
using MasterX.Api.Storage;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace MasterX.Api.Users;

/// <summary><c>/api/users</c>. A key sees the users that it, or another key of its project, has made; an admin sees all.</summary>
internal static class UserEndpoints
{
    public static void MapUsers(this WebApplication app)
    {
        var users = app.MapGroup("/api/users").RequireAuthorization(ConsumerScopes.Generate).WithTags("Users");
        users.MapPost("", CreateAsync).WithName("createUser").WithSummary("Create a user").IsIdempotent().Refuses(400, 409, 413, 415, 422);
        users.MapGet("", ListAsync).WithName("listUsers").WithSummary("Your users, newest first; with q those whose name or e-mail address begins with it").Refuses(400);
        users.MapGet("/{id}", GetAsync).DisableValidation().WithName("getUser").WithSummary("Read a user").Produces(StatusCodes.Status304NotModified).Refuses(400, 404);
        users.MapPatch("/{id}", UpdateAsync).WithName("updateUser").WithSummary("Change a user; with If-Match only the version you know").Refuses(400, 404, 409, 412, 413, 415);
        users.MapDelete("/{id}", DeleteAsync).WithName("deleteUser").WithSummary("Delete a user, and delete or anonymize what was generated on the user's behalf").Refuses(400, 404, 412);
    }

    private static async Task<Results<Created<UserAnswer>, ProblemHttpResult>> CreateAsync(CreateUser request, IUserStore users, TimeProvider time, HttpContext context)
    {
        var now = Identifier.Now(time);
        var user = new User(context.NewId("usr"), context.Consumer().OwnerId, request.Name!.Trim(), request.Email!.Trim(), now, now, Version: 1);
        if (!await users.TryAddAsync(user, context.RequestAborted))
        {
            // Made by this very request before, by a process that died before it could say so?
            var made = context.MayComeAgain() ? await users.FindAsync(user.OwnerId, user.Id, context.RequestAborted) : null;
            if (made is null)
            {
                return Taken();
            }

            user = made;
        }

        context.TellsOf(user.Id);
        EntityTag.Write(context.Response, user.Version);
        return TypedResults.Created($"/api/users/{user.Id}", UserAnswer.Of(user));
    }

    private static async Task<Results<Ok<Page<UserAnswer>>, ProblemHttpResult>> ListAsync(
        IUserStore users, HttpContext context, CancellationToken cancellationToken,
        [Range(1, Paging.Largest)] int limit = Paging.Default, [StringLength(100)] string? cursor = null, [StringLength(254)] string? q = null) =>
        TypedResults.Ok(Paging.Of(
            await users.ListAsync(context.Consumer().Sees(), string.IsNullOrWhiteSpace(q) ? null : q, cursor, limit + 1, cancellationToken), limit, UserAnswer.Of, user => user.Id));

    private static async Task<Results<Ok<UserAnswer>, StatusCodeHttpResult, ProblemHttpResult>> GetAsync(string id, IUserStore users, HttpContext context, CancellationToken cancellationToken)
    {
        if (await users.FindAsync(context.Consumer().Sees(), id, cancellationToken) is not { } user)
        {
            return NoSuchUser();
        }

        EntityTag.Write(context.Response, user.Version);
        return EntityTag.IsKnown(context.Request, user.Version) ? TypedResults.StatusCode(StatusCodes.Status304NotModified) : TypedResults.Ok(UserAnswer.Of(user));
    }

    private static async Task<Results<Ok<UserAnswer>, ProblemHttpResult>> UpdateAsync(
        string id, UpdateUser request, IUserStore users, TimeProvider time, HttpContext context, CancellationToken cancellationToken, [FromHeader(Name = "If-Match")] string? ifMatch = null)
    {
        if (!EntityTag.IsWellFormed(ifMatch))
        {
            return Problems.BadRequest(EntityTag.Malformed);
        }

        if (request is { Name: null, Email: null })
        {
            return Problems.BadRequest("There is nothing to change: give name, email or both.");
        }

        while (true)
        {
            if (await users.FindAsync(context.Consumer().Sees(), id, cancellationToken) is not { } user)
            {
                return NoSuchUser();
            }

            if (!EntityTag.Matches(ifMatch, user.Version))
            {
                return Changed(context, user);
            }

            var changed = user with
            {
                Name = request.Name?.Trim() ?? user.Name,
                Email = request.Email?.Trim() ?? user.Email,
                UpdatedAt = Identifier.Now(time),
                Version = user.Version + 1,
            };
            switch (await users.UpdateAsync(changed, cancellationToken))
            {
                case ChangeResult.Done:
                    EntityTag.Write(context.Response, changed.Version);
                    return TypedResults.Ok(UserAnswer.Of(changed));
                case ChangeResult.Taken:
                    return Taken();
                default:
                    // Changed by someone else since it was read: whoever named a version is told so, whoever did not wants the change whatever there was before.
                    continue;
            }
        }
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> DeleteAsync(
        string id, IUserStore users, UserErasure erasure, HttpContext context, CancellationToken cancellationToken, [FromHeader(Name = "If-Match")] string? ifMatch = null)
    {
        if (!EntityTag.IsWellFormed(ifMatch))
        {
            return Problems.BadRequest(EntityTag.Malformed);
        }

        while (true)
        {
            if (await users.FindAsync(context.Consumer().Sees(), id, cancellationToken) is not { } user)
            {
                return NoSuchUser();
            }

            if (!EntityTag.Matches(ifMatch, user.Version))
            {
                return Changed(context, user);
            }

            // Of what an admin erases there is an entry, with nothing of the user in it; keys that erase their own users are no admins.
            var act = context.Consumer().Sees() is null ? AuditAct.Of(context, "user.erase", id, []) : null;
            if (await erasure.EraseAsync(user, act, cancellationToken) is ChangeResult.Done or ChangeResult.NotFound)
            {
                return TypedResults.NoContent();
            }
        }
    }

    private static ProblemHttpResult NoSuchUser() => Problems.NotFound("There is no user of yours with this id.");

    private static ProblemHttpResult Taken() => Problems.Conflict("There is already a user of yours with this e-mail address.");

    private static ProblemHttpResult Changed(HttpContext context, User user)
    {
        EntityTag.Write(context.Response, user.Version);
        return TypedResults.Problem("The user was changed since the version of If-Match. Read it again, and decide anew; the ETag is the present one.", statusCode: StatusCodes.Status412PreconditionFailed);
    }
}
