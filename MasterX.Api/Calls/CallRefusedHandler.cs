using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Mvc;

namespace MasterX.Api.Calls;

/// <summary>A call that a budget does not allow is a 402; under <c>/v1</c> it is told in the form of the API that is spoken there.</summary>
internal sealed class CallRefusedHandler(IProblemDetailsService problems) : IExceptionHandler
{
    public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        if (exception is not CallRefusedException refused)
        {
            return false;
        }

        httpContext.Response.StatusCode = StatusCodes.Status402PaymentRequired;
        return await problems.TryWriteAsync(new ProblemDetailsContext
        {
            HttpContext = httpContext,
            ProblemDetails = new ProblemDetails { Status = StatusCodes.Status402PaymentRequired, Detail = refused.Message },
        });
    }
}
