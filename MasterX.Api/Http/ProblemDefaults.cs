using MasterX.ServiceDefaults.Telemetry;

namespace MasterX.Api.Http;

/// <summary>What every problem document (RFC 9457) has: the trace id, and a detail that says what to do.</summary>
internal static class ProblemDefaults
{
    /// <summary>The same that stands in every log line of the request.</summary>
    public static string TraceId(HttpContext context) => RequestIdentity.Of(context).TraceId;

    public static void Complete(ProblemDetailsContext context)
    {
        var problem = context.ProblemDetails;
        problem.Extensions["trace_id"] = TraceId(context.HttpContext);
        problem.Instance ??= context.HttpContext.Request.Path;
        problem.Detail ??= problem.Status switch
        {
            StatusCodes.Status401Unauthorized => "Send a key as 'Authorization: Bearer mx_…'.",
            StatusCodes.Status403Forbidden => "The key's scopes do not allow this.",
            StatusCodes.Status404NotFound => "There is nothing here. GET /api/ lists where to go.",
            StatusCodes.Status405MethodNotAllowed => "The method is not allowed here; the Allow header lists those that are.",
            StatusCodes.Status413PayloadTooLarge => $"The request body is larger than {RequestSizeLimit.Of(context.HttpContext.Request)} bytes.",
            StatusCodes.Status415UnsupportedMediaType when UnpackedOnly.IsPacked(context.HttpContext.Request) => "Send the body as it is, without Content-Encoding.",
            StatusCodes.Status415UnsupportedMediaType => "The content type must be application/json.",
            StatusCodes.Status500InternalServerError => "The service failed; nothing you sent is at fault. Quote the trace id when you report it.",
            _ => null,
        };
    }
}
