namespace MasterX.Api.OpenAi;

// https://platform.openai.com/docs/guides/error-codes

/// <summary>An error in OpenAI's form.</summary>
/// <param name="Error">What happened.</param>
internal sealed record OpenAiErrorAnswer(OpenAiError Error);

/// <summary>What happened.</summary>
/// <param name="Message">In words, with what to do.</param>
/// <param name="Type">Its kind.</param>
/// <param name="Param">The field at fault, if it is one field.</param>
/// <param name="Code">For programs.</param>
/// <param name="TraceId">To be quoted when the error is reported.</param>
internal sealed record OpenAiError(string Message, string Type, string? Param, string? Code, string? TraceId)
{
    public static Task WriteAsync(HttpContext context, int status, string message, string type, string? code)
    {
        context.Response.StatusCode = status;
        return context.Response.WriteAsJsonAsync(new OpenAiErrorAnswer(new(message, type, null, code, Http.ProblemDefaults.TraceId(context))), context.RequestAborted);
    }
}

/// <summary>Under <c>/v1</c> every problem, whoever found it, is written as OpenAI's clients expect it.</summary>
internal sealed class OpenAiProblemWriter : IProblemDetailsWriter
{
    public bool CanWrite(ProblemDetailsContext context) => context.HttpContext.Request.Path.StartsWithSegments(OpenAiEndpoints.Prefix);

    public ValueTask WriteAsync(ProblemDetailsContext context)
    {
        var problem = context.ProblemDetails;
        Http.ProblemDefaults.Complete(context);
        var status = problem.Status ?? context.HttpContext.Response.StatusCode;
        var (type, code) = Kind(status);
        return new(OpenAiError.WriteAsync(context.HttpContext, status, problem.Detail ?? problem.Title ?? "The request failed.", type, code));
    }

    private static (string Type, string? Code) Kind(int status) => status switch
    {
        StatusCodes.Status401Unauthorized => ("invalid_request_error", "invalid_api_key"),
        StatusCodes.Status403Forbidden => ("invalid_request_error", "insufficient_permissions"),
        StatusCodes.Status404NotFound => ("invalid_request_error", "unknown_url"),
        StatusCodes.Status405MethodNotAllowed => ("invalid_request_error", "method_not_allowed"),
        StatusCodes.Status413PayloadTooLarge => ("invalid_request_error", "request_too_large"),
        StatusCodes.Status415UnsupportedMediaType => ("invalid_request_error", "unsupported_media_type"),
        StatusCodes.Status429TooManyRequests => ("rate_limit_error", "rate_limit_exceeded"),
        < 500 => ("invalid_request_error", null),
        StatusCodes.Status503ServiceUnavailable => ("server_error", "service_unavailable"),
        _ => ("server_error", null),
    };
}
