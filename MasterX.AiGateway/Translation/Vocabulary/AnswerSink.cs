using MasterX.AiGateway.Streaming;
using MasterX.AiGateway.Telemetry;

namespace MasterX.AiGateway.Translation.Vocabulary;

/// <summary>
/// Receives a model's answer piece by piece, whole or streamed: a reader of the provider's format calls it, a writer of the caller's format
/// is one. What belongs to one part of the answer comes without anything else of the same choice in between: a text, a thought, a call with
/// its arguments. It keeps count of what came; text that was cut inside a character is put together again before anybody sees it.
/// </summary>
internal abstract class AnswerSink
{
    private char? _halfText, _halfThought, _halfArguments;

    /// <summary>Whether a choice has come to its end.</summary>
    public bool Finished { get; private set; }

    /// <summary>Whether some of the answer is missing: the provider held it back, or a limit of tokens cut it short.</summary>
    public bool Incomplete { get; private set; }

    /// <summary>Whether anything was said at all.</summary>
    public bool Said { get; private set; }

    /// <summary>Tokens, as far as the provider has counted them.</summary>
    public TokenUsage? Usage { get; private set; }

    /// <summary>Characters of texts, thoughts and arguments.</summary>
    public int Characters { get; private set; }

    /// <summary>Collects the text where another provider may have to go on with it.</summary>
    public PartialAnswer? Partial { get; set; }

    /// <summary>Called first, and again when more becomes known.</summary>
    /// <param name="id">The provider's name for the answer; <see langword="null"/> where it has none.</param>
    /// <param name="model">As the provider calls it; <see langword="null"/> where it does not say.</param>
    public abstract void Begin(string? id, string? model);

    /// <param name="choice">From 0, for requests of several answers.</param>
    /// <param name="piece">The next piece; nothing comes of an empty one.</param>
    public void Text(int choice, string? piece)
    {
        if (Join(ref _halfText, piece) is { Length: > 0 } text)
        {
            Add(choice, text.Length);
            Partial?.Append(text);
            WriteText(choice, text);
        }
    }

    /// <summary>The next piece of what the model thinks.</summary>
    public void Thinking(int choice, string? piece)
    {
        if (Join(ref _halfThought, piece) is { Length: > 0 } text)
        {
            Add(choice, text.Length);
            Partial?.Forbid();
            WriteThinking(choice, text);
        }
    }

    /// <summary>A signature of the thought or text that came last in the choice.</summary>
    public void Sign(int choice, Signature signature) => WriteSignature(choice, signature);

    /// <summary>A thought that is not shown: see <see cref="HiddenThinkingPart"/>.</summary>
    public void HiddenThinking(int choice, Signature signature)
    {
        Add(choice, 0);
        Partial?.Forbid();
        WriteHiddenThinking(choice, signature);
    }

    /// <summary>The model will not answer, and says so.</summary>
    public void Refusal(int choice, string? text)
    {
        if (!string.IsNullOrEmpty(text))
        {
            Add(choice, text.Length);
            Partial?.Forbid();
            WriteRefusal(choice, text);
        }
    }

    /// <summary>A call begins; its arguments follow.</summary>
    /// <param name="choice">From 0.</param>
    /// <param name="id">Never empty, and no other call's of the answer: a reader makes one where the provider gives none.</param>
    /// <param name="name">The tool's.</param>
    /// <param name="signature">What the provider wants back with it.</param>
    public void Call(int choice, string id, string name, Signature? signature = null)
    {
        Add(choice, 0);
        Partial?.Forbid();
        WriteCall(choice, id, name, signature);
    }

    /// <summary>
    /// The next piece of the arguments of the call that <see cref="Call"/> began last; all of them joined are a JSON text, and <c>{}</c> is
    /// given for a call without any.
    /// </summary>
    public void Arguments(int choice, string? piece)
    {
        if (Join(ref _halfArguments, piece) is { Length: > 0 } text)
        {
            Characters += text.Length;
            WriteArguments(choice, text);
        }
    }

    /// <summary>An image or sound that the model made.</summary>
    public void Media(int choice, Media media)
    {
        Add(choice, 0);
        Partial?.Forbid();
        WriteMedia(choice, media);
    }

    /// <summary>Where a statement of the answer comes from.</summary>
    public virtual void Citation(int choice, string url, string? title)
    {
    }

    /// <summary>Probabilities of the tokens of the text that came last: the array <c>logprobs.content</c> of OpenAI's format, as JSON.</summary>
    public virtual void LogProbs(int choice, ReadOnlySpan<byte> content)
    {
    }

    /// <summary>A choice has ended.</summary>
    /// <param name="choice">From 0.</param>
    /// <param name="reason">Why.</param>
    /// <param name="sequence">The text that ended it, where the provider tells.</param>
    public void Finish(int choice, StopReason reason, string? sequence = null)
    {
        Finished = true;
        Incomplete |= reason is StopReason.ContentFilter or StopReason.MaxTokens or StopReason.ContextFull or StopReason.Refusal;
        WriteFinish(choice, reason, sequence);
    }

    /// <summary>Tokens, as far as they are counted; each call says all of it so far.</summary>
    public void Count(TokenUsage usage) => Usage = usage;

    protected abstract void WriteText(int choice, string text);

    protected abstract void WriteThinking(int choice, string text);

    protected abstract void WriteSignature(int choice, Signature signature);

    protected abstract void WriteHiddenThinking(int choice, Signature signature);

    protected abstract void WriteRefusal(int choice, string text);

    protected abstract void WriteCall(int choice, string id, string name, Signature? signature);

    protected abstract void WriteArguments(int choice, string text);

    protected abstract void WriteMedia(int choice, Media media);

    protected abstract void WriteFinish(int choice, StopReason reason, string? sequence);

    private void Add(int choice, int characters)
    {
        Said = true;
        Characters += characters;
        if (choice > 0)
        {
            Partial?.Forbid();
        }
    }

    /// <summary>Holds back the first half of a character, until its other half comes.</summary>
    private static string? Join(ref char? half, string? piece)
    {
        if (string.IsNullOrEmpty(piece) || (half is null && !char.IsHighSurrogate(piece[^1])))
        {
            return piece;
        }

        var text = half is { } held ? held + piece : piece;
        half = char.IsHighSurrogate(text[^1]) ? text[^1] : null;
        return half is null ? text : text[..^1];
    }
}
