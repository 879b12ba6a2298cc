namespace MasterX.AiGateway.Translation.Vocabulary;

/// <summary>
/// What a provider wants back unchanged with the thought or call it came with. It is worth something to providers of the same family
/// alone: to others it is not sent.
/// </summary>
/// <param name="Family">Whose: <see cref="Gemini"/>, <see cref="Anthropic"/>, <see cref="OpenAi"/>, <see cref="Bedrock"/>, or see <see cref="OfDetail"/>.</param>
/// <param name="Value">As it came.</param>
internal sealed record Signature(string Family, string Value)
{
    public const string Gemini = "gemini", Anthropic = "anthropic", OpenAi = "openai";

    /// <summary>Of models that are spoken to in Bedrock's own format, whoever made them.</summary>
    public const string Bedrock = "bedrock";

    /// <summary>Gemini's on a text, for formats that have it with a thought behind the text.</summary>
    public const string GeminiText = "gemini-text";

    /// <summary>The same, for a format that has signatures with thoughts alone.</summary>
    /// <param name="isBehindText">Whether a text came last.</param>
    public Signature Behind(bool isBehindText) => isBehindText && Family == Gemini ? this with { Family = GeminiText } : this;

    /// <summary>
    /// Of an element of OpenRouter's <c>reasoning_details</c>, whose <c>format</c> tells the family: <c>anthropic-claude-v1</c>,
    /// <c>google-gemini-v1</c>. What others gave there is good for OpenRouter alone, with the name it gave it: the format is the family then.
    /// </summary>
    public static Signature OfDetail(string? format, string? id, string value) => format switch
    {
        null or "" => new(Unknown, value),
        _ when format.StartsWith("anthropic", StringComparison.Ordinal) => new(Anthropic, value),
        _ when format.StartsWith("google", StringComparison.Ordinal) => new(Gemini, value),
        _ when format.Contains('.') => new(Unknown, value),
        _ => new(string.IsNullOrEmpty(id) || id.Contains('.') ? format : $"{format}{IdMark}{id}", value),
    };

    /// <inheritdoc cref="OfDetail"/>
    public (string Format, string? Id) Detail => Family switch
    {
        Anthropic => ("anthropic-claude-v1", null),
        Gemini or GeminiText => ("google-gemini-v1", null),
        OpenAi => ("openai-responses-v1", null),
        _ when Family.IndexOf(IdMark) is > 0 and var at => (Family[..at], Family[(at + 1)..]),
        _ => (Family, null),
    };

    private const string Unknown = "unknown";

    private const char IdMark = '#';

    /// <summary>Stands before the value where a format has one field for signatures of all families.</summary>
    public const string Prefix = "mx1.";

    /// <inheritdoc cref="Prefix"/>
    public static ReadOnlySpan<byte> PrefixUtf8 => "mx1."u8;

    /// <summary>For a field that holds a bare value of one family, and others' by a prefix.</summary>
    /// <param name="native">The family whose values the field's own format means.</param>
    public string ToField(string native) => Family == native ? Value : $"{Prefix}{Family}.{Value}";

    /// <summary>The other way round.</summary>
    public static Signature OfField(string text, string native)
    {
        if (text.StartsWith(Prefix, StringComparison.Ordinal) && text.IndexOf('.', Prefix.Length) is > 0 and { } dot)
        {
            return new(text[Prefix.Length..dot], text[(dot + 1)..]);
        }

        return new(native, text);
    }
}
