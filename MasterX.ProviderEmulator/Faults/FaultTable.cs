using System.Collections.Concurrent;

namespace MasterX.ProviderEmulator.Faults;

/// <summary>The faults in force, and how many calls each provider has had.</summary>
internal sealed class FaultTable
{
    public static readonly IReadOnlyList<string> Providers = ["gemini", "groq", "openai", "anthropic"];

    private readonly ConcurrentDictionary<string, Fault> _faults = new(StringComparer.OrdinalIgnoreCase);
    private readonly ConcurrentDictionary<string, Calls> _calls = new(StringComparer.OrdinalIgnoreCase);

    public IReadOnlyDictionary<string, Fault> All => _faults;

    public Fault? Of(string provider) => _faults.GetValueOrDefault(provider);

    public void Set(string provider, Fault fault) => _faults[provider] = fault;

    public bool Clear(string provider) => _faults.TryRemove(provider, out _);

    public void ClearAll() => _faults.Clear();

    /// <summary>How many calls each provider has had since the start.</summary>
    public IReadOnlyDictionary<string, long> CallCounts => _calls.ToDictionary(entry => entry.Key, entry => Interlocked.Read(ref entry.Value.Count));

    /// <summary>Counts a call, and returns its number, from 1.</summary>
    public long Count(string provider) => Interlocked.Increment(ref _calls.GetOrAdd(provider, _ => new Calls()).Count);

    /// <summary>Whether the n-th call is one of a share of all calls, evenly spread: at a rate of 0.25 every fourth.</summary>
    public static bool Falls(long call, double rate) => Math.Floor(call * rate) > Math.Floor((call - 1) * rate);

    private sealed class Calls
    {
        public long Count;
    }
}
