using MasterX.AiGateway.Telemetry;

namespace MasterX.AiGateway.Translation.Vocabulary;

/// <summary>
/// Receives a model's answer piece by piece, whole or streamed: a reader of the provider's format calls it, a writer of the caller's format
/// is one. Texts come in pieces of any length; a piece is never empty. What belongs to one part of the answer comes without anything else
/// of the same choice in between: a text, a thought, a call with its arguments.
/// </summary>
internal abstract class AnswerSink
{
    /// <summary>Called first, and again when more becomes known.</summary>
    /// <param name="id">The provider's name for the answer; <see langword="null"/> where it has none.</param>
    /// <param name="model">As the provider calls it; <see langword="null"/> where it does not say.</param>
    public abstract void Begin(string? id, string? model);

    /// <param name="choice">From 0, for requests of several answers.</param>
    /// <param name="text">The next piece.</param>
    public abstract void Text(int choice, string text);

    /// <summary>The next piece of what the model thinks.</summary>
    public abstract void Thinking(int choice, string text);

    /// <summary>
    /// A signature, of the thought that has just ended (<see cref="Signature.Anthropic"/>), or of the text or call the provider has just
    /// given (<see cref="Signature.Gemini"/>): it belongs to the last part of the choice.
    /// </summary>
    public abstract void Sign(int choice, Signature signature);

    /// <summary>A thought that is not shown: see <see cref="HiddenThinkingPart"/>.</summary>
    public abstract void HiddenThinking(int choice, Signature signature);

    /// <summary>The model will not answer, and says so.</summary>
    public abstract void Refusal(int choice, string text);

    /// <summary>A call begins.</summary>
    /// <param name="choice">From 0.</param>
    /// <param name="id">Never empty, and no other call's of the answer: a reader makes one where the provider gives none.</param>
    /// <param name="name">The tool's.</param>
    public abstract void Call(int choice, string id, string name);

    /// <summary>
    /// The next piece of a call's arguments, of the call that <see cref="Call"/> began last; all of them joined are a JSON text, and
    /// <c>{}</c> is given for a call without any.
    /// </summary>
    public abstract void Arguments(int choice, string piece);

    /// <summary>An image or sound that the model made.</summary>
    public abstract void Media(int choice, Media media);

    /// <summary>Where a statement of the answer comes from.</summary>
    public abstract void Citation(int choice, string url, string? title);

    /// <summary>Probabilities of the tokens of the text that came last: the array <c>logprobs.content</c> of OpenAI's format, as JSON.</summary>
    public abstract void LogProbs(int choice, ReadOnlySpan<byte> content);

    /// <summary>A choice has ended.</summary>
    /// <param name="choice">From 0.</param>
    /// <param name="reason">Why.</param>
    /// <param name="sequence">The text that ended it, where the provider tells.</param>
    public abstract void Finish(int choice, StopReason reason, string? sequence = null);

    /// <summary>Tokens, as far as they are counted; each call says all of it so far.</summary>
    public abstract void Count(TokenUsage usage);
}
