using System.ComponentModel.DataAnnotations;
using MasterX.Api.Http;

namespace MasterX.Api.Keys;

/// <summary>Body of <c>POST /api/keys</c>.</summary>
public sealed record CreateKey : AllowanceRequest
{
    /// <summary>For whom it is, 1 to 200 characters.</summary>
    [Required(ErrorMessage = "name is required and must not be empty."), NotBlank(ErrorMessage = "name is required and must not be empty."), TextLength(200, ErrorMessage = "name must be at most {1} characters long.")]
    public string? Name { get; init; }

    /// <summary>What it may do: <c>generate</c> (unless given), <c>admin</c>.</summary>
    [MaxLength(2, ErrorMessage = "scopes must be at most {1}.")]
    public IReadOnlyList<string>? Scopes { get; init; }

    /// <summary>After which it opens nothing; never unless given.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>The project whose limits, budgets and data it shares, for good; none unless given.</summary>
    [TextLength(100, MinimumLength = 1, ErrorMessage = "project_id must be {2} to {1} characters long.")]
    public string? ProjectId { get; init; }

    /// <inheritdoc />
    public override IEnumerable<ValidationResult> Validate(ValidationContext validationContext) => [.. base.Validate(validationContext), .. KeyScopes.Problems(Scopes)];
}

/// <summary>Body of <c>PATCH /api/keys/{id}</c>: what is not given stays as it is, and <c>null</c> takes a limit away.</summary>
public sealed record UpdateKey : AllowanceRequest
{
    /// <summary>For whom it is, 1 to 200 characters.</summary>
    [NotBlank(ErrorMessage = "name must not be empty."), TextLength(200, ErrorMessage = "name must be at most {1} characters long.")]
    public string? Name { get; init => field = Given(value); }

    /// <summary>What it may do: <c>generate</c>, <c>admin</c>.</summary>
    [MaxLength(2, ErrorMessage = "scopes must be at most {1}.")]
    public IReadOnlyList<string>? Scopes { get; init => field = Given(value); }

    /// <summary>After which it opens nothing; <c>null</c> for never.</summary>
    public DateTimeOffset? ExpiresAt { get; init => field = Given(value); }

    /// <inheritdoc />
    public override IEnumerable<ValidationResult> Validate(ValidationContext validationContext) => [.. base.Validate(validationContext), .. KeyScopes.Problems(Scopes)];

    /// <summary>The key as it is to be.</summary>
    internal ConsumerKey Change(ConsumerKey key) => ApplyTo(key) with
    {
        Name = Name?.Trim() ?? key.Name,
        Scopes = Scopes is { Count: > 0 } scopes ? [.. scopes.Distinct()] : key.Scopes,
        ExpiresAt = Of(nameof(ExpiresAt), ExpiresAt is { } end ? Storage.Identifier.ToMilliseconds(end) : null, key.ExpiresAt),
        Version = key.Version + 1,
    };
}

/// <summary>Body of <c>POST /api/keys/{id}/rotate</c>.</summary>
public sealed record RotateKey
{
    /// <summary>A day.</summary>
    internal const int DefaultOverlap = 86_400;

    /// <summary>How long the key as it was goes on to open, 0 to 604,800 (a week); a day (86,400) unless given.</summary>
    [Range(0, 604_800, ErrorMessage = "overlap_seconds must be {1} to {2}.")]
    public int? OverlapSeconds { get; init; }
}

/// <summary>What is wrong with scopes.</summary>
internal static class KeyScopes
{
    public static IEnumerable<ValidationResult> Problems(IReadOnlyList<string>? scopes) =>
        scopes?.FirstOrDefault(scope => scope is not (ConsumerScopes.Generate or ConsumerScopes.Admin)) is { } unknown
            ? [new ValidationResult($"scopes has '{unknown}'; there are {ConsumerScopes.Generate} and {ConsumerScopes.Admin}.", [nameof(CreateKey.Scopes)])]
            : [];
}

