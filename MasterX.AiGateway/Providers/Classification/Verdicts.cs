using MasterX.AiGateway.Requests;

namespace MasterX.AiGateway.Providers.Classification;

/// <summary>Every verdict there is; the tables say when which one is given.</summary>
internal static class Verdicts
{
    public const string ContextOverflowCode = "context_length_exceeded";

    private static readonly TimeSpan TenMinutes = TimeSpan.FromMinutes(10);

    /// <summary>A whole answer, or a stream that has come to its end.</summary>
    public static readonly Verdict Success = new(Fault.Nobody, AttemptOutcome.Success, Scope.Request, CircuitSignal.Healthy);

    // ---- the request's: nobody but this request is concerned

    /// <summary>Malformed in a way every provider refuses; the only verdict at which no other candidate is asked.</summary>
    public static readonly Verdict Malformed =
        new(Fault.Request, AttemptOutcome.RequestRefused, Scope.Request, CircuitSignal.Healthy) { EndsRequest = true };

    /// <summary>A 4xx of which nothing else is known.</summary>
    public static readonly Verdict NotTaken = new(Fault.Request, AttemptOutcome.NotTakenHere, Scope.Request, CircuitSignal.Healthy);

    /// <summary>Longer than this model's context; another's may be longer.</summary>
    public static readonly Verdict ContextOverflow = NotTaken with { CallerStatus = 400, CallerCode = ContextOverflowCode };

    /// <summary>More bytes, or more tokens at once, than are taken here.</summary>
    public static readonly Verdict TooLarge = NotTaken with { CallerStatus = 413 };

    /// <summary>A filter of the provider's refused what was said.</summary>
    public static readonly Verdict ContentRefused =
        new(Fault.Content, AttemptOutcome.NotTakenHere, Scope.Request, CircuitSignal.Healthy)
        {
            CallerStatus = 400, CallerCode = "content_filter",
        };

    /// <summary>
    /// A 4xx for a request that was written anew in the provider's format: perhaps it is our translation that is refused.
    /// </summary>
    public static readonly Verdict TranslationRefused =
        new(Fault.Translation, AttemptOutcome.NotTakenHere, Scope.Request, CircuitSignal.Healthy);

    /// <summary>
    /// What the request says cannot be said in the provider's format, or its API has no such operation: nobody was asked.
    /// </summary>
    public static readonly Verdict NotSent = new(Fault.Translation, AttemptOutcome.NotTakenHere, Scope.Request, CircuitSignal.Nothing);

    /// <summary>A good answer that cannot be said in the caller's format, or whose arguments are nested too deep to be brought back: nobody else's business.</summary>
    public static readonly Verdict Untellable = new(Fault.Translation, AttemptOutcome.BrokenAnswer, Scope.Request, CircuitSignal.Healthy);

    // ---- the model's

    /// <summary>There is no such model here, or it is not ours to use.</summary>
    public static readonly Verdict ModelNotOffered =
        new(Fault.Model, AttemptOutcome.NotTakenHere, Scope.Model, CircuitSignal.Healthy)
        {
            Pause = TimeSpan.FromSeconds(30), LongestPause = TenMinutes, CallerStatus = 404, CallerCode = "model_not_found",
        };

    /// <summary>
    /// Something that was asked for is not there or not permitted: the model perhaps, perhaps a file that the caller named. As a caller can
    /// bring it about, nobody is left alone for it.
    /// </summary>
    public static readonly Verdict NothingThere =
        new(Fault.Model, AttemptOutcome.NotTakenHere, Scope.Request, CircuitSignal.Healthy) { CallerStatus = 404 };

    /// <summary>
    /// The model failed at this request, and the provider says what the caller might change: a call of a tool or JSON that cannot be
    /// read.
    /// </summary>
    public static readonly Verdict ModelFailed = new(Fault.Model, AttemptOutcome.NotTakenHere, Scope.Request, CircuitSignal.Healthy);

    /// <summary>The model gave up in the middle, or said nothing.</summary>
    public static readonly Verdict ModelGaveUp = new(Fault.Model, AttemptOutcome.BrokenAnswer, Scope.Request, CircuitSignal.Healthy);

    // ---- our key's

    /// <summary>Long enough not to hammer, short enough to notice a new key.</summary>
    public static readonly Verdict KeyRefused =
        new(Fault.Key, AttemptOutcome.KeyRefused, Scope.Key, CircuitSignal.Healthy)
        {
            Pause = TimeSpan.FromSeconds(30), LongestPause = TenMinutes,
        };

