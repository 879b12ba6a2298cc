using MasterX.AiGateway.Providers;
using MasterX.AiGateway.Routing;
using MasterX.AiGateway.Telemetry;

namespace MasterX.AiGateway.Requests;

/// <summary>An answer that goes to the caller.</summary>
/// <param name="Provider">Who gave it.</param>
/// <param name="Model">The model that was asked.</param>
/// <param name="Body">In OpenAI's format; lent by <paramref name="Owner"/>.</param>
/// <param name="Usage">When the provider counted.</param>
/// <param name="Candidate">The two together; <see langword="null"/> for an answer another request was given.</param>
/// <param name="Headers">The provider's, of an answer that was not kept.</param>
/// <param name="Owner">
/// Whose the bytes are, and who is disposed with the result; <see langword="null"/> where they are kept and nobody gives them back.
/// </param>
internal sealed record AcceptedAnswer(
    string Provider, string Model, ReadOnlyMemory<byte> Body, TokenUsage? Usage,
    Candidate? Candidate = null, ProviderHeaders Headers = default, PooledBuffer? Owner = null);

/// <summary>
/// What came of a request: an answer, or the last error that is the request's own fault, or neither; and every attempt on the way.
/// </summary>
internal sealed class ModelResult : IDisposable
{
    private ModelResult(AcceptedAnswer? answer, ProviderAnswer? refusal, IReadOnlyList<Attempt> attempts, TimeSpan? retryAfter, bool cached) =>
        (Answer, Refusal, Attempts, RetryAfter, Cached) = (answer, refusal, attempts, retryAfter, cached);

    public AcceptedAnswer? Answer { get; }

    /// <summary>The provider's word that the request is at fault.</summary>
    public ProviderAnswer? Refusal { get; }

    public IReadOnlyList<Attempt> Attempts { get; }

    /// <summary>The shortest wait after which a candidate could be called, when one named a wait.</summary>
    public TimeSpan? RetryAfter { get; }

    public bool Cached { get; }

    /// <summary>Whether every candidate is at a limit, its own or ours.</summary>
    public bool AllAtLimit { get; private init; }

    /// <summary>Whether the request's total limit has passed.</summary>
    public bool IsTimeout { get; private init; }

    public static ModelResult Of(AcceptedAnswer answer, IReadOnlyList<Attempt> attempts, bool cached = false) => new(answer, null, attempts, null, cached);

    public static ModelResult Refused(ProviderAnswer refusal, IReadOnlyList<Attempt> attempts) => new(null, refusal, attempts, null, false);

    /// <param name="attempts">Every one.</param>
    /// <param name="retryAfter">The shortest wait that was named.</param>
    /// <param name="allAtLimit">Whether all that helps is to wait.</param>
    public static ModelResult Failed(IReadOnlyList<Attempt> attempts, TimeSpan? retryAfter, bool allAtLimit = false) =>
        new(null, null, attempts, retryAfter, false) { AllAtLimit = allAtLimit };

    public static ModelResult TimedOut(IReadOnlyList<Attempt> attempts) => new(null, null, attempts, null, false) { IsTimeout = true };

    public void Dispose()
    {
        Answer?.Owner?.Dispose();
        Refusal?.Dispose();
    }
}
