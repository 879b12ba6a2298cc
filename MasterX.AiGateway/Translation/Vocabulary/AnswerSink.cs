using MasterX.AiGateway.Streaming;
using MasterX.AiGateway.Telemetry;
using MasterX.AiGateway.Translation.Answers;

namespace MasterX.AiGateway.Translation.Vocabulary;

/// <summary>
/// Receives a model's answer piece by piece, whole or streamed: a reader of the provider's format calls it, a writer of the caller's format
/// is one. What belongs to one part of the answer comes without anything else of the same choice in between: a text, a thought, a call with
/// its arguments. It keeps count of what came; text that was cut inside a character is put together again before anybody sees it, and half
/// a character that stays alone becomes U+FFFD.
/// </summary>
internal abstract class AnswerSink
{
    private const string Unknown = "\uFFFD";

    private List<ChoiceText> _choices = [];

    /// <summary>White space at the end of what another provider said, which this one may begin with again.</summary>
    private string _joint = "";

    /// <summary>Whether every choice that has begun has come to its end.</summary>
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

    /// <summary>Remembers what the provider wants back, for callers who may not keep it; <see langword="null"/> for nobody.</summary>
    public ThoughtMemory? Thoughts { get; set; }

    /// <summary>What the caller calls its tools.</summary>
    public CallerTools Tools { get; set; } = CallerTools.Plain;

    /// <summary>Learns where the provider has thoughts; <see langword="null"/> for nobody.</summary>
    public SeenThoughts? Seen { get; set; }

    /// <summary>For whom, and in which conversation.</summary>
    public (string Consumer, ulong Number) Conversation { get; set; }

    /// <summary>
    /// Another provider goes on with the answer: what was half said is not said any more, and what is counted is its own.
    /// </summary>
    /// <param name="joint">White space at the end of what was said, which is not told again.</param>
    public virtual void GoOn(string joint)
    {
        (_joint, Said, Finished, Incomplete, Usage, Characters) = (joint, true, false, false, null, 0);
        foreach (var state in _choices)
        {
            state.GoOn();
        }
    }

    /// <summary>The same as far as it has come, with a state of its own.</summary>
    protected AnswerSink Copy()
    {
        var copy = (AnswerSink)MemberwiseClone();
        copy._choices = [.. _choices.Select(choice => choice.Copy())];
        return copy;
    }

    /// <summary>Called first, and again when more becomes known.</summary>
    /// <param name="id">The provider's name for the answer; <see langword="null"/> where it has none.</param>
    /// <param name="model">As the provider calls it; <see langword="null"/> where it does not say.</param>
    public abstract void Begin(string? id, string? model);

    /// <param name="choice">From 0, for requests of several answers.</param>
    /// <param name="piece">The next piece; nothing comes of an empty one.</param>
    public void Text(int choice, string? piece) => Take(choice, PieceKind.Text, piece);

    /// <summary>The next piece of what the model thinks.</summary>
    public void Thinking(int choice, string? piece) => Take(choice, PieceKind.Thinking, piece);

    /// <summary>A signature of the thought or text that came last in the choice.</summary>
    public void Sign(int choice, Signature signature)
    {
        if (Takes(choice) && StateOf(choice) is { HasEnded: false } state)
        {
            Release(choice, state);
            EndCall(choice, state);
            state.Keep(new ThinkingPart(state.TakeThought()) { Signature = signature });
            WriteSignature(choice, signature);
        }
    }

    /// <summary>A thought that is not shown: see <see cref="HiddenThinkingPart"/>.</summary>
    public void HiddenThinking(int choice, Signature signature)
    {
        if (Add(choice, canResume: true))
        {
            StateOf(choice).Keep(new HiddenThinkingPart { Signature = signature });
            WriteHiddenThinking(choice, signature);
        }
    }

    /// <summary>The next piece of the model's words for that it will not answer.</summary>
    public void Refusal(int choice, string? piece) => Take(choice, PieceKind.Refusal, piece);

