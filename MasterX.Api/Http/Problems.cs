using Microsoft.AspNetCore.Http.HttpResults;

namespace MasterX.Api.Http;

/// <summary>Refusals as problem documents (RFC 9457), with what to do about them; and the description of an endpoint's refusals.</summary>
internal static class Problems
{
    private const string Media = "application/problem+json";

    public static ProblemHttpResult BadRequest(string detail) => TypedResults.Problem(detail, statusCode: StatusCodes.Status400BadRequest);

    public static ProblemHttpResult NotFound(string detail) => TypedResults.Problem(detail, statusCode: StatusCodes.Status404NotFound);

    public static ProblemHttpResult Conflict(string detail) => TypedResults.Problem(detail, statusCode: StatusCodes.Status409Conflict);

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
