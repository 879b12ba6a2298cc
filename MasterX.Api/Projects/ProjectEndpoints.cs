using System.ComponentModel.DataAnnotations;
using System.Security.Cryptography;
using MasterX.Api.Audit;
using MasterX.Api.Http;
using MasterX.Api.Idempotency;
using MasterX.Api.Keys;
using MasterX.Api.Storage;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace MasterX.Api.Projects;

/// <summary><c>/api/projects</c>: admins make, list, change and delete projects.</summary>
internal static class ProjectEndpoints
{
    private const int SealBytes = 32;

    public static void MapProjects(this WebApplication app)
    {
        var projects = app.MapGroup("/api/projects").RequireAuthorization(ConsumerScopes.Admin).WithTags("Projects");
        projects.MapPost("", CreateAsync).WithName("createProject").WithSummary("Make a project, whose keys share limits, budgets and data").IsIdempotent().Refuses(400, 409, 413, 415, 422);
        projects.MapGet("", ListAsync).WithName("listProjects").WithSummary("All projects, newest first").Refuses(400);
        projects.MapGet("/{id}", GetAsync).DisableValidation().WithName("getProject").WithSummary("Read a project").Produces(StatusCodes.Status304NotModified).Refuses(400, 404);
        projects.MapGet("/{id}/export", ExportAsync).DisableValidation().WithName("exportProject")
            .WithSummary("All that is kept of a project, as lines of JSON: project, key, user, generation, spending, and last end, which counts them").Produces<string>(StatusCodes.Status200OK, ProjectExport.Media).Refuses(400, 404);
        projects.MapPatch("/{id}", UpdateAsync).WithName("updateProject").WithSummary("Change a project, within 5 seconds everywhere; with If-Match only the version you know").Refuses(400, 404, 409, 412, 413, 415);
        projects.MapDelete("/{id}", DeleteAsync).WithName("deleteProject").WithSummary("Delete a project whose keys are all revoked, and erase its users and what was generated").Refuses(400, 404, 409, 412);
    }

    public static void AddProjects(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<ProjectErasure>();
        builder.Services.AddSingleton<ProjectExport>();
    }

    private static async Task<Results<Created<ProjectAnswer>, ProblemHttpResult>> CreateAsync(CreateProject request, IProjectStore projects, TimeProvider time, HttpContext context)
    {
        var now = Identifier.Now(time);
        var project = request.ApplyTo(new Project
        {
            Id = context.NewId("proj"),
            Name = request.Name!.Trim(),
            CreatedAt = now,
            UpdatedAt = now,
            KeepGenerations = request.KeepGenerations ?? false,
            Seal = Convert.ToBase64String(RandomNumberGenerator.GetBytes(SealBytes)),
        });
        if (!await projects.TryAddAsync(project, AuditAct.Of(context, "project.create", project.Id, AuditChange.Between(null, ProjectAnswer.Of(project))), context.RequestAborted))
        {
            // Made by this very request before, by a process that died before it could say so.
            project = await projects.FindAsync(project.Id, context.RequestAborted) ?? project;
        }

        EntityTag.Write(context.Response, project.Version);
        return TypedResults.Created($"/api/projects/{project.Id}", ProjectAnswer.Of(project));
    }

    private static async Task<Results<Ok<Page<ProjectAnswer>>, ProblemHttpResult>> ListAsync(
        IProjectStore projects, CancellationToken cancellationToken, [Range(1, Paging.Largest)] int limit = Paging.Default, [StringLength(100)] string? cursor = null) =>
        TypedResults.Ok(Paging.Of(await projects.ListAsync(cursor, limit + 1, cancellationToken), limit, ProjectAnswer.Of, project => project.Id));

    private static async Task<Results<Ok<ProjectAnswer>, StatusCodeHttpResult, ProblemHttpResult>> GetAsync(string id, IProjectStore projects, HttpContext context, CancellationToken cancellationToken)
    {
        if (await projects.FindAsync(id, cancellationToken) is not { } project)
        {
            return NoSuchProject();
        }

        EntityTag.Write(context.Response, project.Version);
        return EntityTag.IsKnown(context.Request, project.Version) ? TypedResults.StatusCode(StatusCodes.Status304NotModified) : TypedResults.Ok(ProjectAnswer.Of(project));
    }

    private static async Task<IResult> ExportAsync(string id, IProjectStore projects, ProjectExport export, IAuditStore audit, HttpContext context, CancellationToken cancellationToken)
    {
        if (await projects.FindAsync(id, cancellationToken) is not { } project)
        {
            return NoSuchProject();
        }

        // Before anything leaves.
        await audit.AppendAsync(AuditAct.Of(context, "project.export", id, []), cancellationToken);
        await export.WriteAsync(project, context.Response, cancellationToken);
        return TypedResults.Empty;
    }

    private static async Task<Results<Ok<ProjectAnswer>, ProblemHttpResult>> UpdateAsync(
        string id, UpdateProject request, IProjectStore projects, ConsumerKeyCache cache, TimeProvider time, HttpContext context, CancellationToken cancellationToken,
        [FromHeader(Name = "If-Match")] string? ifMatch = null)
    {
        if (!EntityTag.IsWellFormed(ifMatch))
        {
            return Problems.BadRequest(EntityTag.Malformed);
        }

        if (!request.SaysAnything)
        {
            return Problems.BadRequest("There is nothing to change: give name, a limit, a budget, budget_warn_at, models, routes or keep_generations.");
        }

        while (true)
        {
            if (await projects.FindAsync(id, cancellationToken) is not { } project)
            {
                return NoSuchProject();
            }

            if (!EntityTag.Matches(ifMatch, project.Version))
            {
                return KeyEndpoints.Changed(context, project.Version);
            }

            if (project.IsClosing)
            {
                return Problems.Conflict("The project is being deleted. DELETE it again, if that was cut short.");
            }

            var changed = request.Change(project, Identifier.Now(time));
            var act = AuditAct.Of(context, "project.update", id, AuditChange.Between(ProjectAnswer.Of(project), ProjectAnswer.Of(changed)));
            if (await projects.UpdateAsync(changed, act.Changes.Count > 0 ? act : null, cancellationToken) == ChangeResult.Done)
            {
                cache.Forget(id);
                EntityTag.Write(context.Response, changed.Version);
                return TypedResults.Ok(ProjectAnswer.Of(changed));
            }
        }
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> DeleteAsync(
        string id, IProjectStore projects, ProjectErasure erasure, HttpContext context, CancellationToken cancellationToken, [FromHeader(Name = "If-Match")] string? ifMatch = null)
    {
        if (!EntityTag.IsWellFormed(ifMatch))
        {
            return Problems.BadRequest(EntityTag.Malformed);
        }

        while (true)
        {
            if (await projects.FindAsync(id, cancellationToken) is not { } project)
            {
                return NoSuchProject();
            }

            if (!EntityTag.Matches(ifMatch, project.Version))
            {
                return KeyEndpoints.Changed(context, project.Version);
            }

            switch (await erasure.EraseAsync(project, AuditAct.Of(context, "project.delete", id, []), cancellationToken))
            {
                case ChangeResult.Taken:
                    return Problems.Conflict($"Keys belong to the project. GET /api/keys?project_id={id} lists them; revoke them first.");
                case ChangeResult.Conflict:
                    // Changed by someone else since it was read.
                    continue;
                default:
                    return TypedResults.NoContent();
            }
        }
    }

    private static ProblemHttpResult NoSuchProject() => Problems.NotFound("There is no project with this id.");
}
