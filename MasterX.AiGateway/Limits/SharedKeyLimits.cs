using MasterX.AiGateway.Providers.Classification;
using MasterX.AiGateway.Requests;
using MasterX.ServiceDefaults.Sharing;

namespace MasterX.AiGateway.Limits;

/// <summary>
/// The limits of a provider's key that all replicas of the gateway keep together, as <see cref="KeyLimits"/> does for one: exactly, with
/// one question to Redis for all three.
/// </summary>
internal sealed class SharedKeyLimits
{
    private readonly SharedLimits _shared;
    private readonly SharedPlaces? _places;
    private readonly SharedWindow? _tokens;
    private readonly SharedWindow? _requests;

    /// <param name="shared">What the replicas keep together.</param>
    /// <param name="name">By which all of them know the key.</param>
    /// <param name="requests">Per minute; 0 for no limit.</param>
    /// <param name="tokens">Per minute; 0 for no limit.</param>
    /// <param name="concurrency">At once; 0 for no limit.</param>
    public SharedKeyLimits(SharedLimits shared, string name, int requests, long tokens, int concurrency)
    {
        _shared = shared;
        _places = concurrency == 0 ? null : shared.Places($"provider\0{name}", concurrency);
        _tokens = tokens == 0 ? null : shared.Window($"provider tokens\0{name}", tokens, isSettled: true);
        _requests = requests == 0 ? null : shared.Window($"provider\0{name}", requests);
    }

    /// <inheritdoc cref="KeyLimits.RequestsLeft"/>
    public long? RequestsLeft => _requests?.Left;

    /// <inheritdoc cref="KeyLimits.TokensLeft"/>
    public long? TokensLeft => _tokens?.Left;

    /// <inheritdoc cref="KeyLimits.PlacesLeft"/>
    public long? PlacesLeft => _places?.Left;

    /// <summary>Takes a place among the calls at once, tokens for the request, and one of the minute's calls: all of them or none.</summary>
    public async ValueTask<(ProviderAnswer? Refusal, CallLease? Lease)> TryEnterAsync(int estimatedTokens)
    {
        var lines = new SharedLine[(_places is null ? 0 : 1) + (_tokens is null ? 0 : 1) + (_requests is null ? 0 : 1)];
        if (lines.Length == 0)
        {
            return default;
        }

        var (count, tokensAt) = (0, -1);
        if (_places is not null)
        {
            lines[count++] = new(_places);
        }

        if (_tokens is not null)
        {
            tokensAt = count;
            lines[count++] = new(_tokens, estimatedTokens);
        }

        if (_requests is not null)
        {
            lines[count] = new(_requests);
        }

        var entry = await _shared.EnterAsync(lines);
        if (entry.IsAdmitted)
        {
            return (null, _places is null && _tokens is null ? null : new SharedCallLease(entry, tokensAt));
        }

        var refusing = lines[entry.Refused].Limit;
        return (refusing == _places ? new ProviderAnswer { Verdict = Verdicts.ConcurrencyLimited, Wait = KeyLimits.ConcurrencyWait }
            : new ProviderAnswer { Verdict = refusing == _tokens ? Verdicts.TokenLimited : Verdicts.RateLimited, Wait = entry.Wait }, null);
    }
}
