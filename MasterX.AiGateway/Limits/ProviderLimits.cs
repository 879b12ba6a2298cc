using System.Threading.RateLimiting;
using MasterX.AiGateway.Providers;
using MasterX.AiGateway.Providers.Classification;
using MasterX.AiGateway.Requests;
using MasterX.AiGateway.Telemetry;

namespace MasterX.AiGateway.Limits;

/// <summary>
/// What a provider as a whole allows, whichever of its models is asked: calls at once, calls per minute, tokens per minute; and the pauses
/// after it refused our key, or refused us altogether. Nothing is ever queued: who would have to wait is refused, with the wait.
/// </summary>
internal sealed class ProviderLimits : IDisposable
{
    /// <summary>When a place among the calls at once is free, nobody knows; this is when asking again is worth it.</summary>
    private static readonly TimeSpan ConcurrencyWait = TimeSpan.FromSeconds(1);

    private readonly SlidingMinute? _requests;
    private readonly ConcurrencyLimiter? _concurrency;
    private readonly SlidingMinute? _tokens;

    public ProviderLimits(ProviderOptions options, TimeProvider time)
    {
        (Key, Whole) = (new CoolDown(time), new CoolDown(time));
        _requests = options.RequestsPerMinute == 0 ? null : new SlidingMinute(options.RequestsPerMinute, time);
        _concurrency = options.MaxConcurrency == 0 ? null : new ConcurrencyLimiter(new ConcurrencyLimiterOptions
        {
            PermitLimit = options.MaxConcurrency,
            QueueLimit = 0,
        });
        _tokens = options.TokensPerMinute == 0 ? null : new SlidingMinute(options.TokensPerMinute, time);
    }

    /// <summary>Begins when our key was refused or its account has no credit.</summary>
    public CoolDown Key { get; }

    /// <summary>Begins when the provider does not serve us, whatever the key.</summary>
    public CoolDown Whole { get; }

    /// <summary>How long every model is still left alone; zero when it is not.</summary>
    public TimeSpan CoolingFor => Key.Left > Whole.Left ? Key.Left : Whole.Left;

    /// <summary>Calls left in this minute; <see langword="null"/> for no limit.</summary>
    public long? RequestsLeft => _requests?.Left;

    /// <summary>Tokens left in this minute; <see langword="null"/> for no limit.</summary>
    public long? TokensLeft => _tokens?.Left;

    /// <summary>Calls that may yet begin beside those under way; <see langword="null"/> for no limit.</summary>
    public long? PlacesLeft => _concurrency?.GetStatistics()?.CurrentAvailablePermits;

    /// <summary>The answer while every model is left alone; else <see langword="null"/>.</summary>
    public ProviderAnswer? Skip() => Whole.Skip() ?? Key.Skip();

    public void Succeeded()
    {
        Key.Succeeded();
        Whole.Succeeded();
    }

    /// <summary>Takes a place among the calls at once, and tokens for the request; then <see cref="TakeRequest"/> is next.</summary>
    /// <param name="estimatedTokens">Of the request.</param>
    /// <param name="lease">Frees the place and settles the tokens; <see langword="null"/> where neither is limited.</param>
    /// <returns>The refusal, when there is one.</returns>
    public ProviderAnswer? TryEnter(int estimatedTokens, out CallLease? lease)
    {
        lease = null;
        if (_concurrency is null && _tokens is null)
        {
            return null;
        }

        var place = _concurrency?.AttemptAcquire();
        if (place is { IsAcquired: false })
        {
            return new ProviderAnswer { Verdict = Verdicts.ConcurrencyLimited, Wait = ConcurrencyWait };
        }

        var reservation = default(MinuteReservation);
        if (_tokens is not null && !_tokens.TryReserve(estimatedTokens, out reservation, out var wait))
        {
            place?.Dispose();
            return new ProviderAnswer { Verdict = Verdicts.TokenLimited, Wait = wait };
        }

        lease = new CallLease(place, _tokens, reservation);
        return null;
    }

    /// <summary>Takes one of the minute's calls; last, so that a call refused for anything else does not cost one.</summary>
    /// <returns>The refusal, when there is one.</returns>
    public ProviderAnswer? TakeRequest() => _requests is null || _requests.TryReserve(1, out _, out var wait)
        ? null
        : new ProviderAnswer { Verdict = Verdicts.RateLimited, Wait = wait };

    public void Dispose() => _concurrency?.Dispose();
}

/// <summary>A call's place among those at once, and the tokens reserved for it, until it has ended.</summary>
internal sealed class CallLease(RateLimitLease? place, SlidingMinute? window, MinuteReservation reservation) : IDisposable
{
    private TokenUsage? _spent;

    /// <summary>What the call cost; a call that ends without it has cost nothing.</summary>
    public void Spend(TokenUsage? usage) => _spent = usage ?? _spent;

    public void Dispose()
    {
        place?.Dispose();
        window?.Settle(reservation, _spent is { } usage ? (long)usage.Input + usage.Output : 0);
    }
}
