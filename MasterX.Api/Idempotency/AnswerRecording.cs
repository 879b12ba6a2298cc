using MasterX.Api.Http;

namespace MasterX.Api.Idempotency;

/// <summary>
/// Keeps an answer, up to a limit. One that is whole is held back until it is known to be the request's answer, and is sent by
/// <see cref="SendAsync"/> then; a stream of events is passed on as it comes, as long as the request is this process's.
/// </summary>
internal sealed class AnswerRecording : ObservedStream
{
    /// <summary>A longer answer is not kept, 8 MiB: a document of MongoDB holds no more than 16.</summary>
    private const int Longest = 8 * 1024 * 1024;

    private readonly HttpContext _context;
    private readonly IdempotencyHold _hold;
    private readonly Stream _caller;
    private readonly MemoryStream _copy = new();

    private AnswerRecording(HttpContext context, IdempotencyHold hold, Stream caller)
        : base(caller) => (_context, _hold, _caller) = (context, hold, caller);

    /// <summary>Whether all of it was kept.</summary>
    public bool IsWhole { get; private set; } = true;

    /// <summary>Whether its caller has got something of it already.</summary>
    public bool IsPassedOn { get; private set; }

    public bool IsEmpty => _copy.Length == 0;

    /// <summary>While it is held back, it can be thrown away, as an error does that takes its place.</summary>
    public override bool CanSeek => !IsPassedOn;

    public ReadOnlySpan<byte> Bytes => _copy.GetBuffer().AsSpan(0, (int)_copy.Length);

    private bool IsStream => _context.Response.ContentType?.StartsWith("text/event-stream", StringComparison.OrdinalIgnoreCase) == true;

    public static AnswerRecording Of(HttpContext context, IdempotencyHold hold) => Observe(context, inner => new AnswerRecording(context, hold, inner));

    /// <summary>Sends what was held back.</summary>
    public async Task SendAsync(CancellationToken cancellationToken)
    {
        if (!IsPassedOn && !IsEmpty)
        {
            _context.Response.ContentLength = _copy.Length;
            await _caller.WriteAsync(_copy.GetBuffer().AsMemory(0, (int)_copy.Length), cancellationToken);
        }
    }

    public override void SetLength(long value) => _copy.SetLength(value);

    public override void Flush()
    {
        if (IsPassedOn)
        {
            base.Flush();
        }
    }

    public override async Task FlushAsync(CancellationToken cancellationToken)
    {
        if (IsPassedOn || IsStream)
        {
            IsPassedOn = true;
            await base.FlushAsync(cancellationToken);
        }
    }

    public override void Write(byte[] buffer, int offset, int count)
    {
        if (IsPassedOn)
        {
            base.Write(buffer, offset, count);
        }
        else
        {
            // Up to the limit, whatever it is: what writes without waiting is short.
            _copy.Write(buffer, offset, count);
        }
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (!IsPassedOn && !IsStream && _copy.Length + buffer.Length <= Longest)
        {
            Observe(buffer.Span);
            return;
        }

        // Never the answer of one to whom the request does not belong any more.
        await _hold.ConfirmAsync();
        if (!IsPassedOn && !IsEmpty)
        {
            await PassOnAsync(Bytes.ToArray(), cancellationToken);
        }

        Observe(buffer.Span);
        await PassOnAsync(buffer, cancellationToken);
    }

    protected override void Observe(ReadOnlySpan<byte> bytes)
    {
        if (IsWhole && _copy.Length + bytes.Length <= Longest)
        {
            _copy.Write(bytes);
        }
        else
        {
            IsWhole = false;
        }
    }

    /// <summary>Whoever has left is written to no more; the copy goes on.</summary>
    private async ValueTask PassOnAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        IsPassedOn = true;
        try
        {
            await _caller.WriteAsync(bytes, cancellationToken);
        }
        catch (Exception left) when (left is IOException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            // Copied all the same.
        }
    }
}
