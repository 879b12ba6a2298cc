using MasterX.AiGateway.Providers;
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

    /// <summary>401 or 403: our key is not accepted.</summary>
    KeyRefused,

    /// <summary>429.</summary>
    ProviderLimited,

    /// <summary>408, 409 or 5xx.</summary>
    ProviderFailed,

    /// <summary>200, but what came is no answer: cut short, not JSON, without choices, an error inside, larger than allowed.</summary>
    BrokenAnswer,

    /// <summary>A 4xx that another candidate may not give: the context is too long for this model, a field is not supported, the model is unknown here.</summary>
    NotTakenHere,

    /// <summary>Called beside another candidate that was slow, and slower than that one.</summary>
    HedgeLost,

    /// <summary>Any other 4xx: the request is at fault, and would be everywhere.</summary>
    RequestRefused,
}

/// <summary>One candidate's turn at a request.</summary>
/// <param name="Provider">Its name.</param>
/// <param name="Model">The model asked of it.</param>
/// <param name="Outcome">How it ended.</param>
/// <param name="Status">HTTP status, when there was one.</param>
/// <param name="Elapsed">From sending to the end; zero when it was not called.</param>
internal readonly record struct Attempt(string Provider, string Model, AttemptOutcome Outcome, int? Status, TimeSpan Elapsed);

/// <summary>What a provider gave back.</summary>
internal sealed class ProviderAnswer : IDisposable
{
    public required AttemptOutcome Outcome { get; init; }

    public int? Status { get; init; }

    /// <summary>In OpenAI's wire format: an answer when <see cref="Outcome"/> is <see cref="AttemptOutcome.Success"/>, else nothing.</summary>
    public PooledBuffer? Body { get; init; }

    public TokenUsage? Usage { get; init; }

    /// <summary>What the provider said is wrong with the request, for outcomes that are the request's fault.</summary>
    public ProviderError? Error { get; init; }

    /// <summary>For an answer of the gate: after which the provider may be called.</summary>
    public TimeSpan? Wait { get; init; }

    /// <summary>What the provider said in headers.</summary>
    public ProviderHeaders Headers { get; set; }

    /// <summary>After which calling again is worth it, as far as anyone has said.</summary>
    public TimeSpan? RetryAfter => Wait ?? Headers.RetryAfter;

    /// <summary>Whether it was made without the provider, so that it says nothing about it.</summary>
    public bool WasNotSent { get; init; }

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
