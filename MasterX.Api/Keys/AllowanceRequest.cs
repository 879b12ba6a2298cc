using System.ComponentModel.DataAnnotations;
using System.Runtime.CompilerServices;

namespace MasterX.Api.Keys;

/// <summary>What bodies say of limits, budgets and what may be asked for. In a change, what is not given stays as it is, and <c>null</c> takes a limit away.</summary>
public abstract record AllowanceRequest : IValidatableObject
{
    private const int MostParts = 10, MostNames = 100, LongestName = 200;

    private readonly HashSet<string> _given = new(StringComparer.Ordinal);

    /// <summary>1 to 1,000,000; no limit unless given.</summary>
    [Range(1, 1_000_000, ErrorMessage = "requests_per_minute must be {1} to {2}.")]
    public int? RequestsPerMinute { get; init => field = Given(value); }

    /// <summary>Calls at once, 1 to 10,000; no limit unless given.</summary>
    [Range(1, 10_000, ErrorMessage = "max_concurrency must be {1} to {2}.")]
    public int? MaxConcurrency { get; init => field = Given(value); }

    /// <summary>US dollars per calendar month (UTC), 0 to 1,000,000; no limit unless given.</summary>
    [Range(0.0, 1_000_000.0, ErrorMessage = "monthly_budget_usd must be {1} to {2}.")]
    public decimal? MonthlyBudgetUsd { get; init => field = Given(value); }

    /// <summary>US dollars per day (UTC), 0 to 1,000,000; no limit unless given.</summary>
    [Range(0.0, 1_000_000.0, ErrorMessage = "daily_budget_usd must be {1} to {2}.")]
    public decimal? DailyBudgetUsd { get; init => field = Given(value); }

    /// <summary>Parts of the budgets, such as <c>[0.5, 0.8]</c>, that are told of, once in each period, when they are spent; 10 at most.</summary>
    public IReadOnlyList<decimal>? BudgetWarnAt { get; init => field = Given(value); }

    /// <summary>Names of models and routes that may be asked for, or their beginnings with <c>*</c> behind (<c>openai/*</c>), 100 at most; all unless given. Who names no model asks for <c>auto</c>.</summary>
    public IReadOnlyList<string>? Models { get; init => field = Given(value); }

    /// <summary>Paths of <c>/api/ai/generate</c> and under <c>/v1</c> that may be used, with what is below them, or their beginnings with <c>*</c> behind, 100 at most; all unless given.</summary>
    public IReadOnlyList<string>? Routes { get; init => field = Given(value); }

    /// <summary>Whether the body says anything.</summary>
    internal bool SaysAnything => _given.Count > 0;

    /// <inheritdoc />
    public virtual IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (BudgetWarnAt is { } parts && (parts.Count > MostParts || parts.Any(part => part is <= 0 or >= 1)))
        {
            yield return new ValidationResult($"budget_warn_at must be at most {MostParts} numbers between 0 and 1, such as 0.8; the whole budget is always told of.", [nameof(BudgetWarnAt)]);
        }

        if (Models is { } models && Problem(models) is { } unclear)
        {
            yield return new ValidationResult($"models {unclear}", [nameof(Models)]);
        }

        if (Routes is { } routes && (Problem(routes) ?? (routes.All(AllowList.IsDoor) ? null : "must be /api/ai/generate, or begin with /v1.")) is { } unknown)
        {
            yield return new ValidationResult($"routes {unknown}", [nameof(Routes)]);
        }
    }

    /// <summary>What is allowed then.</summary>
    internal T ApplyTo<T>(T allowance)
        where T : Allowance
    {
        Allowance known = allowance;
        known = known with
        {
            RequestsPerMinute = Of(nameof(RequestsPerMinute), RequestsPerMinute, known.RequestsPerMinute),
            MaxConcurrency = Of(nameof(MaxConcurrency), MaxConcurrency, known.MaxConcurrency),
            MonthlyBudgetUsd = Of(nameof(MonthlyBudgetUsd), MonthlyBudgetUsd, known.MonthlyBudgetUsd),
            DailyBudgetUsd = Of(nameof(DailyBudgetUsd), DailyBudgetUsd, known.DailyBudgetUsd),
            BudgetWarnAt = Of(nameof(BudgetWarnAt), [.. (BudgetWarnAt ?? []).Distinct().Order()], known.BudgetWarnAt),
            Models = Of(nameof(Models), Models ?? [], known.Models),
            Routes = Of(nameof(Routes), Routes ?? [], known.Routes),
        };
        return (T)(known with { Counted = known.CountedNow });
    }

    /// <summary>Whether the body has a field, be it <c>null</c>.</summary>
    private protected bool Has(string name) => _given.Contains(name);

    /// <summary>What the body says, else what there is.</summary>
    private protected T Of<T>(string name, T said, T known) => Has(name) ? said : known;

    /// <summary>Notes that a field is there: only then is it set.</summary>
    private protected T Given<T>(T value, [CallerMemberName] string name = "")
    {
        _given.Add(name);
        return value;
    }

    private static string? Problem(IReadOnlyList<string> names) =>
        names.Count is 0 or > MostNames ? $"must be 1 to {MostNames} names; null, or no such field, allows all."
        : names.Any(name => name is not { Length: > 0 and <= LongestName } || name.AsSpan(0, name.Length - 1).Contains('*') || name.Any(char.IsControl))
            ? $"must be names of 1 to {LongestName} characters, with * at their end at most."
            : null;
}
