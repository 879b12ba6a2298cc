using System.Text;
using MasterX.AiGateway.Translation.Answers;

namespace MasterX.AiGateway.Streaming;

/// <summary>The text of an answer so far, and whether another provider could go on with it.</summary>
internal sealed class PartialAnswer
{
    private readonly StringBuilder _text = new();

    /// <summary>Text alone can be gone on with, and thoughts before it: not calls of tools, not several choices.</summary>
    public bool CanResume { get; private set; } = true;

    /// <summary>Of a character that was cut in two at its end, nothing; of one within, U+FFFD.</summary>
    public string Text => JsonText.Whole(_text.ToString(0, _text.Length > 0 && char.IsHighSurrogate(_text[^1]) ? _text.Length - 1 : _text.Length));

    /// <summary>A copy for one call to add to: of two calls under way at once, one answer is kept.</summary>
    public PartialAnswer Fork()
    {
        var fork = new PartialAnswer { CanResume = CanResume };
        fork._text.Append(_text);
        return fork;
    }

    public void Append(string text) => _text.Append(text);

    public void Forbid() => CanResume = false;
}
