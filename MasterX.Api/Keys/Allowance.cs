namespace MasterX.Api.Keys;

/// <summary>What a key, or a project over several keys, may ask for and spend. A call has to be allowed by both.</summary>
internal abstract record Allowance
{
    /// <summary>Begins with <c>key_</c> or <c>proj_</c>.</summary>
    public required string Id { get; init; }

    /// <summary>Given by an admin.</summary>
    public required string Name { get; init; }

    /// <summary>UTC, to the millisecond.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>1, and one more with every change an admin makes.</summary>
    public long Version { get; init; } = 1;

    /// <summary>1 or more; <see langword="null"/> for no limit.</summary>
    public int? RequestsPerMinute { get; init; }

    /// <summary>Calls at once, 1 or more; <see langword="null"/> for no limit.</summary>
    public int? MaxConcurrency { get; init; }

    /// <summary>US dollars per calendar month, UTC; <see langword="null"/> for no limit.</summary>
    public decimal? MonthlyBudgetUsd { get; init; }

    /// <summary>US dollars per day, UTC; <see langword="null"/> for no limit.</summary>
    public decimal? DailyBudgetUsd { get; init; }

    /// <summary>Parts of the budgets, between 0 and 1, ascending, that are told of once they are spent.</summary>
    public IReadOnlyList<decimal> BudgetWarnAt { get; init; } = [];

    /// <summary>Names that may be asked for, or their beginnings with <c>*</c> behind; empty for all.</summary>
    public IReadOnlyList<string> Models { get; init; } = [];

    /// <summary>Doors that may be used, or their beginnings with <c>*</c> behind; empty for all.</summary>
    public IReadOnlyList<string> Routes { get; init; } = [];

    /// <summary>
    /// Periods of which it ever had a budget. Their sums are kept on, though the budget be taken away, so that one that is given later in the same period finds them right.
    /// </summary>
    public BudgetKinds Counted { get; init; }

    /// <summary>Counts, from now on, what a budget is set for.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public BudgetKinds CountedNow => Counted | (MonthlyBudgetUsd is null ? 0 : BudgetKinds.Month) | (DailyBudgetUsd is null ? 0 : BudgetKinds.Day);
}

/// <summary>Periods that budgets are given for.</summary>
[Flags]
internal enum BudgetKinds
{
    /// <summary>Of none.</summary>
    None = 0,

    /// <summary>Calendar months, UTC.</summary>
    Month = 1,

    /// <summary>Days, UTC.</summary>
    Day = 2,
}
