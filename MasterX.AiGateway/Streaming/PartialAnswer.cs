using System.Text;

namespace MasterX.AiGateway.Streaming;

/// <summary>The text of an answer so far, and whether another provider could go on with it.</summary>
internal sealed class PartialAnswer
{
    private readonly StringBuilder _text = new();

    /// <summary>Text alone can be gone on with, and thoughts before it: not calls of tools, not several choices.</summary>
    public bool CanResume { get; private set; } = true;

    /// <summary>Of a character that was cut in two, nothing.</summary>
    public string Text => _text.Length > 0 && char.IsHighSurrogate(_text[^1]) ? _text.ToString(0, _text.Length - 1) : _text.ToString();

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
