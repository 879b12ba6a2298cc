using System.Security.Claims;
using MasterX.Api.Keys;
using MasterX.Api.Storage;
using Microsoft.AspNetCore.Http.HttpResults;

namespace MasterX.Api.Ai;

/// <summary><c>/api/ai</c>: generate, and look at what was generated.</summary>
internal static class AiEndpoints
{
    private const int DefaultPage = 20;
    private const int LargestPage = 100;

    public static void MapAi(this WebApplication app)
    {
        var ai = app.MapGroup("/api/ai").RequireAuthorization(ConsumerScopes.Generate).WithTags("AI");
        ai.MapPost("/generate", GenerateAsync).WithName("generate").WithSummary("Generate text");
        ai.MapGet("/generations", ListAsync).WithName("listGenerations").WithSummary("Your generations, newest first");
        ai.MapGet("/generations/{id}", GetAsync).WithName("getGeneration").WithSummary("One of your generations");
    }

    private static async Task<Results<Ok<GenerateAnswer>, ProblemHttpResult>> GenerateAsync(
        GenerateRequest request, GatewayClient gateway, IGenerationStore generations, IUserStore users, TimeProvider time, ClaimsPrincipal caller, HttpContext context, CancellationToken cancellationToken)
    {
        if (request.Stream == true)
        {
            return TypedResults.Problem("Streaming is not available in this version; leave 'stream' out.", statusCode: StatusCodes.Status400BadRequest);
        }

        if (request.UserId is { } userId && await users.FindAsync(userId, cancellationToken) is null)
        {
            return TypedResults.Problem("user_id names no user. POST /api/users makes one.", statusCode: StatusCodes.Status400BadRequest);
        }

        var begun = time.GetTimestamp();
        var answer = await gateway.CompleteAsync(request, caller.KeyId(), cancellationToken);
        if (answer.Status != StatusCodes.Status200OK)
        {
            return GatewayProblem.Of(answer, context.Response);
        }

        var generation = new Generation
        {
            Id = Identifier.New("gen"),
            KeyId = caller.KeyId(),
            UserId = request.UserId,
            CreatedAt = Identifier.Now(time),
            Prompt = request.Prompt!,
            System = request.System,
            Success = answer.Success,
            Content = answer.Content,
            Confidence = answer.Confidence,
            Provider = answer.Provider,
            Model = answer.Model,
            Usage = answer.Usage,
            Cost = answer.Cost,
            Attempts = answer.Attempts,
            Cached = answer.Cached,
            LatencyMs = (long)time.GetElapsedTime(begun).TotalMilliseconds,
        };

        // The answer has been paid for: it is kept even if the caller leaves now.
        await generations.AddAsync(generation, CancellationToken.None);
        return TypedResults.Ok(GenerateAnswer.Of(generation));
    }

    private static async Task<Results<Ok<GenerationPage>, ProblemHttpResult>> ListAsync(
        IGenerationStore generations, ClaimsPrincipal caller, CancellationToken cancellationToken, int limit = DefaultPage, string? cursor = null)
    {
        if (limit is < 1 or > LargestPage)
        {
            return TypedResults.Problem($"limit must be 1 to {LargestPage}.", statusCode: StatusCodes.Status400BadRequest);
        }

        // One more than asked for tells whether there is a next page.
        var found = await generations.ListAsync(caller.KeyId(), cursor, limit + 1, cancellationToken);
        var items = found.Take(limit).Select(GenerationAnswer.Of).ToArray();
        return TypedResults.Ok(new GenerationPage(items, found.Count > limit ? items[^1].Id : null));
    }

    private static async Task<Results<Ok<GenerationAnswer>, ProblemHttpResult>> GetAsync(string id, IGenerationStore generations, ClaimsPrincipal caller, CancellationToken cancellationToken) =>
        await generations.FindAsync(caller.KeyId(), id, cancellationToken) is { } generation
            ? TypedResults.Ok(GenerationAnswer.Of(generation))
            : TypedResults.Problem("There is no generation of yours with this id.", statusCode: StatusCodes.Status404NotFound);
}
