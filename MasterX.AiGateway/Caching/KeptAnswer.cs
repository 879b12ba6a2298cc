using MasterX.AiGateway.Providers;
using MasterX.AiGateway.Requests;
using MasterX.AiGateway.Routing;
using MasterX.AiGateway.Telemetry;

namespace MasterX.AiGateway.Caching;

/// <summary>A whole answer, in memory of its own: nothing of it goes back to a pool, whoever reads it and however long.</summary>
/// <param name="Provider">Who gave it.</param>
/// <param name="Model">The model that was asked.</param>
/// <param name="Usage">What it cost then.</param>
/// <param name="Body">In the caller's format.</param>
/// <param name="Ignored">Fields of the request that were left out; <see langword="null"/> for none. Whoever is given the answer is told.</param>
internal sealed record KeptAnswer(string Provider, string Model, TokenUsage? Usage, byte[] Body, IReadOnlyList<string>? Ignored)
{
    public static KeptAnswer Of(AcceptedAnswer answer) => new(answer.Provider, answer.Model, answer.Usage, answer.Body.Span.ToArray(), answer.Headers.Ignored);

    /// <summary>For one who was spared the call.</summary>
    public ModelResult AsCached() => ModelResult.Of(new AcceptedAnswer(Provider, Model, Body, Usage, Headers: Headers), [], cached: true);

    /// <summary>For the one whose call it was.</summary>
    public ModelResult AsAnswered(Candidate candidate, IReadOnlyList<Attempt> attempts) =>
        ModelResult.Of(new AcceptedAnswer(Provider, Model, Body, Usage, candidate, Headers), attempts);

    private ProviderHeaders Headers => default(ProviderHeaders) with { Ignored = Ignored };
}
