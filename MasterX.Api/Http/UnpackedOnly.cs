using MasterX.Api.OpenAi;

namespace MasterX.Api.Http;

/// <summary>
/// Refuses a packed body where it is read here, which is small. What is forwarded goes on as it is: the gateway unpacks it.
/// </summary>
internal sealed class UnpackedOnly(RequestDelegate next)
{
    private const string Identity = "identity";

    public Task InvokeAsync(HttpContext context)
    {
        if (!IsPacked(context.Request) || context.Request.Path.StartsWithSegments(OpenAiEndpoints.Prefix))
        {
            return next(context);
        }

        // The problem document comes from the status code pages.
        context.Response.StatusCode = StatusCodes.Status415UnsupportedMediaType;
        context.Response.Headers.AcceptEncoding = Identity;
        return Task.CompletedTask;
    }

    /// <summary>Whether a body has a content coding.</summary>
    public static bool IsPacked(HttpRequest request) =>
        request.Headers.ContentEncoding is { Count: > 0 } coding && !Identity.Equals(coding.ToString(), StringComparison.OrdinalIgnoreCase);
}
