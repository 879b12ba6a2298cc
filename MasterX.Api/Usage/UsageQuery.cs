namespace MasterX.Api.Usage;

/// <summary>What of the usage is asked for, and by what it is added up.</summary>
/// <param name="From">The first moment.</param>
/// <param name="Until">The first after it.</param>
internal sealed record UsageQuery(DateTimeOffset From, DateTimeOffset Until)
{
    /// <summary>Tags it can be added up by at once.</summary>
    public const int MostTags = 3;

    /// <summary>Of which project's keys, or of which key without a project; <see langword="null"/> for everyone's.</summary>
    public string? OwnerId { get; init; }

    /// <summary>Of which key alone; <see langword="null"/> for all.</summary>
    public string? KeyId { get; init; }

    /// <summary>Of which model alone, as the provider names it.</summary>
    public string? Model { get; init; }

    public string? Provider { get; init; }

    /// <summary>Of calls alone that have this tag.</summary>
    public KeyValuePair<string, string>? Tag { get; init; }

    public UsageGroups Groups { get; init; } = UsageGroups.Key | UsageGroups.Project | UsageGroups.Day;

    /// <summary>Tags that it is added up by, too; at most <see cref="MostTags"/>.</summary>
    public IReadOnlyList<string> TagNames { get; init; } = [];

    /// <summary>Sums at most.</summary>
    public int Limit { get; init; } = int.MaxValue;

    /// <summary>Whether attempts alone can answer it, of which the sums of days say nothing.</summary>
    public bool NeedsRecords => Model is not null || Provider is not null || Tag is not null;

    /// <summary>The days that begin in it: their sums are told whole.</summary>
    public (DateOnly First, DateOnly Last) Days =>
        (From.UtcDateTime is { TimeOfDay.Ticks: 0 } begin ? DateOnly.FromDateTime(begin) : DateOnly.FromDateTime(From.UtcDateTime).AddDays(1), DateOnly.FromDateTime(Until.UtcDateTime.AddTicks(-1)));

    /// <summary>Whole days.</summary>
    public static UsageQuery OfDays(DateOnly first, DateOnly last) => new(Begin(first), last == DateOnly.MaxValue ? DateTimeOffset.MaxValue : Begin(last.AddDays(1)));

    private static DateTimeOffset Begin(DateOnly day) => new(day.ToDateTime(TimeOnly.MinValue), TimeSpan.Zero);
}

/// <summary>By what usage is added up.</summary>
[Flags]
internal enum UsageGroups
{
    /// <summary>Everything together.</summary>
    None = 0,

    Project = 1,

    Key = 2,

    Model = 4,

    Provider = 8,

    Day = 16,

    Hour = 32,
}

/// <summary>What was used, of one of the groups that were asked for; what it was not added up by is <see langword="null"/>.</summary>
internal sealed record UsageSum
{
    public string? ProjectId { get; init; }

    public string? KeyId { get; init; }

    public string? Model { get; init; }

    public string? Provider { get; init; }

    /// <summary>Values of <see cref="UsageQuery.TagNames"/>, in their order.</summary>
    public IReadOnlyList<string?> Tags { get; init; } = [];

    /// <summary>UTC.</summary>
    public DateOnly? Day { get; init; }

    /// <summary>UTC; <see langword="null"/> also for what is known of a whole day alone.</summary>
    public int? Hour { get; init; }

    /// <summary>Calls that cost something, or were answered from the gateway's cache: each counts with the first of its attempts.</summary>
    public long Requests { get; init; }

    /// <summary>Providers that were asked, and charge for it.</summary>
    public long Attempts { get; init; }

    public long InputTokens { get; init; }

    public long OutputTokens { get; init; }

    /// <summary>Of the input, found in the provider's cache.</summary>
    public long CachedInputTokens { get; init; }

    /// <summary>Of the output, thought with.</summary>
    public long ReasoningTokens { get; init; }

    /// <summary>US dollars, to the picodollar.</summary>
    public decimal CostUsd { get; init; }

    /// <summary>Attempts of which some of the tokens are an estimate.</summary>
    public long Estimated { get; init; }

    /// <summary>Attempts whose model has no price: what they cost is not in the sum.</summary>
    public long Unpriced { get; init; }

    /// <summary>Both together.</summary>
    public UsageSum Plus(UsageSum other) => this with
    {
        Requests = Requests + other.Requests,
        Attempts = Attempts + other.Attempts,
        InputTokens = InputTokens + other.InputTokens,
        OutputTokens = OutputTokens + other.OutputTokens,
        CachedInputTokens = CachedInputTokens + other.CachedInputTokens,
        ReasoningTokens = ReasoningTokens + other.ReasoningTokens,
        CostUsd = CostUsd + other.CostUsd,
        Estimated = Estimated + other.Estimated,
        Unpriced = Unpriced + other.Unpriced,
    };
}
