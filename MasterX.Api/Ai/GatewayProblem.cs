using System.Globalization;
using MasterX.Api.Idempotency;
using Microsoft.AspNetCore.Http.HttpResults;

namespace MasterX.Api.Ai;

/// <summary>An error of the gateway as a problem document: its words and attempts are made for consumers.</summary>
internal static class GatewayProblem
{
    public static ProblemHttpResult Of(GatewayAnswer answer, HttpResponse response)
    {
        // Whoever is asked, and with what settings, may be another next time.
        response.HttpContext.MayEndOtherwise();
        if (answer.RetryAfter is { } wait)
        {
            response.Headers.RetryAfter = Math.Max(1, (long)Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        }

        var status = answer.Status switch
        {
            StatusCodes.Status404NotFound => StatusCodes.Status400BadRequest,
            >= 400 and < 500 => answer.Status,
            StatusCodes.Status504GatewayTimeout => StatusCodes.Status504GatewayTimeout,
            _ => StatusCodes.Status503ServiceUnavailable,
        };
        return TypedResults.Problem(answer.Error, statusCode: status, extensions: new Dictionary<string, object?> { ["attempts"] = answer.Attempts });
    }
}
