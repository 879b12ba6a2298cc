using MasterX.AiGateway.Providers;
using MasterX.AiGateway.Routing;
using MasterX.AiGateway.Telemetry;

namespace MasterX.AiGateway.Chat;

/// <summary>Steps (4) and (5): asks one candidate after the other, each behind its gate, until one answers or none is left.</summary>
internal sealed partial class ChatFailover(ProviderClient client, GatewayMetrics metrics, TimeProvider time, ILogger<ChatFailover> logger)
{
    public async Task<ChatResult> AskAsync(ModelRoute route, ChatRequest request, CancellationToken cancellationToken)
    {
        var attempts = new List<Attempt>(route.Candidates.Count);
        ProviderAnswer? refusal = null;
        TimeSpan? shortestWait = null;
        foreach (var candidate in route.Candidates)
        {
            var begun = time.GetTimestamp();
            var answer = await candidate.Provider.Gate.TryCallAsync(
                static (call, token) => call.client.CallAsync(call.candidate, call.request, token), (client, candidate, request), cancellationToken);
            var called = answer.Outcome is not (AttemptOutcome.CircuitOpen or AttemptOutcome.CoolingDown or AttemptOutcome.RateLimited or AttemptOutcome.ConcurrencyLimited);
            var attempt = new Attempt(candidate.Provider.Name, candidate.Model, answer.Outcome, answer.Status, called ? time.GetElapsedTime(begun) : TimeSpan.Zero);
            attempts.Add(attempt);
            metrics.Attempted(attempt);
            switch (answer.Outcome)
            {
                case AttemptOutcome.Success:
                    return ChatResult.Of(new AcceptedAnswer(candidate.Provider.Name, candidate.Model, answer.Body!, answer.Usage), attempts);
                case AttemptOutcome.RequestRefused:
                    return ChatResult.Refused(answer, attempts);
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

        // A request that some candidate called faulty, when all others failed: its fault is what the caller can do something about.
        return refusal is not null ? ChatResult.Refused(refusal, attempts) : ChatResult.Failed(attempts, shortestWait);
    }

    [LoggerMessage(20, LogLevel.Warning, "Provider {Provider} ({Model}) failed: {Outcome}, status {Status} (0: none), after {ElapsedMs:0} ms")]
    private static partial void LogFailed(ILogger logger, string provider, string model, string outcome, int status, double elapsedMs);

    // At Debug: a provider at its limit is skipped by every request until the limit ends, and the metrics count it.
    [LoggerMessage(21, LogLevel.Debug, "Provider {Provider} ({Model}) was skipped: {Outcome}")]
    private static partial void LogSkipped(ILogger logger, string provider, string model, string outcome);
}
