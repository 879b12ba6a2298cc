using MasterX.AiGateway.Requests;
using MasterX.AiGateway.Telemetry;

namespace MasterX.AiGateway.Caching;

/// <summary>
/// A stream that is being made for one caller, and followed by others who asked the same: they are given what there is so far, and then every event as it comes.
/// Its call goes on until the last of them has left.
/// </summary>
internal sealed class StreamRecording : IDisposable
{
    /// <summary>A longer stream is given to the caller it is made for alone.</summary>
    private const int LongestBytes = 16 * 1024 * 1024;

    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _abandoned = new();
    private readonly List<byte[]> _events = [];
    private TaskCompletionSource _news = NewSignal();
    private int _members;
    private int _length;
    private RecordingEnd? _end;
    private (string Provider, string Model)? _author;

    /// <summary>Cancelled when nobody is left.</summary>
    public CancellationToken Abandoned => _abandoned.Token;

    /// <summary>The whole of it, when it came to a good end and may be kept.</summary>
    public KeptStream? Kept => _end is { Error: null, Failure: null, Filtered: false } end && _author is { } author
        ? new KeptStream(author.Provider, author.Model, end.Usage, _events.SelectMany(part => part).ToArray(), end.Mark)
        : null;

    /// <returns>False when it has been abandoned.</returns>
    public bool TryJoin()
    {
        lock (_lock)
        {
            if (_abandoned.IsCancellationRequested)
            {
                return false;
            }

            _members++;
            return true;
        }
    }

    public void Leave()
    {
        lock (_lock)
        {
            if (--_members > 0 || _end is not null)
            {
                return;
            }
        }

        _abandoned.Cancel();
    }

    /// <summary>Who answers.</summary>
    public void Begin(string provider, string model) => Tell(() => _author = (provider, model));

    public void Append(ReadOnlyMemory<byte> events) => Tell(() =>
    {
        if (_end is not null)
        {
            return;
        }

        _length += events.Length;
        if (_length > LongestBytes)
        {
            _events.Clear();
            _end = new RecordingEnd { Error = ("The stream is too long to be shared with another caller; ask again.", "stream_too_long") };
        }
        else if (events.Length > 0)
        {
            _events.Add(events.ToArray());
        }
    });

    /// <summary>The first end counts.</summary>
    public void End(RecordingEnd end) => Tell(() => _end ??= end);

    /// <summary>Waits for what follows the first <paramref name="seen"/> parts.</summary>
    /// <returns>The next part; or the end, when there is none; neither, when only the author has become known.</returns>
    public async ValueTask<(byte[]? Part, RecordingEnd? End, (string Provider, string Model)? Author)> NextAsync(int seen, bool knowsAuthor, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task news;
            lock (_lock)
            {
                if (!knowsAuthor && _author is not null)
                {
                    return (null, null, _author);
                }

                if (seen < _events.Count)
                {
                    return (_events[seen], null, _author);
                }

                if (_end is not null)
                {
                    return (null, _end, _author);
                }

                news = _news.Task;
            }

            await news.WaitAsync(cancellationToken);
        }
    }

    /// <summary>Once it has ended; followers may still read it.</summary>
    public void Dispose() => _abandoned.Dispose();

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private void Tell(Action change)
    {
        TaskCompletionSource heard;
        lock (_lock)
        {
            change();
            (heard, _news) = (_news, NewSignal());
        }

        heard.SetResult();
    }
}

/// <summary>How a recorded stream ended.</summary>
internal sealed record RecordingEnd
{
    /// <summary>The end mark of one that ended well.</summary>
    public byte[] Mark { get; init; } = [];

    public TokenUsage? Usage { get; init; }

    /// <summary>Whether the provider held back some of it.</summary>
    public bool Filtered { get; init; }

    /// <summary>Of one that broke off: the message and code of the error event.</summary>
    public (string Message, string Code)? Error { get; init; }

    /// <summary>Of one that never began.</summary>
    public ModelResult? Failure { get; init; }
}
