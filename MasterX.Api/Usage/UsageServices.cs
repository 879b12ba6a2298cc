using System.Globalization;
using MasterX.Api.Keys;

namespace MasterX.Api.Usage;

/// <summary>Sets up accounting, and the check of budgets in front of endpoints that cost money.</summary>
internal static class UsageServices
{
    public static void AddUsage(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<UsageWriter>();
        builder.Services.AddHostedService(services => services.GetRequiredService<UsageWriter>());
        builder.Services.AddSingleton<Budget>();
    }

    /// <summary>Refuses calls of a key that has spent its month's budget: 402 here, and OpenAI's 429 <c>insufficient_quota</c> under <c>/v1</c>.</summary>
    public static TBuilder NeedsBudget<TBuilder>(this TBuilder endpoint)
        where TBuilder : IEndpointConventionBuilder => endpoint.AddEndpointFilter(async (invocation, next) =>
        {
            var context = invocation.HttpContext;
            return await context.RequestServices.GetRequiredService<Budget>().AllowsAsync(context.Consumer(), context.RequestAborted)
                ? await next(invocation)
                : TypedResults.Problem(Refusal(context.Consumer()), statusCode: StatusCodes.Status402PaymentRequired);
        });

    /// <summary>What a key without budget is told.</summary>
    public static string Refusal(ConsumerKey key) => string.Create(
        CultureInfo.InvariantCulture, $"The key's budget of {key.MonthlyBudgetUsd:0.######} US dollars for this month (UTC) is spent. It begins anew with the next month; an admin can make a key with a larger one.");
}
