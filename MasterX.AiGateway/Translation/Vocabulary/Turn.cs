namespace MasterX.AiGateway.Translation.Vocabulary;

/// <summary>Who says a turn.</summary>
internal enum Speaker
{
    /// <summary>Instructions: <c>system</c> or <c>developer</c>.</summary>
    Instructions,

    /// <summary>The user; results of tools are parts of a user's turn.</summary>
    User,

    /// <summary>The model.</summary>
    Assistant,
}

/// <summary>What one side said at once.</summary>
/// <param name="Speaker">Who.</param>
/// <param name="Parts">What, in order; none where the caller sent an empty turn.</param>
/// <param name="Name">The speaker's name, where there are several of a kind.</param>
internal sealed record Turn(Speaker Speaker, IReadOnlyList<Part> Parts, string? Name = null);
