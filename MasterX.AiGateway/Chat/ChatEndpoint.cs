using MasterX.AiGateway.Caching;
using MasterX.AiGateway.Providers;
using MasterX.AiGateway.Routing;
using MasterX.AiGateway.Streaming;

namespace MasterX.AiGateway.Chat;

/// <summary>
/// <c>POST /v1/chat/completions</c>. A request's way through the gateway:
/// <code>
///  request ─ (1) caller's token, size, one pass over the body
///          ─ (2) model → route: candidates in order
///          ─ (3) cache, where the route keeps answers; joins an identical request under way
///          ─ (4) each candidate behind its gate: cool-down, circuit, calls at once, calls per minute
///          ─ (5) classify: answer, next candidate, or the request's own fault
///          ─ (6) commit: from here on the answer is this candidate's
///          ─ (7) the body, with the usage read from it
///          ─ (8) account: headers, metrics
/// </code>
/// A streamed answer takes (4) to (8) through <see cref="ChatStreaming"/>.
/// (1) the token is checked by the filter in front of this; (4) and (5) are <see cref="ChatFailover"/>.
/// </summary>
internal sealed class ChatEndpoint(ChatFailover failover, ChatStreaming streaming, AnswerCache cache, ChatAccounting accounting, GatewayConfiguration configuration, TimeProvider time)
{
    /// <summary>nginx's status for a caller who left; nobody reads it but the log.</summary>
    private const int ClientClosedRequest = 499;

    public async Task HandleAsync(HttpContext context)
    {
        // (1)
        if (!IsJson(context.Request))
        {
            await OpenAiError.WriteAsync(context, StatusCodes.Status415UnsupportedMediaType, "The content type must be application/json.", OpenAiError.InvalidRequest, "unsupported_media_type");
            return;
        }

        var limit = configuration.Options.MaxRequestBytes;
        using var body = await RequestBody.ReadAsync(context.Request, limit, context.RequestAborted);
        if (body is null)
        {
            await OpenAiError.WriteAsync(context, StatusCodes.Status413PayloadTooLarge, $"The request body is larger than {limit} bytes.", OpenAiError.InvalidRequest, "request_too_large");
            return;
        }

        if (!ChatRequest.TryParse(body.Memory, out var request, out var problem, out var parameter))
        {
            await OpenAiError.BadRequestAsync(context, problem!, parameter);
            return;
        }

        // (2)
        if (configuration.Routes.Resolve(request!.Model) is not { } route)
        {
            await OpenAiError.WriteAsync(
                context, StatusCodes.Status404NotFound, $"The model '{request.Model}' is neither a route nor provider/model of a configured provider. GET /v1/models lists what there is.",
                OpenAiError.InvalidRequest, "model_not_found", "model");
            return;
        }

        // (3) to (8)
        var clock = new AttemptClock(time, time.GetTimestamp(), configuration.Options.TotalTimeout);
        try
        {
            if (request.Stream)
            {
                if (await streaming.AnswerAsync(context, route, request, clock) is { } failed)
                {
                    await WriteAsync(context, route, failed);
                }

                return;
            }

            using var result = route.Cache > TimeSpan.Zero
                ? await cache.GetOrCallAsync(route, Caller(context), request, token => failover.AskAsync(route.Plan(), request, clock, token), context.RequestAborted)
                : await failover.AskAsync(route.Plan(), request, clock, context.RequestAborted);
            await WriteAsync(context, route, result);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // Of a stream that has begun the status is sent already.
            if (!context.Response.HasStarted)
            {
                context.Response.StatusCode = ClientClosedRequest;
            }
        }
    }

    private async Task WriteAsync(HttpContext context, ModelRoute route, ChatResult result)
    {
        ChatAccounting.WriteAttempts(context.Response, result.Attempts);
        if (result.Answer is { } answer)
        {
            accounting.WriteAnswer(context.Response, route, answer, result.Cached);
            context.Response.ContentType = "application/json";
            context.Response.ContentLength = answer.Body.Length;
            await context.Response.BodyWriter.WriteAsync(answer.Body.Memory, context.RequestAborted);
        }
        else if (result.Refusal is { } refusal)
        {
            var error = refusal.Error;
            await OpenAiError.WriteAsync(
                context, refusal.Status ?? StatusCodes.Status400BadRequest, error?.Message ?? "The provider refused the request without saying why.",
                OpenAiError.InvalidRequest, error?.Code, error?.Parameter, result.Attempts);
        }
        else
        {
            await WriteFailureAsync(context, result);
        }
    }

    private static Task WriteFailureAsync(HttpContext context, ChatResult result)
    {
        if (result.IsTimeout)
        {
            return OpenAiError.WriteAsync(
                context, StatusCodes.Status504GatewayTimeout, "No provider answered within the gateway's total limit for a request.", OpenAiError.Server, "timeout", attempts: result.Attempts);
        }

        if (result.RetryAfter is { } wait)
        {
            context.Response.Headers.RetryAfter = Math.Max(1, (long)Math.Ceiling(wait.TotalSeconds)).ToString(System.Globalization.CultureInfo.InvariantCulture);
        }

        return result.Attempts.All(attempt => attempt.Outcome.IsLimit())
            ? OpenAiError.WriteAsync(
                context, StatusCodes.Status429TooManyRequests, "Every provider of the route is at its limit; Retry-After says when to come back.",
                OpenAiError.RateLimit, "rate_limit_exceeded", attempts: result.Attempts)
            : OpenAiError.WriteAsync(
                context, StatusCodes.Status503ServiceUnavailable, $"All providers failed: {string.Join(", ", result.Attempts.Select(OpenAiError.Describe))}.",
                OpenAiError.Server, "all_providers_failed", attempts: result.Attempts);
    }

    /// <summary>The consumer behind the caller, as the API names it; the gateway's callers share one token.</summary>
    private static string Caller(HttpContext context) => context.Request.Headers["x-masterx-consumer"].ToString();

    private static bool IsJson(HttpRequest request) =>
        request.ContentType is "application/json"
        || Microsoft.Net.Http.Headers.MediaTypeHeaderValue.TryParse(request.ContentType, out var type)
        && (type.MediaType.Equals("application/json", StringComparison.OrdinalIgnoreCase) || type.Suffix.Equals("json", StringComparison.OrdinalIgnoreCase));
}
