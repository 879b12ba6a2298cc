using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Mvc;

namespace MasterX.Api.Ai;

/// <summary>A gateway that does not answer is a 503, and a line for the operator with the reason.</summary>
internal sealed partial class GatewayUnavailableHandler(IProblemDetailsService problems, ILogger<GatewayUnavailableHandler> logger) : IExceptionHandler
{
    public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        if (exception is not GatewayUnavailableException unavailable)
        {
            return false;
        }

        LogUnavailable(logger, unavailable.Message, unavailable.InnerException);
        httpContext.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        httpContext.Response.Headers.RetryAfter = "5";
        return await problems.TryWriteAsync(new ProblemDetailsContext
        {
            HttpContext = httpContext,
            ProblemDetails = new ProblemDetails
            {
                Status = StatusCodes.Status503ServiceUnavailable,
                Detail = "The AI gateway cannot be used at the moment. Try again after the time in Retry-After; what a model had been paid for by then, if anything, is in your usage.",
            },
        });
    }

    [LoggerMessage(41, LogLevel.Error, "{Problem}")]
    private static partial void LogUnavailable(ILogger logger, string problem, Exception? error);
}
