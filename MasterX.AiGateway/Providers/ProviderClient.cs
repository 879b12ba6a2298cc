using System.Net;
using MasterX.AiGateway.Requests;
using MasterX.AiGateway.Routing;
using MasterX.AiGateway.Streaming;
using MasterX.AiGateway.Telemetry;
using MasterX.ServiceDefaults.Http;

namespace MasterX.AiGateway.Providers;

/// <summary>
/// One call to one provider: sends the request in the provider's format, waits no longer than its limits allow, and says how it went.
/// Whatever a provider does, it never throws but when the caller has left.
/// </summary>
internal sealed class ProviderClient(GatewayConfiguration configuration, IConfiguration settings, TimeProvider time)
{
    private readonly bool _captures = GenAiSpan.IsCapturing(settings);

    private const int LargestErrorBody = 64 * 1024;

    /// <summary>Asks for a whole answer, or opens a stream and reads it until there is content.</summary>
    /// <param name="call">What is asked of whom.</param>
    /// <param name="cancellationToken">Ends the call, and the stream for as long as it is open.</param>
    /// <exception cref="OperationCanceledException">The caller has left, or the service is to end.</exception>
    public async Task<ProviderAnswer> CallAsync(ProviderCall call, CancellationToken cancellationToken)
    {
        var (candidate, request) = (call.Candidate, call.Request);
        var provider = candidate.Provider;
        var options = provider.Options;
        if (candidate.UriOf(request) is not { } uri)
        {
            return NotOffered(provider, request);
        }

        // A candidate before this one may have brought the call here on a socket's thread.
        await SocketThread.LeaveFor(request.Body.Length);
        using var scratch = new PooledBuffer(request.Body.Length + 256);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        HttpResponseMessage? response = null;
        GenAiSpan? span = null;
        var handedOn = false;
        try
        {
            var message = new HttpRequestMessage(HttpMethod.Post, uri)
            {
                Version = HttpVersion.Version11,
                VersionPolicy = HttpVersionPolicy.RequestVersionOrHigher,
                Content = new SentBody(provider.Format.WriteRequest(request, candidate, scratch)),
            };
            provider.WriteHeaders(message);

            // From here on it is a call; one that could not be said in the provider's format is none.
            span = GenAiSpan.Begin(candidate, request, _captures);
            if (options.PropagateTrace)
            {
                RequestTrace.Propagate(message);
            }

            // One timer for every limit: the first byte, silence between two reads, the whole attempt, the whole request.
            var begun = time.GetTimestamp();
            var total = Shorter(options.TotalTimeout, call.TimeLeft);
            limit.CancelAfter(Shorter(options.FirstByteTimeout, total));
            response = await provider.Http.SendAsync(message, limit.Token);
            provider.Heard(reachable: true);
            limit.CancelAfter(Shorter(options.IdleTimeout, total - time.GetElapsedTime(begun)));
            var headers = ProviderHeaders.Read(response.Headers, time.GetUtcNow());
            var answer = response.StatusCode != HttpStatusCode.OK ? await ReadFailureAsync(response, provider, limit.Token)
                : request.Stream ? await OpenStreamAsync(response, call, span, begun, total, cancellationToken)
                : await ReadAnswerAsync(response, candidate, request.Operation, limit, begun, total);
            handedOn = answer.Stream is not null;
            answer.Headers = headers;
            span?.Describe(answer);
            return answer;
        }
        catch (UntranslatableRequestException cannot)
        {
            return new ProviderAnswer
            {
                Outcome = AttemptOutcome.NotTakenHere,
                Status = StatusCodes.Status400BadRequest,
                Error = new ProviderError(cannot.Message, null, cannot.Parameter),
                WasNotSent = true,
            };
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return Broken(AttemptOutcome.TimedOut, span);
        }
        catch (HttpRequestException error)
        {
            return Broken(error.HttpRequestError is HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError or HttpRequestError.SecureConnectionError ? AttemptOutcome.ConnectFailed : AttemptOutcome.BrokenAnswer, span);
        }
        catch (IOException)
        {
            // The connection was cut in the middle of the body.
            return Broken(AttemptOutcome.BrokenAnswer, span);
        }
        finally
        {
            if (!handedOn)
            {
                response?.Dispose();
                span?.Dispose();
            }
        }
    }

    private static ProviderAnswer Broken(AttemptOutcome outcome, GenAiSpan? span)
    {
        var answer = new ProviderAnswer { Outcome = outcome };
        span?.Describe(answer);
        return answer;
    }

    private static ProviderAnswer NotOffered(Provider provider, ModelRequest request) => new()
    {
        Outcome = AttemptOutcome.NotTakenHere,
        Status = StatusCodes.Status400BadRequest,
        Error = new ProviderError($"The provider '{provider.Name}' offers no {request.Operation.Path} through this gateway; name a model of an OpenAI-compatible one.", "unsupported_operation", "model"),
        WasNotSent = true,
    };

