using MasterX.AiGateway.Providers;
using MasterX.AiGateway.Routing;
using MasterX.AiGateway.Streaming;
using MasterX.AiGateway.Telemetry;

namespace MasterX.AiGateway.Chat;

/// <summary>Steps (4) and (5): asks one candidate after the other, each behind its gate, until one answers or none is left.</summary>
internal sealed partial class ChatFailover(ProviderClient client, GatewayMetrics metrics, TimeProvider time, ILogger<ChatFailover> logger)
{
    /// <summary>For a whole answer.</summary>
    public async Task<ChatResult> AskAsync(IReadOnlyList<Candidate> plan, ChatRequest request, AttemptClock clock, CancellationToken cancellationToken)
    {
        var attempts = new List<Attempt>(plan.Count);
        var (candidate, answer, result) = await TryAsync(plan, 0, request, attempts, clock, null, false, cancellationToken);
        return answer is null ? result! : ChatResult.Of(new AcceptedAnswer(candidate!.Provider.Name, candidate.Model, answer.Body!, answer.Usage), attempts);
    }

    /// <summary>For a stream, up to its first content.</summary>
    /// <param name="plan">Whom to ask, in order.</param>
    /// <param name="first">Index of the first candidate to ask.</param>
    /// <param name="request">The request.</param>
    /// <param name="attempts">Receives the attempts.</param>
    /// <param name="clock">The request's total limit.</param>
    /// <param name="partial">Collects the text, where another provider may have to go on with it.</param>
    /// <param name="continuing">Whether the caller's stream has begun with another provider.</param>
    /// <param name="cancellationToken">Ends the call, and the stream for as long as it is open.</param>
    public async Task<(Candidate? Candidate, ProviderStream? Stream, ChatResult? Result)> OpenAsync(
        IReadOnlyList<Candidate> plan, int first, ChatRequest request, List<Attempt> attempts, AttemptClock clock, PartialAnswer? partial, bool continuing, CancellationToken cancellationToken)
    {
        var (candidate, answer, result) = await TryAsync(plan, first, request, attempts, clock, partial, continuing, cancellationToken);
        return (candidate, answer?.Stream, result);
    }

    /// <returns>The candidate that succeeded with its answer; or what came of the request when none did.</returns>
    private async ValueTask<(Candidate? Candidate, ProviderAnswer? Answer, ChatResult? Result)> TryAsync(
        IReadOnlyList<Candidate> plan, int first, ChatRequest request, List<Attempt> attempts, AttemptClock clock, PartialAnswer? partial, bool continuing, CancellationToken cancellationToken)
    {
        ProviderAnswer? refusal = null;
        TimeSpan? shortestWait = null;
        for (var i = first; i < plan.Count; i++)
        {
            var candidate = plan[i];
            var left = clock.Left;
            if (left <= TimeSpan.Zero)
            {
                // Trying never makes a request last longer than its limit.
                return (null, null, ChatResult.TimedOut(attempts));
            }

            var begun = time.GetTimestamp();
            var answer = await candidate.Provider.Gate.TryCallAsync(
                static (call, token) => call.client.CallAsync(call.Item2, token), (client, new ProviderCall(candidate, request, left, partial, continuing)), cancellationToken);
            var called = answer.Outcome is not (AttemptOutcome.CircuitOpen or AttemptOutcome.CoolingDown or AttemptOutcome.RateLimited or AttemptOutcome.ConcurrencyLimited);
            var attempt = new Attempt(candidate.Provider.Name, candidate.Model, answer.Outcome, answer.Status, called ? time.GetElapsedTime(begun) : TimeSpan.Zero);
            attempts.Add(attempt);
            if (called)
            {
                candidate.Latency.Add(attempt.Elapsed);
            }

            metrics.Attempted(attempt);
            switch (answer.Outcome)
            {
                case AttemptOutcome.Success:
                    return (candidate, answer, null);
                case AttemptOutcome.RequestRefused:
                    return (null, null, ChatResult.Refused(answer, attempts));
                case AttemptOutcome.NotTakenHere:
                    refusal = answer;
                    break;
            }

            if (answer.RetryAfter is { } wait && !(shortestWait < wait))
            {
                shortestWait = wait;
            }

            if (called)
            {
                LogFailed(logger, attempt.Provider, attempt.Model, attempt.Outcome.Name(), attempt.Status ?? 0, attempt.Elapsed.TotalMilliseconds);
            }
            else
            {
                LogSkipped(logger, attempt.Provider, attempt.Model, attempt.Outcome.Name());
            }
        }

        if (clock.Left <= TimeSpan.Zero)
        {
            return (null, null, ChatResult.TimedOut(attempts));
        }

        // A request that some candidate called faulty, when all others failed: its fault is what the caller can do something about.
        return (null, null, refusal is not null ? ChatResult.Refused(refusal, attempts) : ChatResult.Failed(attempts, shortestWait));
    }

    [LoggerMessage(20, LogLevel.Warning, "Provider {Provider} ({Model}) failed: {Outcome}, status {Status} (0: none), after {ElapsedMs:0} ms")]
    private static partial void LogFailed(ILogger logger, string provider, string model, string outcome, int status, double elapsedMs);

    // At Debug: a provider at its limit is skipped by every request until the limit ends, and the metrics count it.
    [LoggerMessage(21, LogLevel.Debug, "Provider {Provider} ({Model}) was skipped: {Outcome}")]
    private static partial void LogSkipped(ILogger logger, string provider, string model, string outcome);
}
