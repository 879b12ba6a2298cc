using MasterX.AiGateway.Calls;
using MasterX.AiGateway.Limits;
using MasterX.AiGateway.Providers;
using MasterX.AiGateway.Providers.Classification;
using MasterX.AiGateway.Providers.Keys;
using MasterX.AiGateway.Requests;
using MasterX.AiGateway.Routing;
using MasterX.AiGateway.Telemetry;
using MasterX.ServiceDefaults.Http;

namespace MasterX.AiGateway.Streaming;

/// <summary>How far a provider's stream has come.</summary>
internal enum StreamState
{
    /// <summary>More may come.</summary>
    Open,

    /// <summary>The answer is whole.</summary>
    Done,

    /// <summary>It broke off: an error inside, a cut before the finish, a time limit.</summary>
    Failed,
}

/// <summary>
/// A provider's open stream: reads its events, and holds what is ready for the caller. When disposed it frees the connection and the
/// provider's place, and tells the gate, once, how the call ended.
/// </summary>
internal sealed class ProviderStream(
    HttpResponseMessage response, Stream body, Candidate candidate, ModelRequest request, ProviderHeaders headers, StreamFrames frames, GenAiSpan? span, Accounting accounting,
    AttemptClock clock, int largestEvent, CancellationToken caller) : IDisposable
{
    /// <summary>How long the tokens and the end mark may come after the finish; some providers leave the connection open behind it.</summary>
    private static readonly TimeSpan EndPatience = TimeSpan.FromSeconds(2);

    private static readonly ProviderAnswer Whole = Judgement.Of(Verdicts.Success);

    private readonly CancellationTokenSource _limit = CancellationTokenSource.CreateLinkedTokenSource(caller);
    private readonly SseReader _events = new(body, largestEvent);
    private CallLease? _lease;
    private ModelGate? _gate;
    private ProviderKey? _key;
    private Bill? _bill;
    private bool _isSettled;

    /// <summary>Bytes taken in one after the other without waiting.</summary>
    private int _turn;

    public StreamFrames Frames { get; private set; } = frames;

    /// <summary>Whole events for the caller that have not been taken yet.</summary>
    public PooledBuffer Ready { get; } = new(8192);

    public StreamState State { get; private set; }

    /// <summary>Whether there was content: something a caller would miss.</summary>
    public bool HasContent { get; private set; }

    /// <summary>Whether nothing of the answer is still to come; of several answers one may, whatever the others say.</summary>
    private bool IsOver => Frames.Finished && !request.WantsSeveral;

    /// <summary>Why it failed, when it did.</summary>
    public ProviderAnswer Failure { get; private set; } = Judgement.Of(Verdicts.Broken, (int)response.StatusCode);

    /// <summary>Events that could not be parsed and were dropped.</summary>
    public int Dropped { get; private set; }

    /// <summary>Keeps the call's place and tokens until the stream is disposed.</summary>
    /// <param name="lease">They; <see langword="null"/> where neither is limited.</param>
    /// <param name="gate">Is told how the stream ended.</param>
    /// <param name="key">The call's.</param>
    public void Keep(CallLease? lease, ModelGate gate, ProviderKey key) => (_lease, _gate, _key) = (lease, gate, key);

    /// <summary>Reads once from the network, and takes in all events that are whole then.</summary>
    /// <param name="patience">How long the provider may be silent. Its time limits are a failure of the stream, and no exception.</param>
    /// <exception cref="OperationCanceledException">The caller has left, or the service is to end.</exception>
    public async ValueTask ReadAsync(TimeSpan patience)
    {
        var filled = await FillAsync(patience);
        await LeaveSocketThread();
        TakeIn(filled);
    }

    /// <summary>The first half of <see cref="ReadAsync"/>: reads, and leaves <see cref="Ready"/> as it is. The stream must not be disposed before it has ended.</summary>
    /// <returns>Whether something was read that has to be taken in.</returns>
    /// <inheritdoc cref="ReadAsync"/>
    public async ValueTask<bool> FillAsync(TimeSpan patience)
    {
        try
        {
            // One timer for the whole stream, moved at every read.
            _limit.CancelAfter(ProviderClient.Shorter(IsOver ? ProviderClient.Shorter(patience, EndPatience) : patience, clock.Left));
            var reading = _events.ReadAsync(_limit.Token);
            _turn = reading.IsCompleted ? _turn : 0;
            if (await reading)
            {
                // A large event, or many that come without a pause, are no work for the thread that serves the other sockets too.
                _turn += _events.Unread;
                await SocketThread.LeaveFor(_turn);
                _turn = _turn > SocketThread.MostBytes ? 0 : _turn;
                return true;
            }

            await SocketThread.LeaveFor(_events.Unread);
            TakeInEnd();
        }
        catch (OperationCanceledException) when (!caller.IsCancellationRequested)
        {
            // Silent after the finish: nothing is missing.
            (State, Failure) = IsOver ? (StreamState.Done, Failure) : (StreamState.Failed, Judgement.Of(Verdicts.TimedOut));
        }
        catch (Exception error) when (error is IOException or HttpRequestException or InvalidDataException)
        {
            // Cut by the other side, after the finish perhaps: then nothing is missing.
            State = Frames.Finished ? StreamState.Done : StreamState.Failed;
        }

        return false;
    }

    /// <summary>
    /// To be awaited between the halves: whoever found the first one done already has gone on where it was, which may be a socket's
    /// thread.
    /// </summary>
    public SocketThreadDeparture LeaveSocketThread() => SocketThread.LeaveFor(_events.Unread);

    /// <summary>The second half of <see cref="ReadAsync"/>: adds what was read to <see cref="Ready"/>.</summary>
    public void TakeIn(bool filled)
    {
        while (filled && State == StreamState.Open && _events.TryNext(out var data))
        {
            switch (_events.IsError ? FrameKind.Error : Frames.Read(data, Ready))
            {
                case FrameKind.Content:
                    HasContent = true;
                    break;
                case FrameKind.Done:
                    State = Frames.Finished || HasContent ? StreamState.Done : StreamState.Failed;
                    break;
                case FrameKind.Error:
                    Fail(data);
                    break;
                case FrameKind.Unparseable:
                    Dropped++;
                    break;
            }
        }
    }

    /// <summary>
    /// Some providers end without an end mark, or in the middle of the last event; what counts is whether the answer was finished. What is
    /// left over may also be a whole answer instead of a stream, or an error that is not an event.
    /// </summary>
    private void TakeInEnd()
    {
        var rest = _events.Rest.TrimStart(" \r\n\t"u8);
        if (!HasContent && rest.StartsWith("{"u8))
        {
            if (candidate.Format.OpenWhole(request, candidate) is { } whole)
            {
                span?.Watch(whole);
                if (whole.TryReadWhole(rest, Ready))
                {
                    (Frames, HasContent, State) = (whole, true, StreamState.Done);
                    return;
                }
            }

            Fail(rest);
            return;
        }

        var left = rest[..Math.Min(rest.Length, ErrorBody.Looked)].ToArray();
        _events.Complete();
        TakeIn(filled: true);
        if (State == StreamState.Open)
        {
            State = Frames.Finished ? StreamState.Done : StreamState.Failed;
            if (State == StreamState.Failed && !HasContent)
            {
                Fail(left);
            }
        }
    }

    /// <summary>Notes what the stream has spent, which is as far as it has come; once, whoever asks first.</summary>
    /// <returns><see langword="null"/> for nothing.</returns>
    public Bill? Settle()
    {
        if (!_isSettled)
        {
            _isSettled = true;

            // Of a stream that broke off, what has come was made, whatever the provider says of the rest.
            var outcome = State switch
            {
                StreamState.Done => AttemptOutcome.Success,
                StreamState.Failed => HasContent ? AttemptOutcome.BrokenAnswer : Failure.Outcome,
                _ => AttemptOutcome.Abandoned,
            };
            _bill = accounting.Spend(request, candidate, outcome, Frames.Usage, isWhole: State == StreamState.Done, Frames.Characters);
        }

        return _bill;
    }

    /// <summary>Ends a read that is under way, whose result nobody wants any more.</summary>
    public async ValueTask AbandonAsync(ValueTask<bool> filling)
    {
        await _limit.CancelAsync();
        try
        {
            await filling;
        }
        catch (OperationCanceledException)
        {
            // As asked.
        }
    }

    public void Dispose()
    {
        try
        {
            Settle();
            _events.Dispose();
            Ready.Dispose();
            body.Dispose();
            response.Dispose();
            _limit.Dispose();
            using (span)
            {
                span?.DescribeEnd(Frames.Usage, State, Failure.Outcome);
            }
        }
        finally
        {
            // A place that were not given back would be lost for as long as the gateway runs.
            _lease?.Spend(_bill?.Usage);
            _lease?.Dispose();
            if (State != StreamState.Open)
            {
                // A caller who left says nothing about the provider.
                _gate?.Report(State == StreamState.Done ? Whole : Failure, _key!);
            }

            (_lease, _gate) = (null, null);
        }
    }

    /// <param name="error">What came instead of the rest; it is copied, as it lies in the buffer of the events.</param>
    private void Fail(ReadOnlySpan<byte> error)
    {
        var looked = error[..Math.Min(error.Length, ErrorBody.Looked)].ToArray();
        var failure = Frames.Verdict is { } verdict
            ? Judgement.Of(verdict, (int)response.StatusCode)
            : Judgement.Of(candidate, (int)response.StatusCode, looked, headers, clock.Time.GetUtcNow());
        (State, Failure) = (StreamState.Failed, failure);
    }
}
