using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using MasterX.AiGateway.Chat;
using MasterX.AiGateway.Routing;
using MasterX.AiGateway.Streaming;

namespace MasterX.AiGateway.Providers;

/// <summary>
/// One call to one provider: sends the request in the provider's format, waits no longer than its limits allow, and says how it went.
/// Whatever a provider does, it never throws but when the caller has left.
/// </summary>
internal sealed class ProviderClient(GatewayConfiguration configuration, TimeProvider time)
{
    private static readonly MediaTypeHeaderValue Json = new("application/json");
    private const int LargestErrorBody = 64 * 1024;

    /// <summary>Asks for a whole answer, or opens a stream and reads it until there is content.</summary>
    /// <param name="call">What is asked of whom.</param>
    /// <param name="cancellationToken">Ends the call, and the stream for as long as it is open.</param>
    /// <exception cref="OperationCanceledException">The caller has left, or the service is to end.</exception>
    public async Task<ProviderAnswer> CallAsync(ProviderCall call, CancellationToken cancellationToken)
    {
        var (candidate, request) = (call.Candidate, call.Request);
        var provider = candidate.Provider;
        var settings = provider.Options;
        using var scratch = new PooledBuffer(request.Body.Length + 256);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        HttpResponseMessage? response = null;
        var handedOn = false;
        try
        {
            var message = new HttpRequestMessage(HttpMethod.Post, request.Stream ? candidate.StreamUri : candidate.ChatUri)
            {
                Version = HttpVersion.Version11,
                VersionPolicy = HttpVersionPolicy.RequestVersionOrHigher,
                Content = new ReadOnlyMemoryContent(provider.Format.WriteChatRequest(request, candidate, scratch)) { Headers = { ContentType = Json } },
            };
            if (provider.Authentication is { } key)
            {
                // Checked when the configuration was: it can stand in a header.
                message.Headers.TryAddWithoutValidation(key.Name, key.Value);
            }

            // One timer for every limit: the first byte, silence between two reads, the whole attempt, the whole request.
            var begun = time.GetTimestamp();
            var total = Shorter(settings.TotalTimeout, call.TimeLeft);
            limit.CancelAfter(Shorter(settings.FirstByteTimeout, total));
            response = await provider.Http.SendAsync(message, limit.Token);
            limit.CancelAfter(Shorter(settings.IdleTimeout, total - time.GetElapsedTime(begun)));
            if (response.StatusCode != HttpStatusCode.OK)
            {
                return await ReadFailureAsync(response, provider, limit.Token);
            }

            if (!request.Stream)
            {
                return await ReadAnswerAsync(response, candidate, limit, begun, total);
            }

            var answer = await OpenStreamAsync(response, call, begun, total, cancellationToken);
            handedOn = answer.Stream is not null;
            return answer;
        }
        catch (UntranslatableRequestException cannot)
        {
            return new ProviderAnswer
            {
                Outcome = AttemptOutcome.NotTakenHere,
                Status = StatusCodes.Status400BadRequest,
                Error = new ProviderError(cannot.Message, null, cannot.Parameter),
            };
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new ProviderAnswer { Outcome = AttemptOutcome.TimedOut };
        }
        catch (HttpRequestException error)
        {
            return new ProviderAnswer { Outcome = error.HttpRequestError is HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError or HttpRequestError.SecureConnectionError ? AttemptOutcome.ConnectFailed : AttemptOutcome.BrokenAnswer };
        }
        catch (IOException)
        {
            // The connection was cut in the middle of the body.
            return new ProviderAnswer { Outcome = AttemptOutcome.BrokenAnswer };
        }
        finally
        {
            if (!handedOn)
            {
                response?.Dispose();
            }
        }
    }

    private async Task<ProviderAnswer> OpenStreamAsync(HttpResponseMessage response, ProviderCall call, long begun, TimeSpan total, CancellationToken cancellationToken)
    {
        var settings = call.Candidate.Provider.Options;
        if (response.Content.Headers.ContentType?.MediaType is not "text/event-stream")
        {
            return new ProviderAnswer { Outcome = AttemptOutcome.BrokenAnswer, Status = (int)response.StatusCode };
        }

        var frames = call.Candidate.Provider.Format.OpenFrames(call.Request, call.Candidate, call.Partial, call.Continuing);
        var stream = new ProviderStream(
            response, await response.Content.ReadAsStreamAsync(cancellationToken), frames, new AttemptClock(time, begun, total), configuration.Options.MaxAnswerBytes, cancellationToken);
        try
        {
            // The first byte of the body may still be to come: its limit has run since the sending.
            await stream.ReadAsync(Shorter(settings.TotalTimeout, settings.FirstByteTimeout - time.GetElapsedTime(begun)));
            while (stream is { State: StreamState.Open, HasContent: false })
            {
                await stream.ReadAsync(settings.IdleTimeout);
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

        return new ProviderAnswer { Outcome = AttemptOutcome.Success, Status = (int)response.StatusCode, Stream = stream };
    }

    private async Task<ProviderAnswer> ReadAnswerAsync(HttpResponseMessage response, Candidate candidate, CancellationTokenSource limit, long begun, TimeSpan total)
    {
        var largest = configuration.Options.MaxAnswerBytes;
        if (response.Content.Headers.ContentLength > largest)
        {
            return new ProviderAnswer { Outcome = AttemptOutcome.BrokenAnswer, Status = (int)response.StatusCode };
        }

        var body = new PooledBuffer((int)Math.Min(largest, response.Content.Headers.ContentLength + 1 ?? 4096));
        try
        {
            await using var stream = await response.Content.ReadAsStreamAsync(limit.Token);
            while (await stream.ReadAsync(body.GetMemory(), limit.Token) is var read and > 0)
            {
                body.Advance(read);
                if (body.Length > largest)
                {
                    body.Dispose();
                    return new ProviderAnswer { Outcome = AttemptOutcome.BrokenAnswer, Status = (int)response.StatusCode };
                }

                // An answer that came in one piece, as most do, needs no new limit for its end.
                if (body.Length != response.Content.Headers.ContentLength)
                {
                    limit.CancelAfter(Shorter(candidate.Provider.Options.IdleTimeout, total - time.GetElapsedTime(begun)));
                }
            }
        }
        catch
        {
            body.Dispose();
            throw;
        }

        return candidate.Provider.Format.ReadChatAnswer(body, candidate);
    }

    private async Task<ProviderAnswer> ReadFailureAsync(HttpResponseMessage response, Provider provider, CancellationToken cancellationToken)
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

        return new ProviderAnswer { Outcome = outcome, Status = status, Error = error, RetryAfter = ReadRetryAfter(response) };
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

    /// <summary>Seconds or a date (RFC 9110, 10.2.3).</summary>
    private TimeSpan? ReadRetryAfter(HttpResponseMessage response)
    {
        var header = response.Headers.RetryAfter;
        var pause = header?.Delta ?? (header?.Date is { } date ? date - time.GetUtcNow() : null);
        if (pause is null && response.Headers.TryGetValues("retry-after-ms", out var milliseconds)
            && double.TryParse(milliseconds.First(), NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && value is >= 0 and < 86_400_000)
        {
            pause = TimeSpan.FromMilliseconds(value);
        }

        return pause > TimeSpan.Zero ? pause : null;
    }

    /// <summary>The shorter of two limits; one that has passed already ends the call at once.</summary>
    internal static TimeSpan Shorter(TimeSpan one, TimeSpan other) => one < other ? one : other > TimeSpan.Zero ? other : TimeSpan.Zero;
}
