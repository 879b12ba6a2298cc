using System.Threading.RateLimiting;
using MasterX.AiGateway.Providers;
using MasterX.AiGateway.Providers.Classification;
using MasterX.AiGateway.Providers.Keys;
using MasterX.AiGateway.Requests;

namespace MasterX.AiGateway.Limits;

/// <summary>
/// What is allowed with one key of a provider, whichever of its models is asked: calls at once, calls per minute, tokens per minute; and
/// the pause after the key was refused. Nothing is ever queued: who would have to wait is refused, with the wait.
/// </summary>
internal sealed class KeyLimits : IDisposable
{
    /// <summary>When a place among the calls at once is free, nobody knows; this is when asking again is worth it.</summary>
    internal static readonly TimeSpan ConcurrencyWait = TimeSpan.FromSeconds(1);

    private readonly (int Requests, long Tokens, int Concurrency) _limits;
    private readonly SlidingMinute? _requests;
    private readonly ConcurrencyLimiter? _concurrency;
    private readonly SlidingMinute? _tokens;
    private readonly SharedKeyLimits? _shared;

    /// <param name="provider">Whose limits count where the key has none of its own.</param>
    /// <param name="key">The key's own; <see langword="null"/> for none.</param>
    /// <param name="time">Clock.</param>
    /// <param name="shared">What the replicas share; <see langword="null"/> for nothing.</param>
    /// <param name="name">By which all of them know the key, where they do.</param>
    public KeyLimits(ProviderOptions provider, ProviderKeyOptions? key, TimeProvider time, SharedGate? shared = null, string name = "")
    {
        _limits = Of(provider, key);
        CoolDown = new CoolDown(time, shared?.Notes, $"{name}/key");
        if (shared is not null)
        {
            _shared = new SharedKeyLimits(shared.Limits, name, _limits.Requests, _limits.Tokens, _limits.Concurrency);
            return;
        }

        _requests = _limits.Requests == 0 ? null : new SlidingMinute(_limits.Requests, time);
        _concurrency = _limits.Concurrency == 0 ? null : new ConcurrencyLimiter(new ConcurrencyLimiterOptions
        {
            PermitLimit = _limits.Concurrency,
            QueueLimit = 0,
        });
        _tokens = _limits.Tokens == 0 ? null : new SlidingMinute(_limits.Tokens, time);
    }

    /// <summary>Begins when the key was refused or its account has no credit.</summary>
    public CoolDown CoolDown { get; }

    /// <summary>Calls left in this minute; <see langword="null"/> for no limit.</summary>
    public long? RequestsLeft => _requests?.Left ?? _shared?.RequestsLeft;

    /// <summary>Tokens left in this minute; <see langword="null"/> for no limit.</summary>
    public long? TokensLeft => _tokens?.Left ?? _shared?.TokensLeft;

    /// <summary>Calls that may yet begin beside those under way; <see langword="null"/> for no limit.</summary>
    public long? PlacesLeft => _concurrency?.GetStatistics()?.CurrentAvailablePermits ?? _shared?.PlacesLeft;

    /// <summary>Whether another configuration has the same limits.</summary>
    public bool AreThoseOf(ProviderOptions provider, ProviderKeyOptions? key) => _limits == Of(provider, key);

    /// <summary>Takes a place among the calls at once, tokens for the request, and one of the minute's calls.</summary>
    /// <param name="estimatedTokens">Of the request.</param>
    /// <param name="lease">Frees the place and settles the tokens; <see langword="null"/> where neither is limited.</param>
    /// <returns>The refusal, when there is one.</returns>
    public ProviderAnswer? TryEnter(int estimatedTokens, out CallLease? lease)
    {
        lease = null;
        if (_concurrency is not null || _tokens is not null)
        {
            var place = _concurrency?.AttemptAcquire();
            if (place is { IsAcquired: false })
            {
                return new ProviderAnswer { Verdict = Verdicts.ConcurrencyLimited, Wait = ConcurrencyWait };
            }

            var reservation = default(MinuteReservation);
            if (_tokens is not null && !_tokens.TryReserve(estimatedTokens, out reservation, out var tokensWait))
            {
                place?.Dispose();
                return new ProviderAnswer { Verdict = Verdicts.TokenLimited, Wait = tokensWait };
            }

            lease = new LocalCallLease(place, _tokens, reservation);
        }

        // Last, so that a call refused for anything else does not cost one.
        if (_requests is null || _requests.TryReserve(1, out _, out var wait))
        {
            return null;
        }

        lease?.Dispose();
        lease = null;
        return new ProviderAnswer { Verdict = Verdicts.RateLimited, Wait = wait };
    }

    /// <summary>The same where all replicas keep the limits together.</summary>
    public ValueTask<(ProviderAnswer? Refusal, CallLease? Lease)> TryEnterSharedAsync(int estimatedTokens) => _shared!.TryEnterAsync(estimatedTokens);

    public void Dispose() => _concurrency?.Dispose();

    private static (int Requests, long Tokens, int Concurrency) Of(ProviderOptions provider, ProviderKeyOptions? key) =>
        (key?.RequestsPerMinute ?? provider.RequestsPerMinute, key?.TokensPerMinute ?? provider.TokensPerMinute,
            key?.MaxConcurrency ?? provider.MaxConcurrency);
}
