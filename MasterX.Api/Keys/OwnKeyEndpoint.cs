using MasterX.Api.Calls;
using MasterX.Api.Http;

namespace MasterX.Api.Keys;

/// <summary><c>GET /api/keys/self</c>: the caller's own key, and what is left of its budget.</summary>
internal static class OwnKeyEndpoint
{
    public static void MapOwnKey(this WebApplication app) =>
        app.MapGet("/api/keys/self", GetAsync).RequireAuthorization(ConsumerScopes.Generate).WithTags("Keys").WithName("getOwnKey").WithSummary("Your key, and what is left of its budget").Refuses();

    private static async Task<OwnKeyAnswer> GetAsync(ICallStore calls, TimeProvider time, HttpContext context, CancellationToken cancellationToken)
    {
        var key = context.Consumer();
        if (key.MonthlyBudgetUsd is not { } limit)
        {
            return new(KeyAnswer.Of(key), null);
        }

        var budgetId = BudgetPeriod.IdOf(key.Id, time.GetUtcNow());
        var (spent, held) = await calls.ReadBudgetAsync(budgetId, cancellationToken);
        var (_, from, until) = BudgetPeriod.Parse(budgetId);
        return new(KeyAnswer.Of(key), new(from, until, limit, spent, held, Math.Max(0, limit - spent - held)));
    }
}

/// <summary>What <c>GET /api/keys/self</c> answers.</summary>
/// <param name="Key">The caller's.</param>
/// <param name="Budget"><see langword="null"/> for no limit.</param>
internal sealed record OwnKeyAnswer(KeyAnswer Key, BudgetAnswer? Budget);

/// <summary>A budget, in US dollars, exact at this moment on every replica.</summary>
/// <param name="From">Its first moment, UTC.</param>
/// <param name="Until">The first moment of the next one, UTC.</param>
/// <param name="LimitUsd">All of it.</param>
/// <param name="SpentUsd">Of calls that have ended.</param>
/// <param name="HeldUsd">For calls under way, by what they may cost at most; what they do not spend is free again when they have ended.</param>
/// <param name="LeftUsd">What a call may still cost.</param>
internal sealed record BudgetAnswer(DateTimeOffset From, DateTimeOffset Until, decimal LimitUsd, decimal SpentUsd, decimal HeldUsd, decimal LeftUsd);
