using System.Text.Json;
using MasterX.AiGateway.Streaming;
using MasterX.AiGateway.Translation.Vocabulary;

namespace MasterX.AiGateway.Translation.Answers;

/// <summary>Reads a provider's answer, whole or event by event, and tells a writer of it.</summary>
/// <param name="sink">Whom it tells.</param>
internal abstract class AnswerReader(AnswerSink sink)
{
    protected AnswerSink Sink { get; } = sink;

    /// <param name="answer">The whole answer.</param>
    /// <returns>Whether it is one.</returns>
    /// <exception cref="InvalidOperationException">Something in it is of another type than the format has there; it is no answer then.</exception>
    public abstract bool ReadWhole(JsonElement answer);

    /// <param name="data">An event of a stream.</param>
    /// <returns>What it is.</returns>
    /// <exception cref="InvalidOperationException">Something in it is of another type than the format has there.</exception>
    public abstract FrameKind ReadEvent(JsonElement data);

    /// <summary>The stream has ended well: whatever was still waited for has come to its end too.</summary>
    public virtual void End() => Sink.FinishOpen();
}
