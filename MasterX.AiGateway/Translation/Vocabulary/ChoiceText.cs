using System.Text;
using MasterX.AiGateway.Translation.Answers;

namespace MasterX.AiGateway.Translation.Vocabulary;

/// <summary>What a piece of an answer is a piece of.</summary>
internal enum PieceKind
{
    Text,
    Thinking,
    Refusal,
    Arguments,
}

/// <summary>How far a choice of an answer has come.</summary>
internal sealed class ChoiceText
{
    private StringBuilder? _thought;
    private List<Part>? _thoughts;

    public bool HasBegun { get; set; }

    public bool HasEnded { get; set; }

    /// <summary>Why it ends, once that was said.</summary>
    public StopReason? Reason { get; set; }

    public string? Sequence { get; set; }

    /// <summary>Whether a call came last, to which arguments belong.</summary>
    public bool IsCall { get; set; }

    /// <summary>The input of that call, where its tool is a freeform one.</summary>
    public FreeformInput? Input { get; set; }

    /// <summary>Of the arguments of that call.</summary>
    public JsonNesting Nesting { private get; set; }

    /// <summary>What came last of texts.</summary>
    public PieceKind Kind { get; set; }

    /// <summary>The first half of a character, held back until its other half comes.</summary>
    public char? Half { get; set; }

    /// <summary>Counts a piece of arguments.</summary>
    public bool Nest(string piece)
    {
        var nesting = Nesting;
        var isFine = nesting.Add(piece);
        Nesting = nesting;
        return isFine;
    }

    /// <summary>See <see cref="AnswerSink.GoOn"/>.</summary>
    public void GoOn()
    {
        (HasEnded, Reason, Sequence, IsCall, Input, Half, _thoughts) = (false, null, null, false, null, null, null);
        _thought?.Clear();
    }

    /// <summary>Of what a provider said that broke off, no part of a call or thought is gone on with.</summary>
    public ChoiceText Copy() => new() { HasBegun = HasBegun, HasEnded = HasEnded, Kind = Kind };

    public void Think(string text) => (_thought ??= new()).Append(text);

    /// <summary>The thought so far; the next one begins.</summary>
    public string TakeThought()
    {
        var text = _thought?.ToString() ?? "";
        _thought?.Clear();
        return text;
    }

    public void Keep(Part thought) => (_thoughts ??= []).Add(thought);

    /// <summary>Thoughts before the first call, which belong to it.</summary>
    public List<Part> TakeThoughts()
    {
        var thoughts = _thoughts ?? [];
        _thoughts = null;
        return thoughts;
    }
}
