using System.Text.Json;

namespace MasterX.AiGateway.Requests;

/// <summary>
/// Errors as Anthropic's API gives them: <c>{"type":"error","error":{"type","message"},"request_id"}</c>
/// (<see href="https://docs.anthropic.com/en/api/errors"/>); the request's id is the trace's. <c>code</c>, <c>param</c> and
/// <c>attempts</c> are the gateway's own, and stand beside.
/// </summary>
internal static class AnthropicError
{
    public static void Write(
        PooledBuffer output, int status, string message, string? code, string? parameter, string traceId, IReadOnlyList<Attempt>? attempts)
    {
        using var json = new Utf8JsonWriter(output);
        json.WriteStartObject();
        json.WriteString("type", "error");
        json.WriteStartObject("error");
        json.WriteString("type", TypeOf(status));
        json.WriteString("message", message);
        if (parameter is not null)
        {
            json.WriteString("param", parameter);
        }

        if (code is not null)
        {
            json.WriteString("code", code);
        }

        if (attempts is not null)
        {
            OpenAiError.WriteAttempts(json, attempts);
        }

        json.WriteEndObject();
        json.WriteString("request_id", traceId);
        json.WriteEndObject();
    }

    /// <summary>The error event that ends a stream.</summary>
    public static void WriteEvent(PooledBuffer output, string message, string code)
    {
        using var json = new Utf8JsonWriter(output);
        json.WriteStartObject();
        json.WriteString("type", "error");
        json.WriteStartObject("error");
        json.WriteString("type", "api_error");
        json.WriteString("message", message);
        json.WriteString("code", code);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    /// <summary>Anthropic's clients go by the type, where OpenAI's go by the code.</summary>
    private static string TypeOf(int status) => status switch
    {
        StatusCodes.Status401Unauthorized => "authentication_error",
        StatusCodes.Status402PaymentRequired => "billing_error",
        StatusCodes.Status403Forbidden => "permission_error",
        StatusCodes.Status404NotFound => "not_found_error",
        StatusCodes.Status413PayloadTooLarge => "request_too_large",
        StatusCodes.Status429TooManyRequests => "rate_limit_error",
        StatusCodes.Status503ServiceUnavailable or 529 => "overloaded_error",
        StatusCodes.Status504GatewayTimeout => "timeout_error",
        < StatusCodes.Status500InternalServerError => "invalid_request_error",
        _ => "api_error",
    };
}
