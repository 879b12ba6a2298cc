namespace MasterX.Api.Storage;

/// <summary>Texts that begin with another one lie, in the order of code points, from it to it with the last code point behind it: an index finds them.</summary>
internal static class TextRange
{
    /// <summary>U+10FFFF, which is no character and sorts behind all.</summary>
    public const string Last = "\U0010FFFF";
}
