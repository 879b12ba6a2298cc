using System.Collections.Concurrent;
using System.Globalization;
using StackExchange.Redis;

namespace MasterX.ServiceDefaults.Sharing;

/// <summary>
/// Notes that hold for a time, such as that somebody is to be left alone: what one replica notes, all others have heard a moment later, and
/// those that come later or were cut off read it when they are connected. Asking costs nothing: who asks looks at <see cref="Version"/>.
/// </summary>
public sealed class SharedNotes
{
    /// <summary>More are not kept, by Redis or here: callers may bring notes about.</summary>
    private const int Most = 2000;

    private const string TellScript = """
        local time = redis.call('TIME')
        local ms = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
        redis.call('ZADD', KEYS[1], 'GT', ms + tonumber(ARGV[1]), ARGV[2])
        redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ms)
        redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -1 - tonumber(ARGV[3]))
        redis.call('PEXPIRE', KEYS[1], 3600000)
        redis.call('PUBLISH', KEYS[1], ARGV[1] .. '|' .. ARGV[2])
        """;

    private const string ReadScript = """
        local time = redis.call('TIME')
        local ms = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
        local all = redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. ms, '+inf', 'WITHSCORES')
        local out = {}
        for i = 1, #all, 2 do out[#out + 1] = string.format('%d|%s', tonumber(all[i + 1]) - ms, all[i]) end
        return out
        """;

    private readonly RedisLink _link;
    private readonly TimeProvider _time;
    private readonly RedisKey _key;
    private readonly RedisChannel _channel;
    private readonly ConcurrentDictionary<string, Note> _heard = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Note> _own = new(StringComparer.Ordinal);
    private int _version;
    private int _isSubscribed;

    internal SharedNotes(RedisLink link, TimeProvider time)
    {
        (_link, _time) = (link, time);
        _key = $"{{{link.Settings.Prefix}}}:notes";
        _channel = RedisChannel.Literal(_key.ToString());
        link.Connected += () => _ = CatchUpAsync(tellOwn: false);
        link.Found += () => _ = CatchUpAsync(tellOwn: true);
        if (link.Database is not null)
        {
            _ = CatchUpAsync(tellOwn: false);
        }
    }

    /// <summary>Another one after every note that was heard.</summary>
    public int Version => Volatile.Read(ref _version);

    /// <summary>Notes something for all other replicas.</summary>
    /// <param name="name">What it is about, without '|' and line ends.</param>
    /// <param name="duration">For how long it holds.</param>
    /// <param name="text">Whatever is to be known.</param>
    public void Tell(string name, TimeSpan duration, string text)
    {
        Keep(_own, name, duration, text);
        if (_link.IsUp)
        {
            _ = TellAsync(name, duration, text);
        }
    }

    /// <summary>Finds what another replica has noted, while it holds.</summary>
    /// <param name="name">What it is about.</param>
    /// <param name="left">For how much longer.</param>
    /// <param name="text">What is to be known.</param>
    public bool TryFind(string name, out TimeSpan left, out string text)
    {
        (left, text) = (TimeSpan.Zero, "");
        if (!_heard.TryGetValue(name, out var note))
        {
            return false;
        }

        (left, text) = (LeftOf(note), note.Text);
        return left > TimeSpan.Zero;
    }

    private async Task TellAsync(string name, TimeSpan duration, string text)
    {
        try
        {
            await _link.Database!.ScriptEvaluateAsync(TellScript, [_key], [(long)duration.TotalMilliseconds, $"{_link.Replica}|{name}|{text}", Most]);
        }
        catch (Exception lost) when (lost is RedisException or TimeoutException or ObjectDisposedException)
        {
            // It is told again when Redis is back.
        }
    }

    private async Task CatchUpAsync(bool tellOwn)
    {
        try
        {
            if (Interlocked.Exchange(ref _isSubscribed, 1) == 0)
            {
                await _link.Subscriber!.SubscribeAsync(_channel, (_, note) => Hear((string?)note));
            }

            var all = (string?[]?)await _link.Database!.ScriptEvaluateAsync(ReadScript, [_key]);
            foreach (var note in all ?? [])
            {
                Hear(note);
            }
        }
        catch (Exception lost) when (lost is RedisException or TimeoutException or ObjectDisposedException)
        {
            // Read when it is connected the next time.
            Volatile.Write(ref _isSubscribed, 0);
        }

        if (tellOwn)
        {
            foreach (var (name, note) in _own)
            {
                if (LeftOf(note) is { Ticks: > 0 } left)
                {
                    await TellAsync(name, left, note.Text);
                }
            }
        }
    }

    /// <param name="note"><c>milliseconds|replica|name|text</c>.</param>
    private void Hear(string? note)
    {
        var parts = note?.Split('|', 4);
        if (parts is [var milliseconds, var replica, var name, var text] && replica != _link.Replica
            && long.TryParse(milliseconds, NumberStyles.None, CultureInfo.InvariantCulture, out var left))
        {
            Keep(_heard, name, TimeSpan.FromMilliseconds(Math.Min(left, 3_600_000)), text);
            Interlocked.Increment(ref _version);
        }
    }

    private void Keep(ConcurrentDictionary<string, Note> notes, string name, TimeSpan duration, string text)
    {
        if (notes.Count >= Most)
        {
            foreach (var (old, note) in notes)
            {
                if (LeftOf(note) == TimeSpan.Zero)
                {
                    notes.TryRemove(KeyValuePair.Create(old, note));
                }
            }

            if (notes.Count >= Most)
            {
                return;
            }
        }

        var added = new Note(_time.GetTimestamp() + (long)(duration.TotalSeconds * _time.TimestampFrequency), text);
        notes.AddOrUpdate(name, static (_, added) => added, static (_, known, added) => known.Until > added.Until ? known : added, added);
    }

    private TimeSpan LeftOf(Note note)
    {
        var now = _time.GetTimestamp();
        return note.Until > now ? _time.GetElapsedTime(now, note.Until) : TimeSpan.Zero;
    }

    private sealed record Note(long Until, string Text);
}
