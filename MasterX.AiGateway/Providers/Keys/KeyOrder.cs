namespace MasterX.AiGateway.Providers.Keys;

/// <summary>
/// In which order a conversation tries a provider's keys: always in the same, so that its turns stay on one key, whose account at the
/// provider has the beginning of the prompt in its cache. By weighted rendezvous hashing
/// (<see href="https://en.wikipedia.org/wiki/Rendezvous_hashing"/>): every key has a score for every conversation, so that a key that is
/// not to be had, is added or removed moves its own conversations only.
/// </summary>
internal static class KeyOrder
{
    /// <param name="keys">All of the provider's.</param>
    /// <param name="conversation">From <see cref="ConversationHash"/>.</param>
    public static ProviderKey[] Of(ReadOnlySpan<ProviderKey> keys, ulong conversation)
    {
        var order = keys.ToArray();
        var scores = new double[order.Length];
        for (var i = 0; i < order.Length; i++)
        {
            // The smallest goes first.
            scores[i] = -Score(order[i], conversation);
        }

        Array.Sort(scores, order);
        return order;
    }

    private static double Score(ProviderKey key, ulong conversation)
    {
        // 53 bits between 0 and 1, neither included.
        var drawn = ((Mix(key.Seed ^ Mix(conversation)) >> 11) + 0.5) / (1UL << 53);
        return key.Weight / -Math.Log(drawn);
    }

    /// <summary>The finalizer of SplitMix64 (<see href="https://prng.di.unimi.it/splitmix64.c"/>): every bit depends on every bit.</summary>
    private static ulong Mix(ulong value)
    {
        value += 0x9E3779B97F4A7C15;
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }
}
