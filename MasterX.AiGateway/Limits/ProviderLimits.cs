using MasterX.AiGateway.Providers;
using MasterX.AiGateway.Providers.Keys;
using MasterX.AiGateway.Requests;

namespace MasterX.AiGateway.Limits;

/// <summary>
/// A provider's keys, each with its own limits and pause, and the pause after the provider refused us altogether. The provider can be
/// called for as long as one of its keys can.
/// </summary>
internal sealed class ProviderLimits : IDisposable
{
    private readonly ProviderKey[] _keys;
    private readonly string _sharedName;

    /// <param name="options">The provider's.</param>
    /// <param name="time">Clock.</param>
    /// <param name="previous">
    /// Of the provider that this one takes the place of: keys that both have go on with the calls counted and the pause they are in.
    /// </param>
    /// <param name="shared">What the replicas share; <see langword="null"/> for nothing.</param>
    /// <param name="provider">Its name, where they do.</param>
    public ProviderLimits(ProviderOptions options, TimeProvider time, ProviderLimits? previous = null, SharedGate? shared = null, string provider = "")
    {
        Shared = shared;
        _sharedName = shared is null ? "" : SharedGate.NameOf(provider, options, options.ApiKeys.Count == 0 ? [options.ApiKey] : options.ApiKeys.Select(key => key.Key));
        Whole = new CoolDown(time, shared?.Notes, $"{_sharedName}/whole");
        _keys = options.ApiKeys.Count == 0
            ? [Make(0, options.ApiKey, null)]
            : [.. options.ApiKeys.Select((key, index) => Make(index, key.Key, key))];

        ProviderKey Make(int index, string? secret, ProviderKeyOptions? own)
        {
            var known = previous?._keys.FirstOrDefault(key => key.Secret is not null && key.Secret == secret && key.Limits.AreThoseOf(options, own));
            if (known is not null)
            {
                known.HandedOn = true;
            }

            return new ProviderKey(index, secret, own?.Weight ?? 1, known?.Limits ?? new KeyLimits(options, own, time, shared, shared is null ? "" : SharedGate.NameOf(provider, options, secret)), isOnly: options.ApiKeys.Count < 2);
        }
    }

    /// <summary>One at least: a provider that needs no key has one that is empty.</summary>
    public ReadOnlyMemory<ProviderKey> Keys => _keys;

    /// <summary>What the gateway's replicas share; <see langword="null"/> for nothing.</summary>
    public SharedGate? Shared { get; }

    /// <summary>Whether there is a choice.</summary>
    public bool HasSeveralKeys => _keys.Length > 1;

    /// <summary>Begins when the provider does not serve us, whatever the key.</summary>
    public CoolDown Whole { get; }

    /// <summary>How long every model is still left alone, with every key; zero when it is not.</summary>
    public TimeSpan CoolingFor
    {
        get
        {
            var shortest = _keys.Min(key => key.Limits.CoolDown.Left);
            return shortest > Whole.Left ? shortest : Whole.Left;
        }
    }

    /// <summary>Calls left in this minute, with all keys; <see langword="null"/> for no limit.</summary>
    public long? RequestsLeft => Sum(key => key.Limits.RequestsLeft);

    /// <summary>Tokens left in this minute, with all keys; <see langword="null"/> for no limit.</summary>
    public long? TokensLeft => Sum(key => key.Limits.TokensLeft);

    /// <summary>Calls that may yet begin beside those under way, with all keys; <see langword="null"/> for no limit.</summary>
    public long? PlacesLeft => Sum(key => key.Limits.PlacesLeft);

    /// <summary>By which all replicas know a model of the provider.</summary>
    public string NameOf(string model) => Shared is null ? "" : $"{_sharedName}/model/{Uri.EscapeDataString(model)}";

    /// <summary>The keys a request tries, one after the other.</summary>
    public ReadOnlyMemory<ProviderKey> KeysFor(ModelRequest request)
    {
        if (_keys.Length == 1)
        {
            return _keys;
        }

        // A response that is kept is known to the account of the key it was made with, and to no other.
        return Find(request.KeyLabel) is { } keeper ? (ProviderKey[])[keeper] : KeyOrder.Of(_keys, request.Conversation);
    }

    /// <param name="label">A key's; <see langword="null"/> for none.</param>
    /// <returns><see langword="null"/> when the configuration has none of this label. Another key may be of the same account.</returns>
    public ProviderKey? Find(string? label) => label is null ? null : Array.Find(_keys, key => key.Label == label);

    /// <summary>The first key that is not left alone; the very first when all are.</summary>
    public ProviderKey AnyKey() => Array.Find(_keys, key => key.Limits.CoolDown.Left == TimeSpan.Zero) ?? _keys[0];

    public void Dispose()
    {
        foreach (var key in _keys.Where(key => !key.HandedOn))
        {
            key.Limits.Dispose();
        }
    }

    private long? Sum(Func<ProviderKey, long?> left)
    {
        long sum = 0;
        foreach (var key in _keys)
        {
            if (left(key) is not { } some)
            {
                return null;
            }

            sum += some;
        }

        return sum;
    }
}
