using System.ComponentModel.DataAnnotations;
using MasterX.Api.Audit;
using MasterX.Api.Http;
using MasterX.Api.Idempotency;
using MasterX.Api.Keys;
using MasterX.Api.Storage;
using Microsoft.AspNetCore.Http.HttpResults;

namespace MasterX.Api.Ai;

/// <summary><c>/api/ai</c>: generate, and look at what was generated.</summary>
internal static class AiEndpoints
{
    /// <summary>Generations that are deleted by one write.</summary>
    private const int Step = 200;

    public static void MapAi(this WebApplication app)
    {
        var ai = app.MapGroup("/api/ai").RequireAuthorization(ConsumerScopes.Generate).WithTags("AI");
        ai.MapPost("/generate", GenerateAsync).WithName("generate").WithSummary("Generate text, whole or as a stream of events").IsIdempotent()
            .Produces<GenerateAnswer>(StatusCodes.Status200OK, "application/json", "text/event-stream").Refuses(400, 402, 409, 413, 415, 422, 504);
        ai.MapGet("/generations", ListAsync).WithName("listGenerations")
            .WithSummary("Your generations, newest first; an admin sees everyone's. A page of those that are searched for can be shorter than asked for: the last is the one without next_cursor").Refuses(400);
        ai.MapDelete("/generations", DeleteAllAsync).WithName("deleteGenerations").WithSummary("Delete those of your generations that a filter names; what they have cost stays booked").Refuses(400);
        ai.MapGet("/generations/{id}", GetAsync).DisableValidation().WithName("getGeneration").WithSummary("One of your generations").Refuses(400, 404);
        ai.MapDelete("/generations/{id}", DeleteAsync).DisableValidation().WithName("deleteGeneration").WithSummary("Delete one of your generations; what it has cost stays booked").Refuses(400, 404);
    }

    private static async Task<IResult> GenerateAsync(GenerateRequest request, Generator generator, IUserStore users, HttpContext context)
    {
        if (request.UserId is { } userId)
        {
            context.TellsOf(userId);
            if (await users.FindAsync(context.Consumer().Sees(), userId, context.RequestAborted) is null)
            {
                context.MayEndOtherwise();
                return Problems.BadRequest("user_id names no user of yours. POST /api/users makes one.");
            }
        }

        if (AllowList.RefusalOf(context.Caller(), request.Model ?? "") is { } refusal)
        {
            context.MayEndOtherwise();
            return TypedResults.Problem(refusal, statusCode: StatusCodes.Status403Forbidden);
        }

        var streamed = request.Stream ?? context.Request.GetTypedHeaders().Accept.Any(media => media.MediaType.Equals("text/event-stream", StringComparison.OrdinalIgnoreCase));
        return await (streamed ? generator.StreamAsync(request, context) : generator.AnswerAsync(request, context));
    }

    private static async Task<Results<Ok<Page<GenerationAnswer>>, ProblemHttpResult>> ListAsync(
        IGenerationStore generations, HttpContext context, [AsParameters] GenerationQuery query, CancellationToken cancellationToken,
        [Range(1, Paging.Largest)] int limit = Paging.Default, [StringLength(100)] string? cursor = null)
    {
        if (query.Read(context.Consumer().Sees(), context.Request.Query, out var filter) is { } problem)
        {
            return Problems.BadRequest(problem);
        }

        var page = await generations.ListAsync(filter, cursor, limit, cancellationToken);
        return TypedResults.Ok(new Page<GenerationAnswer>([.. page.Items.Select(GenerationAnswer.Of)], page.Next));
    }

    private static async Task<Results<Ok<DeletedGenerations>, ProblemHttpResult>> DeleteAllAsync(
        IGenerationStore generations, IAuditStore audit, HttpContext context, [AsParameters] GenerationQuery query, CancellationToken cancellationToken)
    {
        if (query.Read(context.Consumer().Sees(), context.Request.Query, out var filter) is { } problem)
        {
            return Problems.BadRequest(problem);
        }

        if (filter.IsAll)
        {
            return Problems.BadRequest("Say which generations: give model, provider, user_id, success, from, to or search.");
        }

        // Some at a time, so that others' writes get their turn in between; begun again, it goes on with what is left.
        var (deleted, before) = (0, (string?)null);
        do
        {
            var page = await generations.ListAsync(filter, before, Step, cancellationToken);
            if (page.Items.Count > 0)
            {
                if (deleted == 0)
                {
                    // Before anything is deleted: an act that is cut short is one all the same. What was searched for may be anybody's words.
                    await NoteAsync(
                        "all", [.. context.Request.Query.Where(part => part.Key != "search").Select(part => new AuditChange(part.Key, null, part.Value.ToString()))], audit, context, cancellationToken);
                }

                deleted += await generations.DeleteAsync([.. page.Items.Select(generation => generation.Id)], cancellationToken);
            }

            before = page.Next;
        }
        while (before is not null);

        return TypedResults.Ok(new DeletedGenerations(deleted));
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> DeleteAsync(string id, IGenerationStore generations, IAuditStore audit, HttpContext context, CancellationToken cancellationToken)
    {
        if (await generations.FindAsync(context.Consumer().Sees(), id, cancellationToken) is null)
        {
            return Problems.NotFound("There is no generation of yours with this id.");
        }

        await NoteAsync(id, [], audit, context, cancellationToken);
        await generations.DeleteAsync([id], cancellationToken);
        return TypedResults.NoContent();
    }

    /// <summary>An admin's deletion is an act; a consumer's, of what is its own, is none.</summary>
    private static Task NoteAsync(string target, IReadOnlyList<AuditChange> filter, IAuditStore audit, HttpContext context, CancellationToken cancellationToken) => context.Consumer().Sees() is null
        ? audit.AppendAsync(AuditAct.Of(context, "generation.delete", target, filter), cancellationToken)
        : Task.CompletedTask;

    private static async Task<Results<Ok<GenerationAnswer>, ProblemHttpResult>> GetAsync(string id, IGenerationStore generations, HttpContext context, CancellationToken cancellationToken) =>
        await generations.FindAsync(context.Consumer().Sees(), id, cancellationToken) is { } generation
            ? TypedResults.Ok(GenerationAnswer.Of(generation))
            : Problems.NotFound("There is no generation of yours with this id.");
}
