using System.Text.Json;

namespace MasterX.AiGateway.Translation.Vocabulary;

/// <summary>A function the model may call.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Description">What it does, for the model.</param>
/// <param name="Parameters">A JSON Schema of an object; <see langword="null"/> for a function without parameters.</param>
/// <param name="Strict">Whether calls must follow the schema exactly; <see langword="null"/> when nothing was said of it.</param>
/// <param name="CacheMark">Marks the end of what is to be cached.</param>
internal sealed record ToolDefinition(string Name, string? Description, JsonElement? Parameters, bool? Strict = null, CacheMark? CacheMark = null);

/// <summary>Whether and what the model must call.</summary>
internal enum ToolMode
{
    /// <summary>As it likes.</summary>
    Auto,

    /// <summary>Nothing.</summary>
    None,

    /// <summary>Some tool.</summary>
    Required,

    /// <summary>One of <see cref="ToolChoice.Names"/>.</summary>
    Named,
}

/// <summary>What the caller says about calls.</summary>
/// <param name="Mode">Whether.</param>
/// <param name="Names">For <see cref="ToolMode.Named"/>; several are what an answer is limited to.</param>
internal sealed record ToolChoice(ToolMode Mode, IReadOnlyList<string> Names)
{
    public static readonly ToolChoice Auto = new(ToolMode.Auto, []), None = new(ToolMode.None, []), Required = new(ToolMode.Required, []);
}
