using System.Globalization;
using MasterX.ServiceDefaults.Telemetry;

namespace MasterX.AiGateway.Requests;

/// <summary>
/// Errors of the gateway's own, in the form that the caller's client reads: <see cref="OpenAiError"/>'s, or
/// <see cref="AnthropicError"/>'s for those who speak Anthropic's API; always with the trace id and, where candidates were tried, the
/// attempts.
/// </summary>
internal static class CallerError
{
    public const string InvalidRequest = "invalid_request_error";
    public const string RateLimit = "rate_limit_error";
    public const string Server = "server_error";

    public static Task BadRequestAsync(HttpContext context, string message, string? parameter = null) =>
        WriteAsync(context, StatusCodes.Status400BadRequest, message, InvalidRequest, code: null, parameter);

    /// <param name="context">Whose response it is; nothing of it has been sent.</param>
    /// <param name="status">HTTP's.</param>
    /// <param name="message">What happened, to what, and what to do.</param>
    /// <param name="type">As OpenAI names kinds of errors; Anthropic's go by the status.</param>
    /// <param name="code">For programs.</param>
    /// <param name="parameter">The field at fault.</param>
    /// <param name="attempts">Who was asked.</param>
    public static async Task WriteAsync(
        HttpContext context, int status, string message, string type, string? code, string? parameter = null, IReadOnlyList<Attempt>? attempts = null)
    {
        using var buffer = new PooledBuffer(512);
        if (SpeaksAnthropic(context.Request))
        {
            AnthropicError.Write(buffer, status, message, code, parameter, RequestIdentity.Of(context).TraceId, attempts);
        }
        else
        {
            OpenAiError.Write(buffer, message, type, code, parameter, RequestIdentity.Of(context).TraceId, attempts);
        }

        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = buffer.Length;
        await context.Response.BodyWriter.WriteAsync(buffer.Memory, context.RequestAborted);
    }

    /// <summary>
    /// Whether a client of Anthropic's API asks: by the path; where a path belongs to both APIs, by the header that Anthropic's requires.
    /// </summary>
    public static bool SpeaksAnthropic(HttpRequest request) =>
        request.Path.StartsWithSegments("/v1/messages")
        || (request.Headers.ContainsKey(AnthropicHeaders.Version) && request.Path.StartsWithSegments("/v1/models"));

    /// <summary>One attempt in words, for a message: <c>gemini (503, provider_failed)</c>.</summary>
    public static string Describe(Attempt attempt) => attempt.Status is { } status
        ? string.Create(CultureInfo.InvariantCulture, $"{attempt.Provider} ({status}, {attempt.Outcome.Name()})")
        : $"{attempt.Provider} ({attempt.Outcome.Name()})";
}