    /// <summary>
    /// A 403 that does not say whose it is. For a model that is configured or has answered it is the key's; for one a caller made up it is
    /// <see cref="NothingThere"/>: one caller must not take a provider from all others.
    /// </summary>
    public static readonly Verdict NotPermitted = KeyRefused with { IsOfUnnamedPermission = true };

    /// <summary>The same of a provider that answers so for a single model too: the others are asked, and say so themselves.</summary>
    public static readonly Verdict NotPermittedHere = NotPermitted with { Scope = Scope.ModelWithKey };

    /// <summary>The account has no credit or is closed: nothing that mends itself within seconds.</summary>
    public static readonly Verdict OutOfCredit =
        new(Fault.Key, AttemptOutcome.OutOfCredit, Scope.Key, CircuitSignal.Healthy)
        {
            Pause = TimeSpan.FromMinutes(2), LongestPause = TenMinutes,
        };

    // ---- the provider's

    /// <summary>Too much was asked of it lately, with this key.</summary>
    public static readonly Verdict Limited =
        new(Fault.Provider, AttemptOutcome.ProviderLimited, Scope.ModelWithKey, CircuitSignal.Healthy)
        {
            IsLimit = true, Pause = TimeSpan.FromSeconds(1), LongestPause = TimeSpan.FromSeconds(16),
        };

    /// <summary>No room for a request of this tier, which the caller chose.</summary>
    public static readonly Verdict TierFull =
        new(Fault.Provider, AttemptOutcome.ProviderLimited, Scope.Request, CircuitSignal.Healthy) { IsLimit = true };

    /// <summary>It failed, and says so.</summary>
    public static readonly Verdict Failed = new(Fault.Provider, AttemptOutcome.ProviderFailed, Scope.Model, CircuitSignal.Failed);

    /// <summary>
    /// Not by the provider's API but on the way to it, or by chance: a proxy's page, a call it gave up. As a caller's words may bring it
    /// about (a firewall that dislikes them), it says nothing about the provider.
    /// </summary>
    public static readonly Verdict Declined = new(Fault.Provider, AttemptOutcome.ProviderFailed, Scope.Request, CircuitSignal.Nothing);

    /// <summary>It does not serve the region we call from.</summary>
    public static readonly Verdict RegionRefused =
        new(Fault.Provider, AttemptOutcome.ProviderFailed, Scope.Provider, CircuitSignal.Healthy)
        {
            Pause = TimeSpan.FromMinutes(2), LongestPause = TenMinutes,
        };

    /// <summary>What came with a good status is no answer: cut short, not JSON, empty, a page, larger than allowed.</summary>
    public static readonly Verdict Broken = new(Fault.Provider, AttemptOutcome.BrokenAnswer, Scope.Model, CircuitSignal.Failed);

    public static readonly Verdict ConnectFailed = new(Fault.Provider, AttemptOutcome.ConnectFailed, Scope.Model, CircuitSignal.Failed);

    public static readonly Verdict TimedOut = new(Fault.Provider, AttemptOutcome.TimedOut, Scope.Model, CircuitSignal.Failed);

    // ---- nobody's

    /// <summary>Given up for another candidate that was faster: it may just be slower.</summary>
    public static readonly Verdict HedgeLost = new(Fault.Nobody, AttemptOutcome.HedgeLost, Scope.Request, CircuitSignal.Nothing);

    /// <summary>Given up likewise, after so long that it has to count as hung.</summary>
    public static readonly Verdict HedgeHung = new(Fault.Provider, AttemptOutcome.HedgeLost, Scope.Model, CircuitSignal.Failed);

    public static readonly Verdict CircuitOpen =
        new(Fault.Provider, AttemptOutcome.CircuitOpen, Scope.Request, CircuitSignal.Nothing) { IsSkip = true };

    public static readonly Verdict RateLimited = AtLimit(AttemptOutcome.RateLimited);

    public static readonly Verdict TokenLimited = AtLimit(AttemptOutcome.TokenLimited);

    public static readonly Verdict ConcurrencyLimited = AtLimit(AttemptOutcome.ConcurrencyLimited);

    private static Verdict AtLimit(AttemptOutcome limit) =>
        new(Fault.Nobody, limit, Scope.Request, CircuitSignal.Nothing) { IsLimit = true, IsSkip = true };
}
