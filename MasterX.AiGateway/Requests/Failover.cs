using MasterX.AiGateway.Providers;
using MasterX.AiGateway.Providers.Classification;
using MasterX.AiGateway.Providers.Keys;
using MasterX.AiGateway.Routing;
using MasterX.AiGateway.Streaming;
using MasterX.AiGateway.Telemetry;

namespace MasterX.AiGateway.Requests;

/// <summary>What one request still has to go through.</summary>
/// <param name="Candidates">Whom to ask, in order.</param>
/// <param name="HedgeAfter">After how long without an answer the next candidate is asked as well; zero for never.</param>
/// <param name="Clock">The request's total limit.</param>
internal readonly record struct RequestPlan(IReadOnlyList<Candidate> Candidates, TimeSpan HedgeAfter, AttemptClock Clock);

/// <summary>
/// The candidate that succeeded, with its answer and the index of the next one; or what came of the request when none did.
/// </summary>
internal readonly record struct FailoverResult(Candidate? Candidate, ProviderAnswer? Answer, int Next, ModelResult? Failure);

/// <summary>
/// Steps (4) and (5): asks one candidate after the other, each behind its gate, until one answers or none is left; where the route
/// hedges, the next one also when the one under way is slow.
/// </summary>
internal sealed partial class Failover(ProviderClient client, GatewayMetrics metrics, TimeProvider time, ILogger<Failover> logger)
{
    /// <summary>For a whole answer.</summary>
    public async Task<ModelResult> AskAsync(RequestPlan plan, ModelRequest request, CancellationToken cancellationToken)
    {
        var attempts = new List<Attempt>(plan.Candidates.Count);
        var result = await TryAsync(plan, 0, request, attempts, null, cancellationToken);
        return result.Answer is { } answer
            ? ModelResult.Of(
                new AcceptedAnswer(
                    result.Candidate!.Provider.Name, result.Candidate.Model, answer.Body!.Memory, answer.Usage, result.Candidate,
                    answer.Headers, answer.Body),
                attempts)
            : result.Failure!;
    }

    /// <summary>For a whole answer, or a stream up to its first content.</summary>
    /// <param name="plan">Whom to ask, and how long.</param>
    /// <param name="first">Index of the first candidate to ask.</param>
    /// <param name="request">The request.</param>
    /// <param name="attempts">Receives the attempts.</param>
    /// <param name="partial">The text so far, where another provider may have to go on with it; each call adds to a copy of it.</param>
    /// <param name="cancellationToken">Ends the calls, and the stream for as long as it is open.</param>
    public ValueTask<FailoverResult> TryAsync(
        RequestPlan plan, int first, ModelRequest request, List<Attempt> attempts, PartialAnswer? partial, CancellationToken cancellationToken)
    {
        var tries = new Tries(this, plan, request, attempts, partial);

        // One at a time writes the rest of an answer.
        return request.Broken is null && plan.HedgeAfter > TimeSpan.Zero && plan.Candidates.Count - first > 1
            ? tries.HedgedAsync(first, cancellationToken)
            : tries.InTurnAsync(first, cancellationToken);
    }

    /// <summary>One request's tries: what they have in common, and what they have brought so far.</summary>
    private sealed class Tries(Failover failover, RequestPlan plan, ModelRequest request, List<Attempt> attempts, PartialAnswer? partial)
    {
        private ProviderAnswer? _mostTelling;
        private TimeSpan? _shortestWait;
        private bool _allAtLimit = true;
        private bool _allSayOfRequest = true;

        public async ValueTask<FailoverResult> InTurnAsync(int first, CancellationToken cancellationToken)
        {
            for (var i = first; i < plan.Candidates.Count; i++)
            {
                if (plan.Clock.Left <= TimeSpan.Zero)
                {
                    // Trying never makes a request last longer than its limit.
                    break;
                }

                Turn? turn = new Turn(plan.Candidates[i], request);
                while (turn is { } now)
                {
                    var begun = failover._time.GetTimestamp();
                    var answer = await CallAsync(now, cancellationToken);
                    turn = WithNextKey(now, answer, begun);
                    if (turn is null && Judge(now.Candidate, answer, begun, i + 1) is { } result)
                    {
                        return result;
                    }
                }
            }

            return Failed();
        }

