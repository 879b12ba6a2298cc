using MasterX.Api.Ai;
using MasterX.Api.Calls;
using MasterX.Api.Idempotency;
using MasterX.Api.Keys;
using MasterX.Api.Storage;

namespace MasterX.Api.OpenAi;

/// <summary>
/// A forwarded call that becomes a generation, as its project asks: what was said as it went to the caller, who answered as the gateway's headers say, and what it has cost as it is booked,
/// never as a body tells.
/// </summary>
internal sealed class KeptCall(HttpContext context, Call call, ReadOnlyMemory<byte> body, TimeProvider time)
{
    private readonly long _begun = time.GetTimestamp();
    private readonly string _id = context.NewId("gen");
    private HeardAnswer? _heard;
    private GatewayAnswer? _answer;

    /// <summary>The call, where its project keeps what its keys generate, and the door is one that generates; else <see langword="null"/>.</summary>
    public static KeptCall? Of(HttpContext context, Consumer consumer, Call call, ReadOnlyMemory<byte> body, TimeProvider time) =>
        consumer.Project is { KeepGenerations: true } && !context.Request.Path.StartsWithSegments("/v1/embeddings") ? new(context, call, body, time) : null;

    /// <summary>Hears the answer that begins.</summary>
    public void Hear(HttpResponseMessage answer, bool isStream)
    {
        _answer = GatewayClient.Described(answer);
        _heard = HeardAnswer.Of(context, isStream);
    }

    /// <summary>What there is of it when it has ended.</summary>
    /// <param name="hasBrokenOff">Whether it did not come to its end, or its caller has left.</param>
    /// <returns><see langword="null"/> where nothing was answered; else without what it has cost: <see cref="Generation.Booked"/>.</returns>
    public Generation? End(bool hasBrokenOff)
    {
        if (_heard is null || _answer is null)
        {
            return null;
        }

        _heard.End();
        var interrupted = hasBrokenOff || !_heard.IsWhole;
        var (prompt, system) = ForwardedText.OfRequest(body);
        return new()
        {
            Id = _id,
            OwnerId = call.OwnerId,
            CreatedAt = Identifier.Now(time),
            Prompt = prompt,
            System = system,
            Success = !interrupted && _heard.FinishReason != FinishReason.ContentFilter,
            Content = _heard.Content,
            Interrupted = interrupted,
            FinishReason = _heard.FinishReason,
            IsCut = _heard.IsCut,
            Provider = _answer.Provider,
            Model = _answer.Model,
            RequestedModel = call.Model.Length > 0 ? call.Model : null,
            Attempts = _answer.Attempts,
            Cached = _answer.Cached,
            LatencyMs = (long)time.GetElapsedTime(_begun).TotalMilliseconds,
        };
    }
}
