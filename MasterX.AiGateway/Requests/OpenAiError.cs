using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace MasterX.AiGateway.Requests;

/// <summary>
/// Errors as OpenAI's API gives them: <c>{"error":{"message","type","param","code"}}</c>
/// (<see href="https://platform.openai.com/docs/guides/error-codes"/>), with the trace id and, where candidates were tried, the attempts.
/// </summary>
internal static class OpenAiError
{
    public const string InvalidRequest = "invalid_request_error";
    public const string RateLimit = "rate_limit_error";
    public const string Server = "server_error";

    public static Task BadRequestAsync(HttpContext context, string message, string? parameter = null) =>
        WriteAsync(context, StatusCodes.Status400BadRequest, message, InvalidRequest, code: null, parameter);

    public static async Task WriteAsync(
        HttpContext context, int status, string message, string type, string? code, string? parameter = null, IReadOnlyList<Attempt>? attempts = null)
    {
        using var buffer = new PooledBuffer(512);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteStartObject("error");
            json.WriteString("message", message);
            json.WriteString("type", type);
            json.WriteString("param", parameter);
            json.WriteString("code", code);
            json.WriteString("trace_id", TraceId(context));
            if (attempts is not null)
            {
                WriteAttempts(json, attempts);
            }

            json.WriteEndObject();
            json.WriteEndObject();
        }

        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = buffer.Length;
        await context.Response.BodyWriter.WriteAsync(buffer.Memory, context.RequestAborted);
    }

    /// <summary>Of the request's activity; of the caller's, where this service is not traced itself; else the connection's and request's number.</summary>
    private static string TraceId(HttpContext context)
    {
        if (Activity.Current is { } activity)
        {
            return activity.TraceId.ToHexString();
        }

        return context.Request.Headers.TraceParent is [{ } parent] && ActivityContext.TryParse(parent, null, out var caller)
            ? caller.TraceId.ToHexString()
            : context.TraceIdentifier;
    }

    private static void WriteAttempts(Utf8JsonWriter json, IReadOnlyList<Attempt> attempts)
    {
        json.WriteStartArray("attempts");
        foreach (var attempt in attempts)
        {
            json.WriteStartObject();
            json.WriteString("provider", attempt.Provider);
            json.WriteString("model", attempt.Model);
            json.WriteString("outcome", attempt.Outcome.Name());
            if (attempt.Status is { } status)
            {
                json.WriteNumber("status", status);
            }

            json.WriteNumber("ms", Math.Round(attempt.Elapsed.TotalMilliseconds));
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    /// <summary>One attempt in words, for a message: <c>gemini (503, provider_failed)</c>.</summary>
    public static string Describe(Attempt attempt) => attempt.Status is { } status
        ? string.Create(CultureInfo.InvariantCulture, $"{attempt.Provider} ({status}, {attempt.Outcome.Name()})")
        : $"{attempt.Provider} ({attempt.Outcome.Name()})";
}
