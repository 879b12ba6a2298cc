using MasterX.Api.Storage;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Mvc;

namespace MasterX.Api.Http;

/// <summary>A database that does not answer is a 503 that says so, not a 500.</summary>
internal sealed partial class StorageFailureHandler(IProblemDetailsService problems, StorageWatch watch, ILogger<StorageFailureHandler> logger) : IExceptionHandler
{
    public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        if (exception is not StorageException storage)
        {
            return false;
        }

        LogFailure(logger, storage.Message, storage);
        watch.LookNow();
        httpContext.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        httpContext.Response.Headers.RetryAfter = "5";
        return await problems.TryWriteAsync(new ProblemDetailsContext
        {
            HttpContext = httpContext,
            ProblemDetails = new ProblemDetails
            {
                Status = StatusCodes.Status503ServiceUnavailable,
                Detail = "The database does not take the request at the moment. Nothing was stored; try again after the time in Retry-After.",
            },
        });
    }

    [LoggerMessage(40, LogLevel.Error, "Storage failed: {Problem}")]
    private static partial void LogFailure(ILogger logger, string problem, Exception error);
}
