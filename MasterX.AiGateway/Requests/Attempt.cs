using MasterX.AiGateway.Providers;
using MasterX.AiGateway.Providers.Classification;
using MasterX.AiGateway.Providers.Keys;
using MasterX.AiGateway.Telemetry;

namespace MasterX.AiGateway.Requests;

/// <summary>How a candidate's turn ended.</summary>
internal enum AttemptOutcome
{
    /// <summary>A whole answer.</summary>
    Success,

    /// <summary>Not called: its circuit is open.</summary>
    CircuitOpen,

    /// <summary>Not called: the provider asked for a pause, or refused our key.</summary>
    CoolingDown,

    /// <summary>Not called: its requests per minute are used up.</summary>
    RateLimited,

    /// <summary>Not called: its tokens per minute are used up.</summary>
    TokenLimited,

    /// <summary>Not called: as many calls as allowed are under way.</summary>
    ConcurrencyLimited,

    /// <summary>No connection.</summary>
    ConnectFailed,

    /// <summary>Connected, but a time limit passed before the answer was whole.</summary>
    TimedOut,

    /// <summary>Our key is not accepted.</summary>
    KeyRefused,

    /// <summary>The account of our key has no credit, or is closed.</summary>
    OutOfCredit,

    /// <summary>It is at a limit of its own: 429, mostly.</summary>
    ProviderLimited,

    /// <summary>It failed, and says so: 5xx, an error in a good answer or stream; or something before it did.</summary>
    ProviderFailed,

    /// <summary>
    /// 200, but what came is no answer: cut short, not JSON, without choices, given up by the model, larger than allowed.
    /// </summary>
    BrokenAnswer,

    /// <summary>
    /// A 4xx that another candidate may not give: the context is too long for this model, the model is unknown here, or nobody knows.
    /// </summary>
    NotTakenHere,

    /// <summary>Called beside another candidate that was slow, and slower than that one.</summary>
    HedgeLost,

    /// <summary>Given up before its end: its caller left, or another candidate was faster. What it has spent is noted under this name.</summary>
    Abandoned,

    /// <summary>The request is at fault, and would be everywhere.</summary>
    RequestRefused,
}

/// <summary>One candidate's turn at a request.</summary>
/// <param name="Provider">Its name.</param>
/// <param name="Model">The model asked of it.</param>
/// <param name="Outcome">How it ended.</param>
/// <param name="Status">HTTP status, when there was one.</param>
/// <param name="Elapsed">From sending to the end; zero when it was not called.</param>
internal readonly record struct Attempt(string Provider, string Model, AttemptOutcome Outcome, int? Status, TimeSpan Elapsed)
{
    /// <summary>Index of the key it was called with, of a provider that has several.</summary>
    public int? Key { get; init; }
}

/// <summary>What a provider gave back.</summary>
internal sealed class ProviderAnswer : IDisposable
{
    /// <summary>What it comes to.</summary>
    public required Verdict Verdict { get; init; }

    public AttemptOutcome Outcome => Verdict.Outcome;

    public int? Status { get; init; }

    /// <summary>In OpenAI's wire format: an answer when <see cref="Outcome"/> is <see cref="AttemptOutcome.Success"/>, else nothing.</summary>
    public PooledBuffer? Body { get; init; }

    public TokenUsage? Usage { get; init; }

    /// <summary>What the attempt has spent, of one that has ended; <see langword="null"/> for nothing.</summary>
    public TokenUsage? Spent { get; set; }

    /// <summary>What the provider said is wrong, for verdicts that say something of the request.</summary>
    public ProviderError? Error { get; init; }

    /// <summary>How long the provider itself asks to be left alone.</summary>
    public TimeSpan? Told { get; init; }

    /// <summary>After which calling again is worth it: what the gate makes of it.</summary>
    public TimeSpan? Wait { get; set; }

    /// <summary>The key it was asked with; <see langword="null"/> when it was not called.</summary>
    public ProviderKey? Key { get; set; }

    /// <summary>What the provider said in headers.</summary>
    public ProviderHeaders Headers { get; set; }

    /// <summary>After which calling again is worth it, as far as anyone has said.</summary>
    public TimeSpan? RetryAfter => Wait ?? Told;

    /// <summary>A stream that has content, instead of <see cref="Body"/>.</summary>
    public Streaming.ProviderStream? Stream { get; init; }

    public void Dispose()
    {
        Body?.Dispose();
        Stream?.Dispose();
    }
}

/// <summary>A provider's error, in the parts that may be passed on.</summary>
/// <param name="Message">In words.</param>
/// <param name="Code">As the provider calls it.</param>
/// <param name="Parameter">The field at fault.</param>
internal sealed record ProviderError(string Message, string? Code, string? Parameter);
