using System.ComponentModel.DataAnnotations;
using MasterX.Api.Http;

namespace MasterX.Api.Keys;

/// <summary>Body of <c>POST /api/keys</c>.</summary>
public sealed record CreateKey : IValidatableObject
{
    /// <summary>For whom it is, 1 to 200 characters.</summary>
    [Required(ErrorMessage = "name is required and must not be empty."), NotBlank(ErrorMessage = "name is required and must not be empty."), TextLength(200, ErrorMessage = "name must be at most {1} characters long.")]
    public string? Name { get; init; }

    /// <summary>What it may do: <c>generate</c> (unless given), <c>admin</c>.</summary>
    [MaxLength(2, ErrorMessage = "scopes must be at most {1}.")]
    public IReadOnlyList<string>? Scopes { get; init; }

    /// <summary>After which it opens nothing; never unless given.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>1 to 1,000,000; no limit unless given.</summary>
    [Range(1, 1_000_000, ErrorMessage = "requests_per_minute must be {1} to {2}.")]
    public int? RequestsPerMinute { get; init; }

    /// <summary>Calls at once, 1 to 10,000; no limit unless given.</summary>
    [Range(1, 10_000, ErrorMessage = "max_concurrency must be {1} to {2}.")]
    public int? MaxConcurrency { get; init; }

    /// <summary>US dollars per calendar month (UTC), 0 to 1,000,000; no limit unless given. A call that begins below it is answered, whatever it costs.</summary>
    [Range(0.0, 1_000_000.0, ErrorMessage = "monthly_budget_usd must be {1} to {2}.")]
    public decimal? MonthlyBudgetUsd { get; init; }

    /// <inheritdoc />
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Scopes?.FirstOrDefault(scope => scope is not (ConsumerScopes.Generate or ConsumerScopes.Admin)) is { } unknown)
        {
            yield return new ValidationResult($"scopes has '{unknown}'; there are {ConsumerScopes.Generate} and {ConsumerScopes.Admin}.", [nameof(Scopes)]);
        }
    }
}

/// <summary>A key as the API shows one.</summary>
/// <param name="Id">Begins with <c>key_</c>.</param>
/// <param name="Name">For whom it is.</param>
/// <param name="Preview">Its first 8 characters.</param>
/// <param name="Scopes">What it may do.</param>
/// <param name="CreatedAt">UTC.</param>
/// <param name="ExpiresAt">UTC; <see langword="null"/> for never.</param>
/// <param name="RevokedAt">UTC; <see langword="null"/> while it works.</param>
/// <param name="LastUsedAt">UTC, to about ten seconds; <see langword="null"/> when it never was.</param>
/// <param name="RequestsPerMinute"><see langword="null"/> for no limit.</param>
/// <param name="MaxConcurrency">Calls at once; <see langword="null"/> for no limit.</param>
/// <param name="MonthlyBudgetUsd">US dollars; <see langword="null"/> for no limit.</param>
internal sealed record KeyAnswer(
    string Id, string Name, string Preview, IReadOnlyList<string> Scopes, DateTimeOffset CreatedAt, DateTimeOffset? ExpiresAt, DateTimeOffset? RevokedAt, DateTimeOffset? LastUsedAt,
    int? RequestsPerMinute, int? MaxConcurrency, decimal? MonthlyBudgetUsd)
{
    public static KeyAnswer Of(ConsumerKey key) => new(
        key.Id, key.Name, key.Preview, key.Scopes, key.CreatedAt, key.ExpiresAt, key.RevokedAt, key.LastUsedAt, key.RequestsPerMinute, key.MaxConcurrency, key.MonthlyBudgetUsd);
}

/// <summary>A key just made.</summary>
/// <param name="Id">Begins with <c>key_</c>.</param>
/// <param name="Key">The key itself. It is shown this once: only its hash is kept.</param>
/// <param name="Name">For whom it is.</param>
/// <param name="Scopes">What it may do.</param>
/// <param name="CreatedAt">UTC.</param>
/// <param name="ExpiresAt">UTC; <see langword="null"/> for never.</param>
/// <param name="RequestsPerMinute"><see langword="null"/> for no limit.</param>
/// <param name="MaxConcurrency">Calls at once; <see langword="null"/> for no limit.</param>
/// <param name="MonthlyBudgetUsd">US dollars; <see langword="null"/> for no limit.</param>
internal sealed record NewKeyAnswer(
    string Id, string Key, string Name, IReadOnlyList<string> Scopes, DateTimeOffset CreatedAt, DateTimeOffset? ExpiresAt, int? RequestsPerMinute, int? MaxConcurrency, decimal? MonthlyBudgetUsd)
{
    public static NewKeyAnswer Of(ConsumerKey key, string secret) => new(
        key.Id, secret, key.Name, key.Scopes, key.CreatedAt, key.ExpiresAt, key.RequestsPerMinute, key.MaxConcurrency, key.MonthlyBudgetUsd);
}
