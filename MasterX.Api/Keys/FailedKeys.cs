using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using MasterX.ServiceDefaults.Configuration;

namespace MasterX.Api.Keys;

/// <summary>
/// Bounds what callers without a key can make the database do. Each client address may present <c>Keys:FailuresPerMinute</c> (60 unless set, 0 for no limit) keys that do not exist, and one
/// more as often as that says; beyond it the database is not asked about keys that have never opened anything here, and the caller is told to wait. A key that has is asked about whatever
/// others at the same address do. Of IPv6 an address is its first 64 bits, which is what one client has.
/// </summary>
internal sealed class FailedKeys(TimeProvider time, IConfiguration configuration)
{
    private const string Setting = "Keys:FailuresPerMinute";
    private const int Default = 60, MostAddresses = 20_000, MostKeys = 200_000;

    private readonly int _perMinute = configuration.GetValue(Setting, Default);
    private readonly ConcurrentDictionary<IPAddress, Bucket> _failures = new();
    private readonly ConcurrentDictionary<ConsumerKeyHash, byte> _opened = new();

    /// <summary>Addresses of which something is remembered.</summary>
    internal int Count => _failures.Count;

    private TimeSpan Each => TimeSpan.FromMinutes(1) / _perMinute;

    /// <summary>Whether a key may be looked for.</summary>
    /// <returns>How long to wait first; <see langword="null"/> for not at all.</returns>
    public TimeSpan? WaitOf(IPAddress? address, ConsumerKeyHash key)
    {
        if (_perMinute == 0 || address is null || !_failures.TryGetValue(ClientOf(address), out var failures) || _opened.ContainsKey(key))
        {
            return null;
        }

        var left = _perMinute - failures.At(time.GetElapsedTime(failures.Taken), Each);
        return left >= 1 ? null : Each * (1 - left);
    }

    /// <summary>A key does not exist.</summary>
    public void Failed(IPAddress? address)
    {
        if (_perMinute == 0 || address is null)
        {
            return;
        }

        if (_failures.Count >= MostAddresses)
        {
            Forget();
        }

        var now = time.GetTimestamp();
        _failures.AddOrUpdate(
            ClientOf(address), static (_, added) => new Bucket(1, added.now),
            static (_, known, added) => new Bucket(Math.Min(added.most, known.At(added.time.GetElapsedTime(known.Taken, added.now), added.Each) + 1), added.now), (now, time, Each, most: (double)_perMinute));
    }

    /// <summary>A key exists, and is valid.</summary>
    public void Opened(ConsumerKeyHash key)
    {
        if (_opened.Count >= MostKeys)
        {
            _opened.Clear();
        }

        _opened.TryAdd(key, 0);
    }

    /// <summary>Those whose failures lie back long enough; all of them, where addresses come faster than that.</summary>
    private void Forget()
    {
        foreach (var known in _failures)
        {
            if (known.Value.At(time.GetElapsedTime(known.Value.Taken), Each) <= 0)
            {
                _failures.TryRemove(known);
            }
        }

        if (_failures.Count >= MostAddresses)
        {
            _failures.Clear();
        }
    }

    private static IPAddress ClientOf(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
        {
            return address.MapToIPv4();
        }

        if (address.AddressFamily != AddressFamily.InterNetworkV6)
        {
            return address;
        }

        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out _);
        bytes[8..].Clear();
        return new IPAddress(bytes);
    }

    /// <summary>Failures that count, and as of when: one less with every <c>each</c> that passes.</summary>
    private sealed record Bucket(double Failures, long Taken)
    {
        public double At(TimeSpan passed, TimeSpan each) => Math.Max(0, Failures - (passed / each));
    }

    /// <summary>Checks the setting at start.</summary>
    internal sealed class Rule(IConfiguration configuration) : IConfigurationRule
    {
        public IEnumerable<string> FindProblems() =>
            configuration[Setting] is not { } value || (int.TryParse(value, System.Globalization.CultureInfo.InvariantCulture, out var number) && number is >= 0 and <= 1_000_000)
                ? []
                : [$"Keys__FailuresPerMinute is '{value}'; it must be 0 (no limit) to 1000000."];
    }
}
