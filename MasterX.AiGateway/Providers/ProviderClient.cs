using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using MasterX.AiGateway.Chat;
using MasterX.AiGateway.Routing;
using MasterX.AiGateway.Streaming;
using Microsoft.Extensions.Options;

namespace MasterX.AiGateway.Providers;

/// <summary>
/// One call to one provider: sends the request in the provider's format, waits no longer than its limits allow, and says how it went.
/// Whatever a provider does, it never throws but when the caller has left.
/// </summary>
internal sealed class ProviderClient(IOptionsMonitor<GatewayOptions> options, TimeProvider time)
{
    private static readonly MediaTypeHeaderValue Json = new("application/json");
    private const int LargestErrorBody = 64 * 1024;

    /// <summary>Asks for a whole answer.</summary>
    /// <exception cref="OperationCanceledException">The caller has left, or the request's total limit has passed.</exception>
    public Task<ProviderAnswer> CallAsync(Candidate candidate, ChatRequest request, CancellationToken cancellationToken) =>
        SendAsync(candidate, request, stream: false, (response, limit) => ReadAnswerAsync(response, candidate, limit), cancellationToken);

    /// <summary>Asks for a stream, and reads it until there is content.</summary>
    /// <param name="candidate">Who is asked.</param>
    /// <param name="request">The request.</param>
    /// <param name="partial">Collects the text, where another provider may have to go on with it.</param>
    /// <param name="continuing">Whether the caller's stream has begun with another provider.</param>
    /// <param name="cancellationToken">Ends the call, and the stream for as long as it is open.</param>
    /// <exception cref="OperationCanceledException">The caller has left, or the request's total limit has passed.</exception>
    public Task<ProviderAnswer> OpenAsync(Candidate candidate, ChatRequest request, PartialAnswer? partial, bool continuing, CancellationToken cancellationToken) =>
        SendAsync(candidate, request, stream: true, (response, _) => OpenStreamAsync(response, candidate, request, partial, continuing, cancellationToken), cancellationToken);

    private async Task<ProviderAnswer> SendAsync(
        Candidate candidate, ChatRequest request, bool stream, Func<HttpResponseMessage, CancellationToken, Task<ProviderAnswer>> read, CancellationToken cancellationToken)
    {
        var provider = candidate.Provider;
        using var scratch = new PooledBuffer(request.Body.Length + 256);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        HttpResponseMessage? response = null;
        var handedOn = false;
        try
        {
            using var message = new HttpRequestMessage(HttpMethod.Post, provider.Format.ChatUri(provider.BaseUrl, candidate.Model, stream))
            {
                Version = HttpVersion.Version11,
                VersionPolicy = HttpVersionPolicy.RequestVersionOrHigher,
                Content = new ReadOnlyMemoryContent(provider.Format.WriteChatRequest(request, candidate, scratch)) { Headers = { ContentType = Json } },
            };
            if (provider.Options.ApiKey is { Length: > 0 } key)
            {
                provider.Format.Authenticate(message, key);
            }

            limit.CancelAfter(Shorter(provider.Options.FirstByteTimeout, provider.Options.TotalTimeout));
            response = await provider.Http.SendAsync(message, limit.Token);
            if (response.StatusCode != HttpStatusCode.OK)
            {
                limit.CancelAfter(provider.Options.TotalTimeout);
                return await ReadFailureAsync(response, provider, limit.Token);
            }

            if (!stream)
            {
                limit.CancelAfter(provider.Options.TotalTimeout);
            }

            var answer = await read(response, limit.Token);
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

    private async Task<ProviderAnswer> OpenStreamAsync(
        HttpResponseMessage response, Candidate candidate, ChatRequest request, PartialAnswer? partial, bool continuing, CancellationToken cancellationToken)
    {
        var settings = candidate.Provider.Options;
        if (response.Content.Headers.ContentType?.MediaType is not "text/event-stream")
        {
            return new ProviderAnswer { Outcome = AttemptOutcome.BrokenAnswer, Status = (int)response.StatusCode };
        }

        // Lives as long as the stream, which outlives this call.
        var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var frames = candidate.Provider.Format.OpenFrames(request, candidate, partial, continuing);
        var stream = new ProviderStream(response, await response.Content.ReadAsStreamAsync(cancellationToken), frames, limit, options.CurrentValue.MaxAnswerBytes);
        try
        {
            await stream.ReadAsync(settings.FirstByteTimeout, cancellationToken);
            while (stream is { State: StreamState.Open, HasContent: false })
            {
                await stream.ReadAsync(settings.IdleTimeout, cancellationToken);
            }
        }
        catch
        {
            stream.Dispose();
            throw;
        }

        // Content and failure in one read: the caller has seen nothing yet, so the failure can still be made good. A route that resumes goes on from the content.
        if (stream.State == StreamState.Failed && !(stream.HasContent && partial is not null))
        {
            stream.Dispose();
            return new ProviderAnswer { Outcome = stream.Failure, Status = (int)response.StatusCode };
        }

        return new ProviderAnswer { Outcome = AttemptOutcome.Success, Status = (int)response.StatusCode, Stream = stream };
    }

    private async Task<ProviderAnswer> ReadAnswerAsync(HttpResponseMessage response, Candidate candidate, CancellationToken cancellationToken)
    {
        var body = await ReadBodyAsync(response, options.CurrentValue.MaxAnswerBytes, candidate.Provider.Options.IdleTimeout, cancellationToken);
        return body is null
            ? new ProviderAnswer { Outcome = AttemptOutcome.BrokenAnswer, Status = (int)response.StatusCode }
            : candidate.Provider.Format.ReadChatAnswer(body, candidate);
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
            using var body = await ReadBodyAsync(response, LargestErrorBody, provider.Options.IdleTimeout, cancellationToken);
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

    /// <returns>The body, or <see langword="null"/> when it is larger than allowed.</returns>
    private async Task<PooledBuffer?> ReadBodyAsync(HttpResponseMessage response, int largest, TimeSpan idle, CancellationToken cancellationToken)
    {
        if (response.Content.Headers.ContentLength > largest)
        {
            return null;
        }

        var buffer = new PooledBuffer((int)Math.Min(largest, response.Content.Headers.ContentLength + 1 ?? 4096));
        using var silence = new IdleLimit(idle, time, cancellationToken);
        try
        {
            await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
            while (true)
            {
                var read = await stream.ReadAsync(buffer.GetMemory(), silence.Token);
                if (read == 0)
                {
                    return buffer;
                }

                silence.Restart();
                buffer.Advance(read);
                if (buffer.Length > largest)
                {
                    buffer.Dispose();
                    return null;
                }
            }
        }
        catch
        {
            buffer.Dispose();
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

    private static TimeSpan Shorter(TimeSpan one, TimeSpan other) => one < other ? one : other;
}
