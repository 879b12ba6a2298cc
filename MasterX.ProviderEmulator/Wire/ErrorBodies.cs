namespace MasterX.ProviderEmulator.Wire;

/// <summary>Errors as each provider writes them.</summary>
internal static class ErrorBodies
{
    public static Task WriteAsync(HttpContext context, string provider, int status, string message, string? code = null)
    {
        context.Response.StatusCode = status;
        return provider switch
        {
            "gemini" => context.Response.WriteAsJsonAsync(new { error = new { code = status, message, status = code ?? GoogleStatus(status) } }, context.RequestAborted),
            "anthropic" => context.Response.WriteAsJsonAsync(new { type = "error", error = new { type = code ?? AnthropicType(status), message } }, context.RequestAborted),
            _ => context.Response.WriteAsJsonAsync(new { error = new { message, type = OpenAiType(status), param = (string?)null, code } }, context.RequestAborted),
        };
    }

    /// <summary>The canonical names of <see href="https://google.aip.dev/193"/>.</summary>
    private static string GoogleStatus(int status) => status switch
    {
        400 => "INVALID_ARGUMENT",
        401 => "UNAUTHENTICATED",
        403 => "PERMISSION_DENIED",
        404 => "NOT_FOUND",
        429 => "RESOURCE_EXHAUSTED",
        503 => "UNAVAILABLE",
        504 => "DEADLINE_EXCEEDED",
        _ => "INTERNAL",
    };

    /// <summary>As listed at <see href="https://docs.anthropic.com/en/api/errors"/>.</summary>
    private static string AnthropicType(int status) => status switch
    {
        400 => "invalid_request_error",
        401 => "authentication_error",
        403 => "permission_error",
        404 => "not_found_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        529 => "overloaded_error",
        _ => "api_error",
    };

    private static string OpenAiType(int status) => status switch
    {
        429 => "rate_limit_error",
        >= 500 => "server_error",
        _ => "invalid_request_error",
    };
}