    /// <summary>A call begins; its arguments follow.</summary>
    /// <param name="choice">From 0.</param>
    /// <param name="id">Never empty, and no other call's of the answer: a reader makes one where the provider gives none.</param>
    /// <param name="name">The tool's.</param>
    /// <param name="signature">What the provider wants back with it.</param>
    public void Call(int choice, string id, string name, Signature? signature = null)
    {
        if (Add(choice))
        {
            var tool = Tools.Of(name);
            WriteCall(choice, new AnswerCall(id, tool, signature));
            var state = StateOf(choice);
            (state.IsCall, state.Nesting, state.Input) = (true, default, tool.Shape == ToolShape.Freeform ? new FreeformInput() : null);
            Thoughts?.Keep(Conversation, id, state.TakeThoughts(), signature);
        }
    }

    /// <summary>
    /// The next piece of the arguments of the call that <see cref="Call"/> began last; all of them joined are a JSON text, and <c>{}</c> is
    /// given for a call without any.
    /// </summary>
    public void Arguments(int choice, string? piece) => Take(choice, PieceKind.Arguments, piece);

    /// <summary>An image or sound that the model made.</summary>
    public void Media(int choice, Media media)
    {
        if (Add(choice))
        {
            WriteMedia(choice, media);
        }
    }

    /// <summary>Where a statement of the answer comes from.</summary>
    public virtual void Citation(int choice, string url, string? title)
    {
    }

    /// <summary>Probabilities of the tokens of the text that came last: the array <c>logprobs.content</c> of OpenAI's format, as JSON.</summary>
    public virtual void LogProbs(int choice, ReadOnlySpan<byte> content)
    {
    }

    /// <summary>The average of the probabilities of all tokens, as a natural logarithm, where a provider tells that alone.</summary>
    public virtual void AverageLogProb(int choice, double value)
    {
    }

    /// <summary>
    /// All of the answer has come: its choices end, for the reasons that were given, or by that alone. Of those that have ended nothing comes
    /// any more.
    /// </summary>
    public void FinishOpen()
    {
        if (_choices.Count == 0)
        {
            StateOf(0);
        }

        for (var choice = 0; choice < _choices.Count; choice++)
        {
            var state = _choices[choice];
            if (!state.HasBegun || state.HasEnded)
            {
                continue;
            }

            Release(choice, state);
            EndCall(choice, state);
            state.HasEnded = true;
            var reason = state.Reason ?? StopReason.End;
            Incomplete |= reason is StopReason.ContentFilter or StopReason.MaxTokens or StopReason.ContextFull or StopReason.Refusal;
            WriteFinish(choice, reason, state.Sequence);
        }

        Finished = true;
    }

    /// <summary>Why a choice ends. It is told at the end of the answer: some providers say it with every piece.</summary>
    /// <param name="choice">From 0.</param>
    /// <param name="reason">Why; the last one counts.</param>
    /// <param name="sequence">The text that ended it, where the provider tells.</param>
    public void Finish(int choice, StopReason reason, string? sequence = null)
    {
        if (!Takes(choice))
        {
            return;
        }

        var state = StateOf(choice);
        (state.Reason, state.Sequence) = (reason, sequence);
        Incomplete |= reason is StopReason.ContentFilter or StopReason.MaxTokens or StopReason.ContextFull or StopReason.Refusal;
        Finished = _choices.TrueForAll(one => !one.HasBegun || one.HasEnded || one.Reason is not null);
    }

    /// <summary>Whether the caller's format has a choice of that number.</summary>
    protected virtual bool Takes(int choice) => true;

    /// <summary>Tokens, as far as they are counted; each call says all of it so far.</summary>
    public void Count(TokenUsage usage) => Usage = usage;

    protected abstract void WriteText(int choice, string text);

    protected abstract void WriteThinking(int choice, string text);

    protected abstract void WriteSignature(int choice, Signature signature);

    protected abstract void WriteHiddenThinking(int choice, Signature signature);

    protected abstract void WriteRefusal(int choice, string text);

