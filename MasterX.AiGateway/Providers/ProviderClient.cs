using System.Net;
using MasterX.AiGateway.Providers.Classification;
using MasterX.AiGateway.Providers.Credentials;
using MasterX.AiGateway.Requests;
using MasterX.AiGateway.Routing;
using MasterX.AiGateway.Streaming;
using MasterX.AiGateway.Telemetry;
using MasterX.ServiceDefaults.Compression;
using MasterX.ServiceDefaults.Http;

namespace MasterX.AiGateway.Providers;

/// <summary>
/// One call to one provider: sends the request in the provider's format, waits no longer than its limits allow, and says how it went.
/// Whatever a provider does, it never throws but when the caller has left.
/// </summary>
internal sealed partial class ProviderClient(
    GatewayConfiguration configuration, Accounting accounting, IConfiguration settings, TimeProvider time, ILogger<ProviderClient> logger)
{
    private readonly bool _captures = GenAiSpan.IsCapturing(settings);

    /// <summary>How long the reason of a failure is waited for; the status alone says enough to go on.</summary>
    private static readonly TimeSpan ErrorBodyPatience = TimeSpan.FromSeconds(5);

    /// <summary>Asks for a whole answer, or opens a stream and reads it until there is content.</summary>
    /// <param name="call">What is asked of whom.</param>
    /// <param name="cancellationToken">Ends the call, and the stream for as long as it is open.</param>
    /// <exception cref="OperationCanceledException">The caller has left, or the service is to end.</exception>
    public async Task<ProviderAnswer> CallAsync(ProviderCall call, CancellationToken cancellationToken)
    {
        call = call with { Request = call.Request.AskedWith(call.Key) };
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
        ProviderAnswer? ended = null;
        var (sent, isNoted, handedOn) = (false, false, false);
        try
        {
            var message = new HttpRequestMessage(HttpMethod.Post, uri)
            {
                Version = HttpVersion.Version11,
                VersionPolicy = HttpVersionPolicy.RequestVersionOrHigher,
                Content = new SentBody(candidate.Format.WriteRequest(request, candidate, scratch, out var ignored)),
            };
            // One timer for every limit: the first byte, silence between two reads, the whole attempt, the whole request.
            var begun = time.GetTimestamp();
            var total = Shorter(options.TotalTimeout, call.TimeLeft);
            limit.CancelAfter(Shorter(options.FirstByteOf(request.Stream), total));
            await provider.WriteHeadersAsync(message, call.Key, request.Stream, limit.Token);
            candidate.Format.WriteHeaders(request, message.Headers);

            // From here on it is a call; one that could not be said in the provider's format is none.
            span = GenAiSpan.Begin(candidate, call.Key, request, _captures);
            if (options.PropagateTrace)
            {
                RequestTrace.Propagate(message);
            }

            sent = true;
            response = await provider.Http.SendAsync(message, limit.Token);
            provider.Heard(reachable: true);
            limit.CancelAfter(Shorter(options.IdleTimeout, total - time.GetElapsedTime(begun)));
            var headers = ProviderHeaders.Read(response.Headers, time.GetUtcNow()) with { Ignored = ignored };
            ProviderAnswer answer;
            if (response.StatusCode != HttpStatusCode.OK)
            {
                answer = await ReadFailureAsync(response, candidate, headers, limit, cancellationToken);
            }
            else if (request.Stream)
            {
                var body = await ContentCoding.OpenAsync(response.Content, cancellationToken);

                // From here on the stream notes what it spends.
                isNoted = true;
                answer = await OpenStreamAsync(response, body, call, headers, span, begun, total, cancellationToken);
            }
            else
            {
                answer = await ReadAnswerAsync(response, candidate, headers, request, limit, begun, total);
            }

            handedOn = answer.Stream is not null;
            answer.Headers = headers;
            if (answer.Verdict.Fault == Fault.Key)
            {
                provider.Credential?.Forget();
            }

            span?.Describe(answer);
            return ended = answer;
        }
        catch (UntranslatableRequestException cannot)
        {
            return new ProviderAnswer
            {
                Verdict = Verdicts.NotSent,
                Status = StatusCodes.Status400BadRequest,
                Error = new ProviderError(cannot.Message, null, cannot.Parameter),
            };
        }
        catch (CredentialException none)
        {
            LogNoCredential(logger, none, provider.Name);
            return Judgement.Of(Verdicts.KeyRefused);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return ended = Ended(Verdicts.TimedOut, span);
        }
        catch (HttpRequestException error)
        {
            var connected = error.HttpRequestError
                is not (HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError or HttpRequestError.SecureConnectionError);
            return ended = Ended(connected ? Verdicts.Broken : Verdicts.ConnectFailed, span);
        }
        catch (Exception error) when (error is IOException or InvalidDataException)
        {
            // The connection was cut in the middle of the body, or the body is not packed as it says.
            return ended = Ended(Verdicts.Broken, span);
        }
        finally
        {
            if (sent && !isNoted)
            {
                Spend(call, response, ended);
            }

            if (!handedOn)
            {
                response?.Dispose();
                span?.Dispose();
            }
        }
    }

    /// <summary>
    /// Notes what a call has spent that is over: by the provider's count, or an estimate where there is none. A provider that has refused, or
    /// could not be reached, has read nothing.
    /// </summary>
    /// <param name="call">The call.</param>
    /// <param name="response">What has come of an answer; <see langword="null"/> for nothing.</param>
    /// <param name="ended">What it comes to; <see langword="null"/> when it was given up.</param>
    private void Spend(ProviderCall call, HttpResponseMessage? response, ProviderAnswer? ended)
    {
        if (response is { StatusCode: not HttpStatusCode.OK })
        {
            return;
        }

        var characters = call.Request.Operation == Operation.Embeddings ? 0 : ended?.Body?.Length ?? 0;
        var bill = accounting.Spend(call.Request, call.Candidate, ended?.Outcome ?? AttemptOutcome.Abandoned, ended?.Usage, isWhole: ended?.Usage is not null, characters);
        if (ended is not null)
        {
            ended.Spent = bill?.Usage;
        }
    }

    private static ProviderAnswer Ended(Verdict verdict, GenAiSpan? span)
    {
        var answer = Judgement.Of(verdict);
        span?.Describe(answer);
        return answer;
    }

    private static ProviderAnswer NotOffered(Provider provider, ModelRequest request) => new()
    {
        Verdict = Verdicts.NotSent,
        Status = StatusCodes.Status400BadRequest,
        Error = new ProviderError(
            $"The provider '{provider.Name}' offers no {request.Operation.Path} through this gateway; name a model of an OpenAI-compatible one.",
            "unsupported_operation", "model"),
    };

    private async Task<ProviderAnswer> OpenStreamAsync(
        HttpResponseMessage response, Stream body, ProviderCall call, ProviderHeaders headers, GenAiSpan? span, long begun, TimeSpan total,
        CancellationToken cancellationToken)
    {
        var (candidate, options) = (call.Candidate, call.Candidate.Provider.Options);
        var frames = candidate.Format.OpenFrames(call.Request, candidate, call.Partial);
        span?.Watch(frames);

        // Whatever its content type says: whether it is a stream of events is seen by its events.
        var stream = new ProviderStream(
            response, candidate.Format.EventsOf(body, configuration.Options.MaxAnswerBytes),
            candidate, call.Request, headers, frames, span, accounting, new AttemptClock(time, begun, total), configuration.Options.MaxAnswerBytes,
            cancellationToken);
        try
        {
            // The first byte of the body may still be to come: its limit has run since the sending.
            await stream.ReadAsync(Shorter(options.TotalTimeout, options.FirstByteOf(stream: true) - time.GetElapsedTime(begun)));
            while (stream is { State: StreamState.Open, HasContent: false })
            {
                // However often there is a sign of life: it is content that is waited for.
                await stream.ReadAsync(Shorter(options.TotalTimeout, options.FirstContentTimeout - time.GetElapsedTime(begun)));
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
            stream.Failure.Spent = stream.Settle()?.Usage;
            return stream.Failure;
        }

        span?.FirstChunk(time.GetElapsedTime(begun));
        return new ProviderAnswer { Verdict = Verdicts.Success, Status = (int)response.StatusCode, Stream = stream };
    }

    private async Task<ProviderAnswer> ReadAnswerAsync(
        HttpResponseMessage response, Candidate candidate, ProviderHeaders headers, ModelRequest request, CancellationTokenSource limit,
        long begun, TimeSpan total)
    {
        await using var stream = await ContentCoding.OpenAsync(response.Content, limit.Token);
        return await AnswerBody.ReadAsync(
            stream, ContentCoding.IsPacked(response.Content) ? null : response.Content.Headers.ContentLength, configuration.Options.MaxAnswerBytes,
            limit, candidate.Provider.Options.IdleTimeout, new AttemptClock(time, begun, total),
            (Client: this, Status: (int)response.StatusCode, candidate, headers, request),
            static (body, of) => of.Client.JudgeAnswer(body, of.Status, of.candidate, of.headers, of.request));
    }

    /// <param name="body">The answer's own from here on; <see langword="null"/> where it was too large.</param>
    /// <param name="status">As it came.</param>
    /// <param name="candidate">Who gave it.</param>
    /// <param name="headers">What was said beside it.</param>
    /// <param name="request">What was asked for.</param>
    private ProviderAnswer JudgeAnswer(PooledBuffer? body, int status, Candidate candidate, ProviderHeaders headers, ModelRequest request)
    {
        if (body is null)
        {
            return Judgement.Of(Verdicts.Broken, status);
        }

        ProviderAnswer? answer = null;
        try
        {
            answer = candidate.Format.ReadAnswer(body, candidate, request);
            return answer ?? Judgement.Of(candidate, status, body.Memory, headers, time.GetUtcNow());
        }
        finally
        {
            if (answer?.Body != body)
            {
                body.Dispose();
            }
        }
    }

    /// <summary>Reads the reason of a failure, as far as it comes, and judges it.</summary>
    private async Task<ProviderAnswer> ReadFailureAsync(
        HttpResponseMessage response, Candidate candidate, ProviderHeaders headers, CancellationTokenSource limit, CancellationToken caller)
    {
        using var body = new PooledBuffer(2048);
        limit.CancelAfter(ErrorBodyPatience);
        try
        {
            await using var stream = await ContentCoding.OpenAsync(response.Content, limit.Token);
            while (body.Length < ErrorBody.Looked && await stream.ReadAsync(body.GetMemory(), limit.Token) is var read and > 0)
            {
                body.Advance(read);
            }
        }
        catch (Exception error) when (error is IOException or HttpRequestException or InvalidDataException
            || (error is OperationCanceledException && !caller.IsCancellationRequested))
        {
            // What has come of it, if anything, is judged.
        }

        // The body is this method's until it returns: what is made of it is a copy.
        await SocketThread.LeaveFor(body.Length);
        var now = time.GetUtcNow();
        if (response.StatusCode == HttpStatusCode.TooManyRequests && headers is { RetryAfter: null, Pause: null })
        {
            headers = headers with { Pause = ProviderHeaders.FirstReset(response.Headers, now) };
        }

        return Judgement.Of(candidate, (int)response.StatusCode, body.Memory, headers, now);
    }

    /// <summary>The shorter of two limits; one that has passed already ends the call at once.</summary>
    internal static TimeSpan Shorter(TimeSpan one, TimeSpan other) => one < other ? one : other > TimeSpan.Zero ? other : TimeSpan.Zero;

    [LoggerMessage(34, LogLevel.Error, "Provider {Provider} could not be called: there is nothing to be let in by")]
    private static partial void LogNoCredential(ILogger logger, Exception reason, string provider);
}