        public async ValueTask<FailoverResult> HedgedAsync(int first, CancellationToken cancellationToken)
        {
            // No more than two at once: the one that was slow, and the one that is to make up for it.
            var running = new List<Call>(2);
            var (next, late) = (first, false);
            try
            {
                while (running.Count > 0 || (next < plan.Candidates.Count && plan.Clock.Left > TimeSpan.Zero))
                {
                    if (running.Count == 0)
                    {
                        running.Add(Begin(new Turn(plan.Candidates[next++], request), cancellationToken));
                    }

                    if (running.Count == 1 && next < plan.Candidates.Count && (late || !await EndsWithinAsync(running[0].Answer, plan.HedgeAfter, cancellationToken)))
                    {
                        late = true;
                        running.Add(Begin(new Turn(plan.Candidates[next++], request), cancellationToken));
                    }

                    await Task.WhenAny(running.Select(call => call.Answer));
                    var ended = running.First(call => call.Answer.IsCompleted);
                    running.Remove(ended);
                    using (ended)
                    {
                        var answer = await ended.Answer;
                        if (WithNextKey(ended.Turn, answer, ended.Begun) is { } again)
                        {
                            running.Add(Begin(again, cancellationToken));
                            continue;
                        }

                        // One that was skipped made up for nothing: the next takes its place at once.
                        late &= answer.Verdict.IsSkip;
                        if (Judge(ended.Candidate, answer, ended.Begun, next) is { } result)
                        {
                            // The winner's stream lives on the token of its call, which must then not be freed here.
                            ended.KeepAlive = result.Answer?.Stream is not null;
                            await GiveUpAsync(running, result.Answer is null ? null : ended.Begun);
                            return result;
                        }
                    }
                }
            }
            catch
            {
                await GiveUpAsync(running, null);
                throw;
            }

            return Failed();
        }

        private Call Begin(Turn turn, CancellationToken cancellationToken)
        {
            var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            return new(turn, failover._time.GetTimestamp(), CallAsync(turn, ending.Token).AsTask(), ending);
        }

        private async Task<bool> EndsWithinAsync(Task answer, TimeSpan patience, CancellationToken cancellationToken)
        {
            using var waiting = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            var ended = await Task.WhenAny(answer, Task.Delay(patience, failover._time, waiting.Token)) == answer;
            await waiting.CancelAsync();
            cancellationToken.ThrowIfCancellationRequested();
            return ended;
        }

        /// <summary>Ends the calls that lost, and accounts for them: the provider has read the request, and charges for it.</summary>
        /// <param name="losers">The calls.</param>
        /// <param name="winnerBegun">When the call began that won; <see langword="null"/> when none has.</param>
        private async Task GiveUpAsync(List<Call> losers, long? winnerBegun)
        {
            foreach (var loser in losers)
            {
                using (loser)
                {
                    var verdict = Verdicts.HedgeLost;
                    try
                    {
                        await loser.Ending.CancelAsync();

                        // It may have ended all the same, and then has been counted.
                        using var late = await loser.Answer;
                    }
                    catch (OperationCanceledException)
                    {
                        verdict = winnerBegun is { } begun && HasHung(loser, begun) ? Verdicts.HedgeHung : verdict;
                        loser.Candidate.Gate.GaveUp(verdict);
                    }
                    catch (Exception fault)
                    {
                        // The boundary of a call that nobody waits for any more: a fault of the gateway's own in it is to be known, and
                        // neither takes the winner's answer away nor hides why the request has failed.
                        LogLoserFault(failover._logger, fault, loser.Candidate.Provider.Name, loser.Candidate.Model);
                    }

                    Record(loser.Candidate, Judgement.Of(verdict), loser.Begun);
                    failover._metrics.Abandoned(loser.Candidate, request.EstimatedTokens);
                }
            }

            losers.Clear();
        }

        /// <summary>
        /// Whether a call that was given up without an answer has to count as a failure: it began before its rival, has taken half as
        /// long again, and twice as long as that candidate lately took. One that is merely slower answers within that; one that hangs
        /// never does, and as it loses every time, nothing else would ever tell.
        /// </summary>
        private bool HasHung(Call loser, long winnerBegun)
        {
            var (taken, rival) = (failover._time.GetElapsedTime(loser.Begun), failover._time.GetElapsedTime(winnerBegun));
            return loser.Begun < winnerBegun && taken > rival * 1.5 && taken.TotalMilliseconds > 2 * loser.Candidate.Latency.Value;
        }

        private ValueTask<ProviderAnswer> CallAsync(Turn turn, CancellationToken cancellationToken) => turn.Candidate.Gate.TryCallAsync(
            request.EstimatedTokens,
            turn.Keys,
            static (call, key, token) => call.Tries.SendAsync(call.Candidate, key, token),
            (Tries: this, turn.Candidate),
            cancellationToken);

        private Task<ProviderAnswer> SendAsync(Candidate candidate, ProviderKey key, CancellationToken cancellationToken) => failover._client.CallAsync(
            new ProviderCall(candidate, key, request, plan.Clock.Left, partial?.Fork()), cancellationToken);

        /// <summary>
        /// The same candidate's turn with its next key, when it is the key that an answer is about: what is wrong with one says nothing
        /// of the others.
        /// </summary>
        private Turn? WithNextKey(Turn turn, ProviderAnswer answer, long begun)
        {
            if (!answer.Verdict.IsOfKey || plan.Clock.Left <= TimeSpan.Zero || turn.After(answer.Key) is not { } next)
            {
                return null;
            }

            Record(turn.Candidate, answer, begun);
            NoteWait(answer);
            return next;
        }

