using MasterX.AiGateway.Requests;
using MasterX.AiGateway.Routing;

namespace MasterX.AiGateway.Caching;

/// <summary>
/// What came of a call that several callers waited for: an answer, whose attempts are its creator's; or a failure, which is everybody's.
/// </summary>
internal sealed record SharedResult(KeptAnswer? Answer, Candidate? Candidate, IReadOnlyList<Attempt> Attempts, ModelResult? Failure);

/// <summary>
/// A call for a whole answer that several callers wait for, each only for as long as it likes. The call is nobody's in particular: it
/// holds the bytes of the request it was made with, and goes on until it has ended or the last who waits has left.
/// </summary>
internal sealed class SharedCall
{
    private readonly Lock _lock = new();
    private readonly EndSignal _abandoned = new();
    private readonly TaskCompletionSource<SharedResult> _result = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _waiting;
    private bool _isAbandoned;

    public int Waiting => Volatile.Read(ref _waiting);

    /// <returns>False when everybody has left it, and it leads nowhere.</returns>
    public bool TryJoin()
    {
        lock (_lock)
        {
            if (_isAbandoned)
            {
                return false;
            }

            _waiting++;
            return true;
        }
    }

    /// <summary>Waits for the result, and leaves. To be called once after <see cref="TryJoin"/>.</summary>
    public async Task<SharedResult> WaitAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await _result.Task.WaitAsync(cancellationToken);
        }
        finally
        {
            Leave();
        }
    }

    /// <summary>Makes the call. Whatever it throws is thrown to those who wait.</summary>
    /// <param name="request">Held until the call has ended.</param>
    /// <param name="call">Asks the providers.</param>
    /// <param name="keep">Takes an answer that was not kept before, before anybody is told of it.</param>
    public async Task RunAsync(ModelRequest request, Func<CancellationToken, Task<ModelResult>> call, Action<KeptAnswer> keep)
    {
        var held = request.Body.Hold();
        request.Record.Hold();
        try
        {
            var result = await call(_abandoned.Token);
            if (result.Answer is not { } answer)
            {
                _result.SetResult(new(null, null, result.Attempts, result));
                return;
            }

            using (result)
            {
                var kept = KeptAnswer.Of(answer);
                if (!result.Cached)
                {
                    keep(kept);
                }

                _result.SetResult(new(kept, answer.Candidate, result.Attempts, null));
            }
        }
        catch (Exception error)
        {
            // The boundary of the call: those who wait throw it on, and answer or log it as if it were their own.
            _result.SetException(error);
            _ = _result.Task.Exception;
        }
        finally
        {
            held.LetGo();
            request.Record.LetGo();
        }
    }

    private void Leave()
    {
        lock (_lock)
        {
            if (--_waiting > 0)
            {
                return;
            }

            _isAbandoned = true;
        }

        // Ends a call that still runs, and nothing where it has ended.
        _abandoned.Tell();
    }
}