/// <summary>A key as the API shows one.</summary>
/// <param name="Id">Begins with <c>key_</c>.</param>
/// <param name="ProjectId">The project whose limits, budgets and data it shares; <see langword="null"/> for none.</param>
/// <param name="Name">For whom it is.</param>
/// <param name="Preview">Its first 8 characters.</param>
/// <param name="Scopes">What it may do.</param>
/// <param name="CreatedAt">UTC.</param>
/// <param name="ExpiresAt">UTC; <see langword="null"/> for never.</param>
/// <param name="RevokedAt">UTC; <see langword="null"/> while it works.</param>
/// <param name="LastUsedAt">UTC, to about ten seconds; <see langword="null"/> when it never was.</param>
/// <param name="PreviousUntil">Until when the key as it was before it was rotated opens, too, UTC; <see langword="null"/> where there is none.</param>
/// <param name="RequestsPerMinute"><see langword="null"/> for no limit.</param>
/// <param name="MaxConcurrency">Calls at once; <see langword="null"/> for no limit.</param>
/// <param name="MonthlyBudgetUsd">US dollars; <see langword="null"/> for no limit.</param>
/// <param name="DailyBudgetUsd">US dollars; <see langword="null"/> for no limit.</param>
/// <param name="BudgetWarnAt">Parts of the budgets that are told of when they are spent.</param>
/// <param name="Models">What may be asked for; <see langword="null"/> for all.</param>
/// <param name="Routes">Paths that may be used; <see langword="null"/> for all.</param>
internal sealed record KeyAnswer(
    string Id, string? ProjectId, string Name, string Preview, IReadOnlyList<string> Scopes, DateTimeOffset CreatedAt, DateTimeOffset? ExpiresAt, DateTimeOffset? RevokedAt, DateTimeOffset? LastUsedAt,
    DateTimeOffset? PreviousUntil, int? RequestsPerMinute, int? MaxConcurrency, decimal? MonthlyBudgetUsd, decimal? DailyBudgetUsd, IReadOnlyList<decimal> BudgetWarnAt,
    IReadOnlyList<string>? Models, IReadOnlyList<string>? Routes)
{
    public static KeyAnswer Of(ConsumerKey key) => new(
        key.Id, key.ProjectId, key.Name, key.Preview, key.Scopes, key.CreatedAt, key.ExpiresAt, key.RevokedAt, key.LastUsedAt, key.PreviousUntil, key.RequestsPerMinute, key.MaxConcurrency,
        key.MonthlyBudgetUsd, key.DailyBudgetUsd, key.BudgetWarnAt, key.Models.Count > 0 ? key.Models : null, key.Routes.Count > 0 ? key.Routes : null);
}

/// <summary>A key just made.</summary>
/// <param name="Id">Begins with <c>key_</c>.</param>
/// <param name="Key">The key itself. It is shown this once: only its hash is kept.</param>
/// <param name="ProjectId">The project whose limits, budgets and data it shares; <see langword="null"/> for none.</param>
/// <param name="Name">For whom it is.</param>
/// <param name="Scopes">What it may do.</param>
/// <param name="CreatedAt">UTC.</param>
/// <param name="ExpiresAt">UTC; <see langword="null"/> for never.</param>
/// <param name="RequestsPerMinute"><see langword="null"/> for no limit.</param>
/// <param name="MaxConcurrency">Calls at once; <see langword="null"/> for no limit.</param>
/// <param name="MonthlyBudgetUsd">US dollars; <see langword="null"/> for no limit.</param>
/// <param name="DailyBudgetUsd">US dollars; <see langword="null"/> for no limit.</param>
/// <param name="BudgetWarnAt">Parts of the budgets that are told of when they are spent.</param>
/// <param name="Models">What may be asked for; <see langword="null"/> for all.</param>
/// <param name="Routes">Paths that may be used; <see langword="null"/> for all.</param>
internal sealed record NewKeyAnswer(
    string Id, string Key, string? ProjectId, string Name, IReadOnlyList<string> Scopes, DateTimeOffset CreatedAt, DateTimeOffset? ExpiresAt, int? RequestsPerMinute, int? MaxConcurrency,
    decimal? MonthlyBudgetUsd, decimal? DailyBudgetUsd, IReadOnlyList<decimal> BudgetWarnAt, IReadOnlyList<string>? Models, IReadOnlyList<string>? Routes)
{
    public static NewKeyAnswer Of(ConsumerKey key, string secret) => new(
        key.Id, secret, key.ProjectId, key.Name, key.Scopes, key.CreatedAt, key.ExpiresAt, key.RequestsPerMinute, key.MaxConcurrency,
        key.MonthlyBudgetUsd, key.DailyBudgetUsd, key.BudgetWarnAt, key.Models.Count > 0 ? key.Models : null, key.Routes.Count > 0 ? key.Routes : null);
}

/// <summary>A key that was rotated.</summary>
/// <param name="Id">The same as before; so are its data, its limits and its budgets.</param>
/// <param name="Key">The key itself. It is shown this once: only its hash is kept.</param>
/// <param name="Preview">Its first 8 characters.</param>
/// <param name="PreviousUntil">Until when the key as it was opens, too, UTC; <see langword="null"/> where it does not any more. One from before that opens nothing.</param>
internal sealed record RotatedKeyAnswer(string Id, string Key, string Preview, DateTimeOffset? PreviousUntil);
