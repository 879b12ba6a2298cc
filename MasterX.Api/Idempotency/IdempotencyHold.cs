using MasterX.Api.Storage;

namespace MasterX.Api.Idempotency;

/// <summary>
/// Holds a request for this process while it is under way: says over and over that the process lives. A process that was stopped for longer than
/// the hold has to ask first whether the request is still its own; if another has taken it over, it is <see cref="Lost"/>, and what is done for it ends.
/// </summary>
internal sealed class IdempotencyHold : IDisposable
{
    private readonly IIdempotencyStore _records;
    private readonly IdempotencyOptions _options;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _lost = new(), _ended = new();
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly Task _holding;
    private IdempotencyRecord _record;
    private long _confirmed;

    /// <param name="records">Where the record is.</param>
    /// <param name="record">Just begun, or taken over.</param>
    /// <param name="since">When that was asked for: a timestamp of <paramref name="time"/>.</param>
    /// <param name="options">How long a hold is.</param>
    /// <param name="time">Tells the time, a pause of the process included.</param>
    public IdempotencyHold(IIdempotencyStore records, IdempotencyRecord record, long since, IdempotencyOptions options, TimeProvider time)
    {
        (_records, _record, _confirmed, _options, _time) = (records, record, since, options, time);
        _holding = HoldAsync();
    }

    /// <summary>Cancelled when another process has taken the request over.</summary>
    public CancellationToken Lost => _lost.Token;

    /// <summary>Whether the time is not over for which nobody else may take the request over.</summary>
    public bool IsSure => !Lost.IsCancellationRequested && _time.GetElapsedTime(Volatile.Read(ref _confirmed)) < _options.Hold;

    /// <summary>Makes sure that the request is still this process's; where that is known anyway, nothing is asked.</summary>
    /// <exception cref="OperationCanceledException">It is another's.</exception>
    /// <exception cref="StorageException">It cannot be known.</exception>
    public async ValueTask ConfirmAsync()
    {
        if (!IsSure)
        {
            await RenewAsync();
        }

        Lost.ThrowIfCancellationRequested();
    }

    /// <summary>Notes that the record is another's.</summary>
    public Task LoseAsync() => _lost.CancelAsync();

    /// <summary>Stops saying that the process lives.</summary>
    public async Task EndAsync()
    {
        await _ended.CancelAsync();
        await _holding;
    }

    public void Dispose()
    {
        _ended.Dispose();
        _lost.Dispose();
        _turn.Dispose();
    }

    private async Task HoldAsync()
    {
        try
        {
            while (!Lost.IsCancellationRequested)
            {
                await Task.Delay(_options.Hold / 3, _time, _ended.Token);
                try
                {
                    await RenewAsync();
                }
                catch (StorageException)
                {
                    // The database is away for a moment; the next time may do.
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The request has ended.
        }
    }

    private async Task RenewAsync()
    {
        await _turn.WaitAsync();
        try
        {
            var (since, now) = (_time.GetTimestamp(), Identifier.Now(_time));
            _record = _record with { HeldUntil = now + _options.Hold, ExpiresAt = now + IdempotencyOptions.Lifetime };
            if (await _records.TryHoldAsync(_record, CancellationToken.None))
            {
                Volatile.Write(ref _confirmed, since);
                return;
            }
        }
        finally
        {
            _turn.Release();
        }

        await LoseAsync();
    }
}
