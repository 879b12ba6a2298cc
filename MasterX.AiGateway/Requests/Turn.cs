using MasterX.AiGateway.Providers.Keys;
using MasterX.AiGateway.Routing;

namespace MasterX.AiGateway.Requests;

/// <summary>A candidate's turn at a request: with the first of its provider's keys that may be used, of those not tried yet.</summary>
/// <param name="Candidate">Who is asked.</param>
/// <param name="Keys">In the order in which they are tried.</param>
internal readonly record struct Turn(Candidate Candidate, ReadOnlyMemory<ProviderKey> Keys)
{
    public Turn(Candidate candidate, ModelRequest request) : this(candidate, candidate.Provider.Limits.KeysFor(request))
    {
    }

    /// <summary>The turn with the keys behind one that was tried.</summary>
    /// <returns><see langword="null"/> when there is none, or nobody was called.</returns>
    public Turn? After(ProviderKey? tried)
    {
        var next = tried is null ? 0 : Keys.Span.IndexOf(tried) + 1;
        return next > 0 && next < Keys.Length ? this with { Keys = Keys[next..] } : null;
    }
}
