using MasterX.Api.Calls;
using MasterX.Api.Http;
using MasterX.Api.Projects;

namespace MasterX.Api.Keys;

/// <summary><c>GET /api/keys/self</c>: the caller's own key, and what is left of its budgets.</summary>
internal static class OwnKeyEndpoint
{
    public static void MapOwnKey(this WebApplication app) =>
        app.MapGet("/api/keys/self", GetAsync).RequireAuthorization(ConsumerScopes.Generate).WithTags("Keys").WithName("getOwnKey").WithSummary("Your key, and what is left of its budgets").Refuses();

    private static async Task<OwnKeyAnswer> GetAsync(CallBook book, TimeProvider time, HttpContext context, CancellationToken cancellationToken)
    {
        var (caller, now) = (context.Caller(), time.GetUtcNow());
        List<BudgetAnswer> budgets = [];
        foreach (var (budgetId, bound) in BudgetPeriod.Of(caller.Key, now).Concat(caller.Project is { } project ? BudgetPeriod.Of(project, now) : []))
        {
            if (bound is { } limit)
            {
                var (spent, held) = await book.ReadBudgetAsync(budgetId, cancellationToken);
                var period = BudgetPeriod.Parse(budgetId);
                budgets.Add(new(
                    Project.Owns(period.OwnerId) ? "project" : "key", period.Kind == BudgetKinds.Day ? "day" : "month", period.From, period.Until, limit, spent, held, Math.Max(0, limit - spent - held)));
            }
        }

        return new(KeyAnswer.Of(caller.Key), caller.Project is { } own ? new(own.Id, own.Name) : null, budgets.MinBy(budget => budget.LeftUsd), budgets);
    }
}

/// <summary>What <c>GET /api/keys/self</c> answers.</summary>
/// <param name="Key">The caller's.</param>
/// <param name="Project">The project it belongs to; <see langword="null"/> for none.</param>
/// <param name="Budget">Of the budgets the one with the least left; <see langword="null"/> for no limit.</param>
/// <param name="Budgets">Each that a call is paid from: the key's own, and its project's.</param>
internal sealed record OwnKeyAnswer(KeyAnswer Key, OwnProjectAnswer? Project, BudgetAnswer? Budget, IReadOnlyList<BudgetAnswer> Budgets);

/// <summary>A caller's project.</summary>
/// <param name="Id">Begins with <c>proj_</c>.</param>
/// <param name="Name">Given by an admin.</param>
internal sealed record OwnProjectAnswer(string Id, string Name);

/// <summary>A budget, in US dollars, as it is at this moment over all replicas.</summary>
/// <param name="Of"><c>key</c> or <c>project</c>.</param>
/// <param name="Period"><c>day</c> or <c>month</c>.</param>
/// <param name="From">Its first moment, UTC.</param>
/// <param name="Until">The first moment of the next one, UTC.</param>
/// <param name="LimitUsd">All of it.</param>
/// <param name="SpentUsd">Of calls that have ended.</param>
/// <param name="HeldUsd">For calls under way, by what they may cost at most, and on other replicas for some that may come within a second; what they do not spend is free again then.</param>
/// <param name="LeftUsd">What a call may still cost.</param>
internal sealed record BudgetAnswer(string Of, string Period, DateTimeOffset From, DateTimeOffset Until, decimal LimitUsd, decimal SpentUsd, decimal HeldUsd, decimal LeftUsd);
