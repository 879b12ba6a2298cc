using MasterX.Api.Idempotency;
using Microsoft.AspNetCore.Http.HttpResults;

namespace MasterX.Api.Http;

/// <summary>Refusals as problem documents (RFC 9457), with what to do about them; and the description of an endpoint's refusals.</summary>
internal static class Problems
{
    private const string Media = "application/problem+json";

    public static ProblemHttpResult BadRequest(string detail) => TypedResults.Problem(detail, statusCode: StatusCodes.Status400BadRequest);

    public static ProblemHttpResult NotFound(string detail) => TypedResults.Problem(detail, statusCode: StatusCodes.Status404NotFound);

    public static ProblemHttpResult Conflict(string detail) => TypedResults.Problem(detail, statusCode: StatusCodes.Status409Conflict);

    /// <summary>Refuses with a 403, in the form of the API that is spoken at the path; the same request may be allowed next time.</summary>
    public static async Task ForbidAsync(HttpContext context, string detail)
    {
        context.MayEndOtherwise();
        context.Response.StatusCode = StatusCodes.Status403Forbidden;
        await context.RequestServices.GetRequiredService<IProblemDetailsService>().TryWriteAsync(
            new ProblemDetailsContext { HttpContext = context, ProblemDetails = { Status = StatusCodes.Status403Forbidden, Detail = detail } });
    }

    /// <summary>Describes the statuses an endpoint refuses with, beside those that any endpoint may: no key, a key without the scope, a limit, a failure, a database that is away.</summary>
    public static RouteHandlerBuilder Refuses(this RouteHandlerBuilder endpoint, params ReadOnlySpan<int> statuses)
    {
        foreach (var status in statuses)
        {
            endpoint.ProducesProblem(status, Media);
        }

        return endpoint.ProducesProblem(401, Media).ProducesProblem(403, Media).ProducesProblem(429, Media).ProducesProblem(500, Media).ProducesProblem(503, Media);
    }
}
