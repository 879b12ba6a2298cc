using MasterX.Api.Http;

namespace MasterX.Api.Anthropic;

// https://docs.anthropic.com/en/api/errors

/// <summary>An error in Anthropic's form.</summary>
/// <param name="Type"><c>error</c>.</param>
/// <param name="Error">What happened.</param>
/// <param name="RequestId">The trace id; to be quoted when the error is reported.</param>
internal sealed record AnthropicErrorAnswer(string Type, AnthropicError Error, string RequestId)
{
    public static Task WriteAsync(HttpContext context, int status, string message)
    {
        context.Response.StatusCode = status;
        return context.Response.WriteAsJsonAsync(
            new AnthropicErrorAnswer("error", new(AnthropicError.TypeOf(status), message), ProblemDefaults.TraceId(context)), context.RequestAborted);
    }
}

/// <summary>What happened.</summary>
/// <param name="Type">Its kind, by which programs go.</param>
/// <param name="Message">In words, with what to do.</param>
internal sealed record AnthropicError(string Type, string Message)
{
    public static string TypeOf(int status) => status switch
    {
        StatusCodes.Status401Unauthorized => "authentication_error",
        StatusCodes.Status403Forbidden => "permission_error",
        StatusCodes.Status404NotFound => "not_found_error",
        StatusCodes.Status413PayloadTooLarge => "request_too_large",
        StatusCodes.Status429TooManyRequests => "rate_limit_error",
        < StatusCodes.Status500InternalServerError => "invalid_request_error",
        StatusCodes.Status503ServiceUnavailable => "overloaded_error",
        StatusCodes.Status504GatewayTimeout => "timeout_error",
        _ => "api_error",
    };
}

/// <summary>To a client of Anthropic's API every problem, whoever found it, is written as it expects.</summary>
internal sealed class AnthropicProblemWriter : IProblemDetailsWriter
{
    public bool CanWrite(ProblemDetailsContext context) => AnthropicEndpoints.IsSpokenBy(context.HttpContext.Request);

    public ValueTask WriteAsync(ProblemDetailsContext context)
    {
        var problem = context.ProblemDetails;
        ProblemDefaults.Complete(context);
        return new(AnthropicErrorAnswer.WriteAsync(
            context.HttpContext, problem.Status ?? context.HttpContext.Response.StatusCode, problem.Detail ?? problem.Title ?? "The request failed."));
    }
}
