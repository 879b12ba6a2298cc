using System.ComponentModel.DataAnnotations;
using MasterX.Api.Http;
using MasterX.Api.Keys;

namespace MasterX.Api.Projects;

/// <summary>Body of <c>POST /api/projects</c>.</summary>
public sealed record CreateProject : AllowanceRequest
{
    /// <summary>1 to 200 characters.</summary>
    [Required(ErrorMessage = "name is required and must not be empty."), NotBlank(ErrorMessage = "name is required and must not be empty."), TextLength(200, ErrorMessage = "name must be at most {1} characters long.")]
    public string? Name { get; init; }

    /// <summary>Whether calls of the APIs under <c>/v1</c> are to be kept as generations; not unless given.</summary>
    public bool? KeepGenerations { get; init; }
}

/// <summary>Body of <c>PATCH /api/projects/{id}</c>: what is not given stays as it is, and <c>null</c> takes a limit away.</summary>
public sealed record UpdateProject : AllowanceRequest
{
    /// <summary>1 to 200 characters.</summary>
    [NotBlank(ErrorMessage = "name must not be empty."), TextLength(200, ErrorMessage = "name must be at most {1} characters long.")]
    public string? Name { get; init => field = Given(value); }

    /// <summary>Whether calls of the APIs under <c>/v1</c> are to be kept as generations.</summary>
    public bool? KeepGenerations { get; init => field = Given(value); }

    /// <summary>The project as it is to be.</summary>
    internal Project Change(Project project, DateTimeOffset now) => ApplyTo(project) with
    {
        Name = Name?.Trim() ?? project.Name,
        KeepGenerations = KeepGenerations ?? project.KeepGenerations,
        UpdatedAt = now,
        Version = project.Version + 1,
    };
}

/// <summary>A project as the API shows one.</summary>
/// <param name="Id">Begins with <c>proj_</c>.</param>
/// <param name="Name">Given by an admin.</param>
/// <param name="CreatedAt">UTC.</param>
/// <param name="UpdatedAt">UTC.</param>
/// <param name="RequestsPerMinute">Of all its keys together; <see langword="null"/> for no limit.</param>
/// <param name="MaxConcurrency">Calls at once, of all its keys together; <see langword="null"/> for no limit.</param>
/// <param name="MonthlyBudgetUsd">US dollars, of all its keys together; <see langword="null"/> for no limit.</param>
/// <param name="DailyBudgetUsd">US dollars, of all its keys together; <see langword="null"/> for no limit.</param>
/// <param name="BudgetWarnAt">Parts of the budgets that are told of when they are spent.</param>
/// <param name="Models">What may be asked for; <see langword="null"/> for all.</param>
/// <param name="Routes">Paths that may be used; <see langword="null"/> for all.</param>
/// <param name="KeepGenerations">Whether calls of the APIs under <c>/v1</c> are to be kept as generations.</param>
internal sealed record ProjectAnswer(
    string Id, string Name, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt, int? RequestsPerMinute, int? MaxConcurrency, decimal? MonthlyBudgetUsd, decimal? DailyBudgetUsd,
    IReadOnlyList<decimal> BudgetWarnAt, IReadOnlyList<string>? Models, IReadOnlyList<string>? Routes, bool KeepGenerations)
{
    public static ProjectAnswer Of(Project project) => new(
        project.Id, project.Name, project.CreatedAt, project.UpdatedAt, project.RequestsPerMinute, project.MaxConcurrency, project.MonthlyBudgetUsd, project.DailyBudgetUsd,
        project.BudgetWarnAt, project.Models.Count > 0 ? project.Models : null, project.Routes.Count > 0 ? project.Routes : null, project.KeepGenerations);
}
