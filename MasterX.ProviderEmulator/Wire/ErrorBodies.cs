namespace MasterX.ProviderEmulator.Wire;

/// <summary>Errors as each provider writes them.</summary>
internal static class ErrorBodies
{
    public static Task WriteAsync(HttpContext context, string provider, int status, string message, string? code = null)
    {
        context.Response.StatusCode = status;
        return provider == "gemini"
            ? context.Response.WriteAsJsonAsync(new { error = new { code = status, message, status = code ?? GoogleStatus(status) } }, context.RequestAborted)
            : context.Response.WriteAsJsonAsync(new { error = new { message, type = OpenAiType(status), param = (string?)null, code } }, context.RequestAborted);
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

    private static string OpenAiType(int status) => status switch
    {
        429 => "rate_limit_error",
        >= 500 => "server_error",
        _ => "invalid_request_error",
    };
}
