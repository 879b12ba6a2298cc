using MasterX.AiGateway.Requests;

namespace MasterX.AiGateway.Providers.Classification;

/// <summary>Whose fault it is that there is no answer.</summary>
internal enum Fault
{
    /// <summary>There is an answer, or nobody was asked.</summary>
    Nobody,

    /// <summary>The caller's: the request is malformed, too long, or asks for what is not to be had.</summary>
    Request,

    /// <summary>The caller's words: a filter refused them.</summary>
    Content,

    /// <summary>Ours, perhaps: the request was written anew in the provider's format.</summary>
    Translation,

    /// <summary>The model's: it does not exist here, may not be used, or failed at this request.</summary>
    Model,

    /// <summary>Our key's, or its account's.</summary>
    Key,

    /// <summary>The provider's, or that of the way to it.</summary>
    Provider,
}

/// <summary>How far the consequences reach.</summary>
internal enum Scope
{
    /// <summary>This request; the next is sent as if nothing had been.</summary>
    Request,

    /// <summary>This model at this provider.</summary>
    Model,

    /// <summary>This model, asked with this key; where a provider has one key, the same as <see cref="Model"/>.</summary>
    ModelWithKey,

    /// <summary>Whatever is asked with this key.</summary>
    Key,

    /// <summary>Every model of the provider, with any key.</summary>
    Provider,
}

/// <summary>What a circuit breaker makes of it.</summary>
internal enum CircuitSignal
{
    /// <summary>Says nothing about the provider: it was not asked, or nobody waited for what it would have said.</summary>
    Nothing,

    /// <summary>It is there, and at work.</summary>
    Healthy,

    /// <summary>It is not.</summary>
    Failed,
}

/// <summary>
/// What a candidate's turn comes to. It is decided once, by an <see cref="ErrorTable"/> or by who made the call, and whatever follows reads
/// it: the next candidate, cool-downs, circuit, health, the order of least latency, and what the caller is told.
/// </summary>
/// <param name="Fault">Whose fault it is.</param>
/// <param name="Outcome">As headers, metrics and logs call it.</param>
/// <param name="Scope">How far the consequences reach.</param>
/// <param name="Circuit">What the circuit breaker makes of it.</param>
internal sealed record Verdict(Fault Fault, AttemptOutcome Outcome, Scope Scope, CircuitSignal Circuit)
{
    /// <summary>Whether no other candidate is asked, because every one would say the same.</summary>
    public bool EndsRequest { get; init; }

    /// <summary>Whether the candidate was passed over without a call.</summary>
    public bool IsSkip { get; init; }

    /// <summary>Whether waiting helps, and is all that does: an error of which callers are told by 429.</summary>
    public bool IsLimit { get; init; }

    /// <summary>
    /// Whether something is not permitted and nobody says what: the key's fault, unless the model is one that a caller made up.
    /// </summary>
    public bool IsOfUnnamedPermission { get; init; }

    /// <summary>Whether another key of the same provider may fare better at once.</summary>
    public bool IsOfKey => Scope is Scope.Key or Scope.ModelWithKey;

    /// <summary>
    /// How long whoever <see cref="Scope"/> names is left alone when the provider does not say; doubled each time, zero for not at all.
    /// </summary>
    public TimeSpan Pause { get; init; }

    /// <summary>Where the doubling of <see cref="Pause"/> ends.</summary>
    public TimeSpan LongestPause { get; init; }

    /// <summary>The status the caller is told, where it is another than the provider's.</summary>
    public int? CallerStatus { get; init; }

    /// <summary>The code the caller is told, where it is another than the provider's.</summary>
    public string? CallerCode { get; init; }

    /// <summary>
    /// How much the error says about the caller's request: when all candidates have failed, the caller is told the one that says most.
    /// Zero for what is none of the caller's business, which is told as 503 or 429 with the attempts.
    /// </summary>
    public int SaysOfRequest => this switch
    {
        { EndsRequest: true } => 6,
        { CallerCode: Verdicts.ContextOverflowCode } => 5,
        { Fault: Fault.Content } => 4,
        { Fault: Fault.Request } => 3,
        { Fault: Fault.Translation } when !ReferenceEquals(this, Verdicts.Untellable) => 2,
        { Fault: Fault.Model } when !ReferenceEquals(this, Verdicts.ModelGaveUp) => 1,
        _ => 0,
    };

    /// <summary>The same for a candidate that is left alone because of it.</summary>
    public Verdict WhileCooling() => this with
    {
        Outcome = AttemptOutcome.CoolingDown, Circuit = CircuitSignal.Nothing, EndsRequest = false, IsSkip = true,
    };
}
