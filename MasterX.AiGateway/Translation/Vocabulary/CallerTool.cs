namespace MasterX.AiGateway.Translation.Vocabulary;

/// <summary>How a caller's format has the calls of a tool. To a model of another format each of them is a function.</summary>
internal enum ToolShape
{
    /// <summary>Arguments are a JSON object.</summary>
    Function,

    /// <summary>The input is one text of any kind: a tool of OpenAI's type <c>custom</c>.</summary>
    Freeform,

    /// <summary>A command for the caller's own machine: OpenAI's <c>local_shell</c>.</summary>
    Shell,
}

/// <summary>What a caller calls a tool that a provider knows as a function.</summary>
/// <param name="Shape">Of its calls.</param>
/// <param name="Name">As the caller has it.</param>
/// <param name="Namespace">The group of tools it is of; <see langword="null"/> for none.</param>
internal sealed record CallerTool(ToolShape Shape, string Name, string? Namespace = null);

/// <summary>The caller's tools that are not simply functions, by the names of the functions they are to a provider.</summary>
/// <param name="tools">By those names.</param>
/// <param name="isLegacy">Whether the caller speaks of <c>functions</c> and knows one call at a time, without a name of its own.</param>
internal sealed class CallerTools(IReadOnlyDictionary<string, CallerTool> tools, bool isLegacy = false)
{
    /// <summary>All of them are functions.</summary>
    public static readonly CallerTools Plain = new(new Dictionary<string, CallerTool>());

    public bool IsLegacy { get; } = isLegacy;

    /// <param name="function">The name a provider's model called.</param>
    public CallerTool Of(string function) => tools.TryGetValue(function, out var tool) ? tool : new CallerTool(ToolShape.Function, function);
}

/// <summary>A call by the model, as its caller is told of it.</summary>
/// <param name="Id">The call's.</param>
/// <param name="Tool">What is called.</param>
/// <param name="Signature">What the provider wants back with it.</param>
internal sealed record AnswerCall(string Id, CallerTool Tool, Signature? Signature);
