namespace MasterX.AiGateway.Translation.Vocabulary;

/// <summary>A piece of a turn, or of a tool's result.</summary>
internal abstract record Part
{
    /// <summary>Marks the end of what the provider is asked to cache; <see langword="null"/> for no mark.</summary>
    public CacheMark? CacheMark { get; init; }

    /// <summary>
    /// A provider's own mark on the part, which it wants back with it: Gemini's thought signature on a text or call.
    /// <see langword="null"/> for none.
    /// </summary>
    public Signature? Signature { get; init; }
}

/// <summary>Text; may be empty, which some formats refuse.</summary>
internal sealed record TextPart(string Text) : Part;

/// <summary>An image.</summary>
/// <param name="Media">Its bytes, or where they are.</param>
/// <param name="Detail">How closely it is to be looked at: <c>low</c>, <c>high</c>, <c>auto</c>; <see langword="null"/> when nothing was said.</param>
internal sealed record ImagePart(Media Media, string? Detail = null) : Part;

/// <summary>A document: a PDF mostly, or text.</summary>
/// <param name="Media">Its bytes, or where they are.</param>
/// <param name="Name">Its file name or title.</param>
internal sealed record FilePart(Media Media, string? Name = null) : Part;

/// <summary>Sound.</summary>
internal sealed record AudioPart(Media Media) : Part;

/// <summary>Moving pictures.</summary>
internal sealed record VideoPart(Media Media) : Part;

/// <summary>A call of a tool by the model.</summary>
/// <param name="Id">The call's, as the caller knows it.</param>
/// <param name="Name">The tool's.</param>
/// <param name="Arguments">A JSON text, an object unless the model wrote something else; never empty.</param>
internal sealed record ToolCallPart(string Id, string Name, string Arguments) : Part;

/// <summary>What a tool gave back.</summary>
/// <param name="CallId">The call's.</param>
/// <param name="Name">The tool's: as the caller gave it, else of the call before it; <see langword="null"/> when neither is there.</param>
/// <param name="Content">What it gave: texts, and images and files for formats that take them.</param>
/// <param name="IsError">Whether the tool failed.</param>
internal sealed record ToolResultPart(string CallId, string? Name, IReadOnlyList<Part> Content, bool IsError = false) : Part;

/// <summary>What the model thought before it answered or called.</summary>
/// <param name="Text">As far as it was shown; may be empty. Its <see cref="Part.Signature"/> proves it to the provider that gave it.</param>
internal sealed record ThinkingPart(string Text) : Part;

/// <summary>Thinking that is shown to nobody, and wanted back as it is: in <see cref="Part.Signature"/>.</summary>
internal sealed record HiddenThinkingPart : Part;

/// <summary>The model's words for that it will not answer.</summary>
internal sealed record RefusalPart(string Text) : Part;