    private async Task<ProviderAnswer> OpenStreamAsync(HttpResponseMessage response, ProviderCall call, GenAiSpan? span, long begun, TimeSpan total, CancellationToken cancellationToken)
    {
        var options = call.Candidate.Provider.Options;
        if (response.Content.Headers.ContentType?.MediaType is not "text/event-stream")
        {
            return new ProviderAnswer { Outcome = AttemptOutcome.BrokenAnswer, Status = (int)response.StatusCode };
        }

        var frames = call.Candidate.Provider.Format.OpenFrames(call.Request, call.Candidate, call.Partial, call.Continuing);
        span?.Watch(frames);
        var stream = new ProviderStream(
            response, await response.Content.ReadAsStreamAsync(cancellationToken), frames, span, new AttemptClock(time, begun, total), configuration.Options.MaxAnswerBytes, cancellationToken);
        try
        {
            // The first byte of the body may still be to come: its limit has run since the sending.
            await stream.ReadAsync(Shorter(options.TotalTimeout, options.FirstByteTimeout - time.GetElapsedTime(begun)));
            while (stream is { State: StreamState.Open, HasContent: false })
            {
                await stream.ReadAsync(options.IdleTimeout);
            }
        }
        catch
        {
            stream.Dispose();
            throw;
        }

        // Content and failure in one read: the caller has seen nothing yet, so the failure can still be made good. A route that resumes goes on from the content.
        if (stream.State == StreamState.Failed && !(stream.HasContent && call.Partial is not null))
        {
            stream.Dispose();
            return new ProviderAnswer { Outcome = stream.Failure, Status = (int)response.StatusCode };
        }

        span?.FirstChunk(time.GetElapsedTime(begun));
        return new ProviderAnswer { Outcome = AttemptOutcome.Success, Status = (int)response.StatusCode, Stream = stream };
    }

    private async Task<ProviderAnswer> ReadAnswerAsync(HttpResponseMessage response, Candidate candidate, Operation operation, CancellationTokenSource limit, long begun, TimeSpan total)
    {
        await using var stream = await response.Content.ReadAsStreamAsync(limit.Token);
        var body = await AnswerBody.ReadAsync(
            stream, response.Content.Headers.ContentLength, configuration.Options.MaxAnswerBytes,
            limit, candidate.Provider.Options.IdleTimeout, new AttemptClock(time, begun, total));
        return body is null
            ? new ProviderAnswer { Outcome = AttemptOutcome.BrokenAnswer, Status = (int)response.StatusCode }
            : candidate.Provider.Format.ReadAnswer(body, candidate, operation);
    }

    private static async Task<ProviderAnswer> ReadFailureAsync(HttpResponseMessage response, Provider provider, CancellationToken cancellationToken)
    {
        var status = (int)response.StatusCode;
        var outcome = status switch
        {
            401 or 403 => AttemptOutcome.KeyRefused,
            429 => AttemptOutcome.ProviderLimited,
            408 or 409 or >= 500 => AttemptOutcome.ProviderFailed,
            404 or 413 => AttemptOutcome.NotTakenHere,
            >= 400 => AttemptOutcome.RequestRefused,

            // A redirect, or a 2xx that is no completion: not an answer of this API.
            _ => AttemptOutcome.BrokenAnswer,
        };

        ProviderError? error = null;
        if (outcome is AttemptOutcome.RequestRefused or AttemptOutcome.NotTakenHere)
        {
            using var body = await ReadErrorBodyAsync(response, cancellationToken);
            error = body is null ? null : provider.Format.ReadError(body.Memory);
            if (outcome == AttemptOutcome.RequestRefused && ErrorClassifier.OtherMayTake(error))
            {
                outcome = AttemptOutcome.NotTakenHere;
            }

            // Some providers quote the key they refuse.
            if (error is not null && provider.Options.ApiKey is { Length: > 0 } key)
            {
                error = error with { Message = error.Message.Replace(key, "[redacted]", StringComparison.Ordinal) };
            }
        }

        return new ProviderAnswer { Outcome = outcome, Status = status, Error = error };
    }

    /// <returns>The body, or <see langword="null"/> when it is larger than an error has any reason to be.</returns>
    private static async Task<PooledBuffer?> ReadErrorBodyAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var body = new PooledBuffer(2048);
        try
        {
            await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
            while (await stream.ReadAsync(body.GetMemory(), cancellationToken) is var read and > 0)
            {
                body.Advance(read);
                if (body.Length > LargestErrorBody)
                {
                    body.Dispose();
                    return null;
                }
            }

            return body;
        }
        catch
        {
            body.Dispose();
            throw;
        }
    }

    /// <summary>The shorter of two limits; one that has passed already ends the call at once.</summary>
    internal static TimeSpan Shorter(TimeSpan one, TimeSpan other) => one < other ? one : other > TimeSpan.Zero ? other : TimeSpan.Zero;
}