    protected abstract void WriteCall(int choice, AnswerCall call);

    /// <summary>A piece of the arguments of the call that came last, or of a freeform call's input.</summary>
    protected abstract void WriteArguments(int choice, string text);

    protected abstract void WriteMedia(int choice, Media media);

    protected abstract void WriteFinish(int choice, StopReason reason, string? sequence);

    /// <summary>Something that is no text begins.</summary>
    /// <param name="choice">Of which it is.</param>
    /// <param name="canResume">Whether another provider could go on behind it.</param>
    /// <returns>Whether it is still of the answer: of a choice that has ended nothing more is.</returns>
    private bool Add(int choice, bool canResume = false)
    {
        if (!Takes(choice))
        {
            return false;
        }

        var state = StateOf(choice);
        if (state.HasEnded)
        {
            return false;
        }

        Release(choice, state);
        EndCall(choice, state);
        Said = true;
        if (!canResume)
        {
            Partial?.Forbid();
        }

        return true;
    }

    private void Take(int choice, PieceKind kind, string? piece)
    {
        if (string.IsNullOrEmpty(piece) || !Takes(choice))
        {
            return;
        }

        // Of a choice that has ended nothing more is told, nor arguments of no call.
        var state = StateOf(choice);
        if (state.HasEnded || (kind == PieceKind.Arguments && !state.IsCall))
        {
            return;
        }

        if (state.Half is not null && state.Kind != kind)
        {
            Release(choice, state);
        }

        if (kind != PieceKind.Arguments)
        {
            EndCall(choice, state);
        }

        state.Kind = kind;
        var text = state.Half is { } held ? held + piece : piece;
        state.Half = char.IsHighSurrogate(text[^1]) ? text[^1] : null;
        Give(choice, kind, JsonText.Whole(state.Half is null ? text : text[..^1]));
    }

    private void Give(int choice, PieceKind kind, string text)
    {
        if (_joint.Length > 0 && kind == PieceKind.Text)
        {
            var again = text.AsSpan().CommonPrefixLength(_joint);
            (text, _joint) = (text[again..], again == text.Length ? _joint[again..] : "");
        }

        if (text.Length == 0)
        {
            return;
        }

        Said |= kind != PieceKind.Arguments;
        Characters += text.Length;
        if (kind == PieceKind.Text && choice == 0)
        {
            Partial?.Append(text);
        }
        else if (kind != PieceKind.Thinking)
        {
            Partial?.Forbid();
        }

        switch (kind)
        {
            case PieceKind.Text: WriteText(choice, text); break;
            case PieceKind.Thinking:
                if (Thoughts is not null)
                {
                    StateOf(choice).Think(text);
                }

                WriteThinking(choice, text);
                break;
            case PieceKind.Refusal: WriteRefusal(choice, text); break;
            default:
                var call = StateOf(choice);
                if (!call.Nest(text))
                {
                    throw new ArgumentException("The arguments of a call are nested too deep.");
                }

                GiveArguments(choice, call.Input is { } input ? input.Add(text) : text);
                break;
        }
    }

    private void GiveArguments(int choice, string text)
    {
        if (text.Length > 0)
        {
            WriteArguments(choice, text);
        }
    }

    /// <summary>No arguments come any more of the call that is open, if one is.</summary>
    private void EndCall(int choice, ChoiceText state)
    {
        var input = state.Input;
        (state.IsCall, state.Input) = (false, null);
        GiveArguments(choice, input?.End() ?? "");
    }

    /// <summary>The other half of a character will not come any more.</summary>
    private void Release(int choice, ChoiceText state)
    {
        if (state.Half is not null)
        {
            state.Half = null;
            Give(choice, state.Kind, Unknown);
        }
    }

    private ChoiceText StateOf(int choice)
    {
        while (_choices.Count <= choice)
        {
            _choices.Add(new ChoiceText());
        }

        var state = _choices[choice];
        if (!state.HasBegun)
        {
            (state.HasBegun, Finished) = (true, false);
        }

        return state;
    }
}
