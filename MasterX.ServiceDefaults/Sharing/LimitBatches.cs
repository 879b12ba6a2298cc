using System.Buffers.Text;
using System.Text;
using StackExchange.Redis;

namespace MasterX.ServiceDefaults.Sharing;

/// <summary>What goes to Redis at once.</summary>
internal sealed record LimitBatch(
    IReadOnlyList<SharedEntry> Entries, IReadOnlyList<(SharedLimit Limit, List<(long Second, long Amount)> Additions)> Told, RedisKey[] Keys, RedisValue[] Values);

/// <summary>Writes batches for <see cref="LimitScript"/>, and reads what it answers.</summary>
internal sealed class LimitBatches(SharedSettings settings, string replica)
{
    /// <summary>While Redis runs a script, it does nothing else: none takes more than some milliseconds.</summary>
    private const int MostEntries = 64;
    private const int MostLimits = 128;

    private static readonly List<(long Second, long Amount)> Nothing = [];

    private readonly RedisKey _epochKey = $"{{{settings.Prefix}}}:epoch";
    private readonly RedisKey _aliveKey = $"{{{settings.Prefix}}}:alive:{replica}";
    private readonly List<SharedLimit> _limits = [];
    private readonly List<RedisValue> _values = [];
    private long _number;

    /// <summary>Takes as much as goes into one. One is built at a time.</summary>
    public LimitBatch Build(Queue<SharedLimit> dirty, Queue<SharedEntry> waiting)
    {
        _number++;
        _limits.Clear();
        while (_limits.Count < MostLimits && dirty.TryDequeue(out var limit))
        {
            limit.IsDirty = false;
            Add(limit);
        }

        var told = new List<(SharedLimit, List<(long, long)>)>(_limits.Count);
        List<SharedEntry> entries = [];
        while (entries.Count < MostEntries && waiting.TryDequeue(out var entry))
        {
            entries.Add(entry);
            foreach (var line in entry.Lines)
            {
                Add(line.Limit);
            }
        }

        WriteLimits(told);
        WriteEntries(entries);
        return new(entries, told, [_epochKey, _aliveKey, .. _limits.Select(limit => limit.Key)], [.. _values]);
    }

    /// <summary>Sends a batch, and waits for the answer for so long.</summary>
    public static async Task<byte[]?> CallAsync(RedisLink link, LimitBatch batch, TimeSpan patience)
    {
        var database = link.Database ?? throw new InvalidOperationException("There is no connection yet.");
        if (patience <= TimeSpan.Zero)
        {
            throw new TimeoutException();
        }

        var call = CallAsync(database, batch);
        try
        {
            return await call.WaitAsync(patience);
        }
        catch (TimeoutException)
        {
            // Nobody waits for how it ends.
            _ = call.ContinueWith(static late => _ = late.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
            throw;
        }
    }

    /// <summary>Notes with each request what was decided.</summary>
    /// <returns>False when it is no answer of the script's.</returns>
    public static bool TryRead(ReadOnlySpan<byte> reply, LimitBatch batch, out string? epoch)
    {
        var end = reply.IndexOf((byte)',');
        epoch = Encoding.ASCII.GetString(end < 0 ? reply : reply[..end]);
        var rest = end < 0 ? default : reply[(end + 1)..];
        foreach (var entry in batch.Entries)
        {
            if (!TryRead(ref rest, out var refused) || !TryRead(ref rest, out var wait))
            {
                return false;
            }

            (entry.Refused, entry.Wait) = ((int)refused - 1, TimeSpan.FromMilliseconds(wait));
            for (var i = 0; i < entry.Lines.Length; i++)
            {
                if (!TryRead(ref rest, out var left) || !TryRead(ref rest, out var untilMore) || !TryRead(ref rest, out var second))
                {
                    return false;
                }

                entry.Note(i, new(left, TimeSpan.FromMilliseconds(untilMore)));
                entry.Reservations[i] = new(second, 0);
            }
        }

        return true;
    }

    private static async Task<byte[]?> CallAsync(IDatabase database, LimitBatch batch)
    {
        try
        {
            return (byte[]?)await database.ScriptEvaluateAsync(LimitScript.Hash, batch.Keys, batch.Values);
        }
        catch (RedisServerException unknown) when (unknown.Message.StartsWith("NOSCRIPT", StringComparison.Ordinal))
        {
            return (byte[]?)await database.ExecuteAsync("EVAL", [LimitScript.Text, batch.Keys.Length, .. batch.Keys.Select(key => (object)key), .. batch.Values.Select(value => (object)value)]);
        }
    }

    private static bool TryRead(ref ReadOnlySpan<byte> rest, out long number)
    {
        if (!Utf8Parser.TryParse(rest, out number, out var length))
        {
            return false;
        }

        rest = rest[Math.Min(length + 1, rest.Length)..];
        return true;
    }

    private void Add(SharedLimit limit)
    {
        if (limit.At.Batch != _number)
        {
            _limits.Add(limit);
            limit.At = (_number, _limits.Count);
        }
    }

    private void WriteLimits(List<(SharedLimit, List<(long, long)>)> told)
    {
        _values.Clear();
        _values.Add(replica);
        _values.Add((long)settings.Lease.TotalMilliseconds);
        _values.Add($"{replica}-{_number}");
        _values.Add(_limits.Count);
        foreach (var limit in _limits)
        {
            if (limit is SharedWindow window)
            {
                var additions = window.HasUntold ? window.TakeUntold() : Nothing;
                _values.Add(1);
                _values.Add(limit.Limit);
                _values.Add(window.Seconds);
                _values.Add(additions.Count);
                foreach (var (second, amount) in additions)
                {
                    _values.Add(second);
                    _values.Add(amount);
                }

                told.Add((limit, additions));
            }
            else
            {
                _values.Add(0);
                _values.Add(limit.Limit);
                _values.Add(((SharedPlaces)limit).Number);
                _values.Add(((SharedPlaces)limit).Running);
                told.Add((limit, Nothing));
            }
        }
    }

    private void WriteEntries(List<SharedEntry> entries)
    {
        _values.Add(entries.Count);
        foreach (var entry in entries)
        {
            _values.Add(entry.Lines.Length);
            foreach (var (limit, cost) in entry.Lines)
            {
                _values.Add(limit.At.Index);
                _values.Add(limit is SharedWindow window ? SharedLimits.Cost(window, cost) : 1);
            }
        }
    }
}
