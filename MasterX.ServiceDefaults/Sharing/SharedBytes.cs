using StackExchange.Redis;

namespace MasterX.ServiceDefaults.Sharing;

/// <summary>Bytes that one replica keeps for all, for a time. Nobody waits for them for long, and who does not find them does without.</summary>
public sealed class SharedBytes
{
    /// <summary>Longer ones are not kept: they would hold up the questions that go the same way.</summary>
    public const int Longest = 256 * 1024;

    private readonly RedisLink _link;

    internal SharedBytes(RedisLink link) => _link = link;

    /// <summary>Finds what was kept; <see langword="null"/> when there is nothing, or Redis cannot be had.</summary>
    public async ValueTask<byte[]?> FindAsync(string key)
    {
        if (!_link.IsUp)
        {
            return null;
        }

        try
        {
            return await _link.Database!.StringGetAsync(KeyOf(key)).WaitAsync(_link.Settings.Wait);
        }
        catch (Exception lost) when (lost is RedisException or TimeoutException or ObjectDisposedException)
        {
            _link.Failed(lost);
            return null;
        }
    }

    /// <summary>Keeps bytes. Nobody waits for it.</summary>
    public void Keep(string key, byte[] bytes, TimeSpan lifetime)
    {
        if (_link.IsUp && bytes.Length <= Longest)
        {
            _link.Database!.StringSet(KeyOf(key), bytes, lifetime, flags: CommandFlags.FireAndForget);
        }
    }

    private RedisKey KeyOf(string key) => $"{{{_link.Settings.Prefix}}}:{key}";
}
