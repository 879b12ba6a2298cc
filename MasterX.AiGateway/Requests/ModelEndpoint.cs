using MasterX.AiGateway.Caching;
using MasterX.AiGateway.Calls;
using MasterX.AiGateway.Providers;
using MasterX.AiGateway.Routing;
using MasterX.AiGateway.Streaming;
using MasterX.AiGateway.Telemetry;

namespace MasterX.AiGateway.Requests;

/// <summary>
/// <c>POST /v1/chat/completions</c>, <c>/v1/embeddings</c>, <c>/v1/responses</c>, <c>/v1/messages</c>. A request's way through the gateway:
/// <code>
///  request ─ (1) caller's token, size, unpacked, one pass over the body
///          ─ (2) model → route: candidates in order
///          ─ (3) cache, where the route keeps answers; joins an identical request under way
///          ─ (4) each candidate behind its gate: cool-down, circuit, calls at once, calls per minute
///          ─ (5) classify: answer, next candidate, or the request's own fault
///          ─ (6) commit: from here on the answer is this candidate's
///          ─ (7) the body, with the usage read from it
///          ─ (8) account: headers, metrics
/// </code>
/// A streamed answer takes (4) to (8) through <see cref="AnswerStreaming"/>.
/// (1) the token is checked by the filter in front of this; (4) and (5) are <see cref="Failover"/>.
/// </summary>
internal sealed class ModelEndpoint(
    Failover failover, AnswerStreaming streaming, CachedAnswers cachedAnswers, CachedStreaming cachedStreaming,
    CallRecords records, Translation.ThoughtMemory thoughts, GatewayMetrics metrics, GatewayConfiguration configuration, TimeProvider time)
{
    private const string NoReason = "The provider refused the request without saying why.";

    /// <summary>nginx's status for a caller who left; nobody reads it but the log.</summary>
    private const int ClientClosedRequest = 499;

    /// <summary>In seconds: as long as a cool-down lasts at most, after which the provider is asked again.</summary>
    private const long LongestRetryAfter = 600;

    public async Task HandleAsync(HttpContext context, Operation operation)
    {
        // (1)
        if (!IsJson(context.Request))
        {
            await CallerError.WriteAsync(context, StatusCodes.Status415UnsupportedMediaType, "The content type must be application/json.", CallerError.InvalidRequest, "unsupported_media_type");
            return;
        }

        if (await RequestBody.ReadOrRefuseAsync(context, configuration.Options.MaxRequestBytes) is not { } body)
        {
            return;
        }

        if (!ModelRequest.TryParse(operation, body, out var parsed, out var problem, out var parameter))
        {
            body.Dispose();
            await CallerError.BadRequestAsync(context, problem!, parameter);
            return;
        }

        // From here on the request owns the body.
        using var request = parsed!;
        (request.Consumer, request.Thoughts, request.ResumePrompt) = (Consumer(context), thoughts, configuration.Options.ResumePrompt);
        request.Anthropic = operation.IsAnthropic ? AnthropicHeaders.Of(context.Request) : null;
        var call = context.Request.Headers[CallRecords.Header].ToString();
        if (call.Length > 0 && !CallRecords.IsId(call))
        {
            await CallerError.BadRequestAsync(context, $"The header {CallRecords.Header} must be 1 to 64 letters, digits, '-' and '_'.", CallRecords.Header);
            return;
        }

        var record = request.Record = records.Open(call);
        try
        {
            await RouteAsync(context, request);
        }
        finally
        {
            record.LetGo();
        }
    }

    private async Task RouteAsync(HttpContext context, ModelRequest request)
    {
        var operation = request.Operation;

        // (2)
        if (configuration.Routes.Resolve(request.Model) is not { } route)
        {
            await CallerError.WriteAsync(
                context, StatusCodes.Status404NotFound, $"The model '{request.Model}' is neither a route nor provider/model of a configured provider. GET /v1/models lists what there is.",
                CallerError.InvalidRequest, "model_not_found", "model");
            return;
        }

        if (CachePolicy.Of(context.Request, route) is not { } lifetime)
        {
            await CallerError.BadRequestAsync(context, $"The header {CachePolicy.Header} must be 'off', or a number of seconds up to a day.", CachePolicy.Header);
            return;
        }

        if (operation == Operation.CountTokens && !route.Candidates.Any(candidate => candidate.UriOf(request) is not null))
        {
            await TokenCount.WriteAsync(context, request);
            return;
        }

        var candidates = route.Plan();
        if (operation == Operation.Responses)
        {
            request.ResponseIds = new ResponseIds(configuration.Options.Token, request.Consumer);
        }

        if (!request.HasPreviousResponse)
        {
            await AnswerAsync(context, request, route, candidates, lifetime);
        }
        else if (PreviousResponse.Resolve(request, route, ref candidates, out var unknown) is { } resolved)
        {
            using (resolved)
            {
                await AnswerAsync(context, resolved, route, candidates, lifetime);
            }
        }
        else
        {
            await CallerError.WriteAsync(
                context, StatusCodes.Status400BadRequest, unknown!, CallerError.InvalidRequest, "previous_response_not_found", PreviousResponse.Field);
        }
    }

    /// <summary>Steps (3) to (8).</summary>
    private async Task AnswerAsync(HttpContext context, ModelRequest request, ModelRoute route, IReadOnlyList<Candidate> candidates, TimeSpan lifetime)
    {
        var operation = request.Operation;
        var plan = new RequestPlan(candidates, route.HedgeAfter, new AttemptClock(time, time.GetTimestamp(), configuration.Options.TotalTimeout));
        var key = lifetime > TimeSpan.Zero && operation.Generates ? CacheKey.Of(route, route.CacheShared && operation != Operation.Responses ? "" : request.Consumer, request) : null;
        try
        {
            if (request.Stream)
            {
                var failed = key is null
                    ? await StreamAsync(context, request, plan, route)
                    : await cachedStreaming.AnswerAsync(context, plan, route, request, key, lifetime);
                if (failed is not null)
                {
                    await (context.Response.HasStarted ? BreakOffAsync(context, request.Operation, failed) : WriteAsync(context, request, failed));
                }

                return;
            }

            using var result = key is null
                ? await failover.AskAsync(plan, request, context.RequestAborted)
                : await cachedAnswers.GetOrCallAsync(
                    key, lifetime, request, token => failover.AskAsync(plan, request, token), context.RequestAborted);
            metrics.Passed(plan.Clock.Elapsed, result.Attempts);
            await WriteAsync(context, request, result);
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

    /// <returns>What is still to be told; <see langword="null"/> for nothing.</returns>
    private async Task<ModelResult?> StreamAsync(HttpContext context, ModelRequest request, RequestPlan plan, ModelRoute route)
    {
        await using var audience = new CallerAudience(context, request.Operation, time, configuration.Options.KeepAlive);
        return await streaming.AnswerAsync(audience, plan, route, request);
    }

    /// <summary>A comment has sent the status already, so that an event tells of the failure.</summary>
    private static Task BreakOffAsync(HttpContext context, Operation operation, ModelResult failed)
    {
        var (message, code) = failed.Refusal is { } refusal ? (refusal.Error?.Message ?? NoReason, refusal.Error?.Code ?? "request_refused") : (Failed(failed), "all_providers_failed");
        return CallerAudience.WriteErrorAsync(context.Response, operation, message, code, context.RequestAborted);
    }

    private static async Task WriteAsync(HttpContext context, ModelRequest request, ModelResult result)
    {
        var operation = request.Operation;
        Accounting.WriteAttempts(context.Response, result.Attempts);
        request.Record.Attempts = result.Attempts;
        Accounting.WriteSpent(context.Response, request.Record);
        if (result.Answer is { } answer)
        {
            Accounting.WriteAnswer(context.Response, request.Record, answer, result.Cached);
            context.Response.ContentType = "application/json";
            context.Response.ContentLength = answer.Body.Length;
            await context.Response.BodyWriter.WriteAsync(answer.Body, context.RequestAborted);
        }
        else if (result.Refusal is { } refusal)
        {
            await WriteRefusalAsync(context, refusal, result.Attempts);
        }
        else if (operation == Operation.CountTokens)
        {
            // Nobody who counts can be asked: a rough number is of more use than none.
            await TokenCount.WriteAsync(context, request);
        }
        else
        {
            await WriteFailureAsync(context, result);
        }
    }

    /// <summary>The provider's word on the request, in the form every provider's has here.</summary>
    private static Task WriteRefusalAsync(HttpContext context, ProviderAnswer refusal, IReadOnlyList<Attempt> attempts)
    {
        // A provider's 401, 402, 403 or 407 is between it and us.
        var status = refusal.Verdict.CallerStatus ?? refusal.Status switch
        {
            401 or 402 or 403 or 407 => StatusCodes.Status400BadRequest,
            >= 400 and <= 499 and { } own => own,
            _ => StatusCodes.Status502BadGateway,
        };
        WriteRetryAfter(context, refusal.Told);
        var error = refusal.Error;
        return CallerError.WriteAsync(
            context, status, error?.Message ?? NoReason,
            status < StatusCodes.Status500InternalServerError ? CallerError.InvalidRequest : CallerError.Server, error?.Code,
            error?.Parameter, attempts);
    }

    private static void WriteRetryAfter(HttpContext context, TimeSpan? after)
    {
        if (after is { } wait)
        {
            var seconds = Math.Clamp((long)Math.Ceiling(wait.TotalSeconds), 1, LongestRetryAfter);
            context.Response.Headers.RetryAfter = seconds.ToString(System.Globalization.CultureInfo.InvariantCulture);
        }
    }

    private static Task WriteFailureAsync(HttpContext context, ModelResult result)
    {
        if (result.IsTimeout)
        {
            return CallerError.WriteAsync(
                context, StatusCodes.Status504GatewayTimeout, "No provider answered within the gateway's total limit for a request.", CallerError.Server, "timeout", attempts: result.Attempts);
        }

        WriteRetryAfter(context, result.RetryAfter);
        return result.AllAtLimit
            ? CallerError.WriteAsync(
                context, StatusCodes.Status429TooManyRequests, "Every provider of the route is at its limit; Retry-After says when to come back.",
                CallerError.RateLimit, "rate_limit_exceeded", attempts: result.Attempts)
            : CallerError.WriteAsync(
                context, StatusCodes.Status503ServiceUnavailable, Failed(result),
                CallerError.Server, "all_providers_failed", attempts: result.Attempts);
    }

    private static string Failed(ModelResult result) => $"All providers failed: {string.Join(", ", result.Attempts.Select(CallerError.Describe))}.";

    /// <summary>The consumer behind the caller, as the API names it; the gateway's callers share one token.</summary>
    internal static string Consumer(HttpContext context) => context.Request.Headers["x-masterx-consumer"].ToString();

    private static bool IsJson(HttpRequest request) =>
        request.ContentType is "application/json"
        || Microsoft.Net.Http.Headers.MediaTypeHeaderValue.TryParse(request.ContentType, out var type)
        && (type.MediaType.Equals("application/json", StringComparison.OrdinalIgnoreCase) || type.Suffix.Equals("json", StringComparison.OrdinalIgnoreCase));
}
