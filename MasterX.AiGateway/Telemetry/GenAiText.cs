using System.Text;

namespace MasterX.AiGateway.Telemetry;

/// <summary>
/// A text put together of its pieces, no longer than <see cref="BoundedJsonArray.MostCharactersOfText"/>; what is beyond is counted only.
/// </summary>
internal sealed class GenAiText
{
    private readonly StringBuilder _text = new();
    private long _missing;

    public bool IsEmpty => _text.Length == 0 && _missing == 0;

    /// <param name="piece">The next piece.</param>
    /// <param name="left">Characters that all texts of the answer may still have.</param>
    public void Append(string piece, ref int left)
    {
        var most = Math.Clamp(Math.Min(left, BoundedJsonArray.MostCharactersOfText - _text.Length), 0, piece.Length);
        if (most < piece.Length && most > 0 && char.IsHighSurrogate(piece[most - 1]))
        {
            most--;
        }

        // A text that has a gap gets no more: what stands in it stands together.
        most = _missing > 0 ? 0 : most;
        _text.Append(piece, 0, most);
        left -= most;
        _missing += piece.Length - most;
    }

    public override string ToString() => BoundedJsonArray.Cut(_text.ToString(), int.MaxValue, _missing);
}
