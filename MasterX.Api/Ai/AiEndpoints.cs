using System.ComponentModel.DataAnnotations;
using MasterX.Api.Http;
using MasterX.Api.Idempotency;
using MasterX.Api.Keys;
using MasterX.Api.Storage;
using Microsoft.AspNetCore.Http.HttpResults;

namespace MasterX.Api.Ai;

/// <summary><c>/api/ai</c>: generate, and look at what was generated.</summary>
internal static class AiEndpoints
{
    public static void MapAi(this WebApplication app)
    {
        var ai = app.MapGroup("/api/ai").RequireAuthorization(ConsumerScopes.Generate).WithTags("AI");
        ai.MapPost("/generate", GenerateAsync).WithName("generate").WithSummary("Generate text, whole or as a stream of events").IsIdempotent()
            .Produces<GenerateAnswer>(StatusCodes.Status200OK, "application/json", "text/event-stream").Refuses(400, 402, 409, 413, 415, 422, 504);
        ai.MapGet("/generations", ListAsync).WithName("listGenerations").WithSummary("Your generations, newest first; an admin sees everyone's").Refuses(400);
        ai.MapGet("/generations/{id}", GetAsync).DisableValidation().WithName("getGeneration").WithSummary("One of your generations").Refuses(400, 404);
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
        IGenerationStore generations, HttpContext context, CancellationToken cancellationToken, [Range(1, Paging.Largest)] int limit = Paging.Default, [StringLength(100)] string? cursor = null) =>
        TypedResults.Ok(Paging.Of(await generations.ListAsync(context.Consumer().Sees(), cursor, limit + 1, cancellationToken), limit, GenerationAnswer.Of, generation => generation.Id));

    private static async Task<Results<Ok<GenerationAnswer>, ProblemHttpResult>> GetAsync(string id, IGenerationStore generations, HttpContext context, CancellationToken cancellationToken) =>
        await generations.FindAsync(context.Consumer().Sees(), id, cancellationToken) is { } generation
            ? TypedResults.Ok(GenerationAnswer.Of(generation))
            : Problems.NotFound("There is no generation of yours with this id.");
}