        /// <returns>The end of the tries; or <see langword="null"/> to try the next.</returns>
        private FailoverResult? Judge(Candidate candidate, ProviderAnswer answer, long begun, int next)
        {
            Record(candidate, answer, begun);
            var verdict = answer.Verdict;
            if (verdict.Outcome == AttemptOutcome.Success)
            {
                return new(candidate, answer, next, null);
            }

            if (verdict.EndsRequest)
            {
                return new(null, null, next, ModelResult.Refused(answer, attempts));
            }

            _allAtLimit &= verdict.IsLimit;
            _allSayOfRequest &= verdict.SaysOfRequest > 0;
            if (verdict.SaysOfRequest > (_mostTelling?.Verdict.SaysOfRequest ?? 0))
            {
                _mostTelling = answer;
            }

            NoteWait(answer);
            return null;
        }

        private void NoteWait(ProviderAnswer answer)
        {
            if (answer.RetryAfter is { } wait && !(_shortestWait < wait))
            {
                _shortestWait = wait;
            }
        }

        private void Record(Candidate candidate, ProviderAnswer answer, long begun)
        {
            var called = !answer.Verdict.IsSkip;
            var attempt = new Attempt(candidate.Provider.Name, candidate.Model, answer.Outcome, answer.Status, called ? failover._time.GetElapsedTime(begun) : TimeSpan.Zero)
            {
                Key = candidate.Provider.Limits.HasSeveralKeys ? answer.Key?.Index : null,
            };
            attempts.Add(attempt);
            if (called && !ReferenceEquals(answer.Verdict, Verdicts.NotSent))
            {
                candidate.Learn(answer.Verdict, attempt.Elapsed);
            }
            else
            {
                RequestTrace.Skipped(candidate, answer.Outcome);
            }

            failover._metrics.Attempted(candidate, request.Operation, attempt);
            if (answer.Stream is not null)
            {
                failover._metrics.FirstToken(candidate, request.Operation, attempt.Elapsed, plan.Clock.Elapsed);
            }

            if (answer.Outcome is AttemptOutcome.Success or AttemptOutcome.RequestRefused or AttemptOutcome.HedgeLost)
            {
                return;
            }

            if (called)
            {
                LogFailed(failover._logger, attempt.Provider, attempt.Model, answer.Key?.Index ?? 0, attempt.Outcome.Name(), attempt.Status ?? 0, attempt.Elapsed.TotalMilliseconds);
            }
            else
            {
                LogSkipped(failover._logger, attempt.Provider, attempt.Model, attempt.Outcome.Name());
            }
        }

        private FailoverResult Failed() => new(null, null, plan.Candidates.Count,
            plan.Clock.Left <= TimeSpan.Zero ? ModelResult.TimedOut(attempts)
            // What one candidate says of the request is what the caller can do something about, whatever became of the others. That a
            // model is not to be had is no matter of the caller's while another might answer the next time.
            : _mostTelling is not null && (_allSayOfRequest || _mostTelling.Verdict.Fault != Fault.Model)
                ? ModelResult.Refused(_mostTelling, attempts)
            : ModelResult.Failed(attempts, _shortestWait, _allAtLimit));
    }

    /// <summary>A call under way beside another.</summary>
    private sealed record Call(Turn Turn, long Begun, Task<ProviderAnswer> Answer, CancellationTokenSource Ending) : IDisposable
    {
        public Candidate Candidate => Turn.Candidate;

        public bool KeepAlive { get; set; }

        public void Dispose()
        {
            if (!KeepAlive)
            {
                Ending.Dispose();
            }
        }
    }

    private readonly ProviderClient _client = client;
    private readonly GatewayMetrics _metrics = metrics;
    private readonly TimeProvider _time = time;
    private readonly ILogger<Failover> _logger = logger;

    [LoggerMessage(20, LogLevel.Warning, "Provider {Provider} ({Model}, key {Key}) failed: {Outcome}, status {Status} (0: none), after {ElapsedMs:0} ms")]
    private static partial void LogFailed(ILogger logger, string provider, string model, int key, string outcome, int status, double elapsedMs);

    [LoggerMessage(25, LogLevel.Error, "A call to provider {Provider} ({Model}) that was given up ended in a fault of the gateway's own")]
    private static partial void LogLoserFault(ILogger logger, Exception fault, string provider, string model);

    // At Debug: a provider at its limit is skipped by every request until the limit ends, and the metrics count it.
    [LoggerMessage(21, LogLevel.Debug, "Provider {Provider} ({Model}) was skipped: {Outcome}")]
    private static partial void LogSkipped(ILogger logger, string provider, string model, string outcome);
}
