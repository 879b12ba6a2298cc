using System.Globalization;
using MasterX.Api.Keys;

namespace MasterX.Api.Calls;

/// <summary>Names of budgets: a key or a project, and a calendar month or a day, UTC: <c>key_…/2026-11</c>, <c>proj_…/2026-11-27</c>.</summary>
/// <param name="OwnerId">Whose it is: a key's, or a project's.</param>
/// <param name="Kind">For a month, or a day.</param>
/// <param name="From">Its first moment.</param>
/// <param name="Until">The first after it.</param>
internal readonly record struct BudgetPeriod(string OwnerId, BudgetKinds Kind, DateTimeOffset From, DateTimeOffset Until)
{
    private const string Month = "yyyy-MM", Day = "yyyy-MM-dd";

    /// <summary>More than a budget can be: what is counted without one is held in this.</summary>
    public const decimal Unlimited = 4_000_000m;

    /// <summary>The budget that a call is paid from.</summary>
    public static string IdOf(string ownerId, DateTimeOffset at, BudgetKinds kind = BudgetKinds.Month) =>
        $"{ownerId}/{at.UtcDateTime.ToString(kind == BudgetKinds.Day ? Day : Month, CultureInfo.InvariantCulture)}";

    /// <summary>How the names of all budgets of a month begin behind their owner's.</summary>
    public static string Of(DateOnly month) => month.ToString(Month, CultureInfo.InvariantCulture);

    public static BudgetPeriod Parse(string budgetId)
    {
        var slash = budgetId.LastIndexOf('/');
        var period = budgetId.AsSpan(slash + 1);
        var kind = period.Length == Day.Length ? BudgetKinds.Day : BudgetKinds.Month;
        var from = new DateTimeOffset(DateTime.ParseExact(period, kind == BudgetKinds.Day ? Day : Month, CultureInfo.InvariantCulture), TimeSpan.Zero);
        return new(budgetId[..slash], kind, from, kind == BudgetKinds.Day ? from.AddDays(1) : from.AddMonths(1));
    }

    /// <summary>The budgets that a call is paid from: of the key, then of its project, days before months. What a call may ask of the last of them is what it gets.</summary>
    public static IEnumerable<BudgetLimit> Of(Allowance allowance, DateTimeOffset at)
    {
        var counted = allowance.CountedNow;
        if (counted.HasFlag(BudgetKinds.Day))
        {
            yield return new(IdOf(allowance.Id, at, BudgetKinds.Day), allowance.DailyBudgetUsd);
        }

        if (counted.HasFlag(BudgetKinds.Month))
        {
            yield return new(IdOf(allowance.Id, at), allowance.MonthlyBudgetUsd);
        }
    }
}

/// <summary>A budget, and what it may spend.</summary>
/// <param name="BudgetId">Its name.</param>
/// <param name="LimitUsd">US dollars; <see langword="null"/> where it is counted without a limit.</param>
internal readonly record struct BudgetLimit(string BudgetId, decimal? LimitUsd)
{
    /// <summary>Holds something in it; nothing, where it is only to be known that a call is paid from it.</summary>
    public Reservation Hold(decimal costUsd, bool isBound) => new(BudgetId, costUsd, LimitUsd ?? BudgetPeriod.Unlimited, isBound);
}
