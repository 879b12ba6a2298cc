using MasterX.Api.Keys;

namespace MasterX.Api.Projects;

/// <summary>What several keys have in common: users, generations and usage, limits and budgets. Its id begins with <c>proj_</c>.</summary>
internal sealed record Project : Allowance
{
    /// <summary>Begins the ids of projects, and of nothing else that owns data.</summary>
    public const string Prefix = "proj_";

    /// <summary>UTC, to the millisecond.</summary>
    public required DateTimeOffset UpdatedAt { get; init; }

    /// <summary>Whether calls of the APIs under <c>/v1</c> are to be kept as generations.</summary>
    public bool KeepGenerations { get; init; }

    /// <summary>What answers of repeatable requests are sealed with, so that every key of the project can have them again; base64.</summary>
    public required string Seal { get; init; }

    /// <summary>Whether it is being deleted: it takes no new keys.</summary>
    public bool IsClosing { get; init; }

    /// <summary>Whether data belongs to a project, and not to a key alone.</summary>
    public static bool Owns(string ownerId) => ownerId.StartsWith(Prefix, StringComparison.Ordinal);
}
