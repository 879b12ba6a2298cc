using System.Collections.Concurrent;

namespace MasterX.AiGateway.Calls;

/// <summary>
/// Records of calls that their caller has named (<c>x-masterx-call</c>), until the caller says that it has read them. What nobody asks for is
/// let go after <see cref="Longest"/>, or when there are more than <see cref="Most"/>.
/// </summary>
internal sealed class CallRecords(TimeProvider time)
{
    public const string Header = "x-masterx-call";

    public const int Most = 100_000;

    public static readonly TimeSpan Longest = TimeSpan.FromHours(1);

    private const int LongestId = 64;

    private readonly ConcurrentDictionary<string, CallRecord> _records = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<CallRecord> _ended = new();

    private readonly long _begun = time.GetTimestamp();

    /// <summary>For how long records have been kept.</summary>
    public TimeSpan Uptime => time.GetElapsedTime(_begun);

    /// <summary>Records that are kept.</summary>
    public int Count => _records.Count;

    /// <summary>Whether a name is one: 1 to 64 letters, digits, <c>-</c> and <c>_</c>.</summary>
    public static bool IsId(string name) => name.Length is > 0 and <= LongestId && !name.AsSpan().ContainsAnyExcept(Characters);

    private static readonly System.Buffers.SearchValues<char> Characters =
        System.Buffers.SearchValues.Create("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_");

    /// <summary>Opens the record of a call. One that comes again under the same name is added to.</summary>
    /// <param name="id">Its name; empty for none.</param>
    public CallRecord Open(string id)
    {
        if (id.Length == 0)
        {
            return new CallRecord(null, null);
        }

        var record = new CallRecord(id, this);
        var known = _records.GetOrAdd(id, record);
        if (!ReferenceEquals(known, record))
        {
            known.Hold();
        }

        return known;
    }

    public CallRecord? Find(string id) => _records.GetValueOrDefault(id);

    /// <summary>Lets go of what its caller has read to the end.</summary>
    public void Forget(string id)
    {
        if (_records.TryGetValue(id, out var record) && record.HasEnded)
        {
            _records.TryRemove(KeyValuePair.Create(id, record));
        }
    }

    /// <summary>Nothing is added to a record any more.</summary>
    public void End(CallRecord record)
    {
        record.Ended = time.GetTimestamp();
        _ended.Enqueue(record);
        while (_ended.TryPeek(out var oldest)
            && (_ended.Count > Most || time.GetElapsedTime(oldest.Ended) > Longest || !IsKept(oldest))
            && _ended.TryDequeue(out var left))
        {
            if (left.HasEnded)
            {
                _records.TryRemove(KeyValuePair.Create(left.Id!, left));
            }
        }
    }

    private bool IsKept(CallRecord record) => _records.TryGetValue(record.Id!, out var kept) && ReferenceEquals(kept, record);
}
