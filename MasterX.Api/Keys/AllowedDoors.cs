using MasterX.Api.Calls;
using MasterX.Api.Http;

namespace MasterX.Api.Keys;

/// <summary>Refuses what the lists of a caller's key and its project do not allow, in the form of the API that is spoken there.</summary>
/// <param name="next">What comes after.</param>
internal sealed class AllowedDoors(RequestDelegate next)
{
    public Task InvokeAsync(HttpContext context) =>
        context.Features.Get<Consumer>() is { IsConfined: true } consumer && AllowList.RefusalOf(consumer, context.Request.Path) is { } refusal ? Problems.ForbidAsync(context, refusal) : next(context);

    /// <summary>
    /// Refuses a call whose model the caller may not ask for; and one that names further models, where there are lists or budgets: which of them a provider takes, and what it
    /// costs, could not be said before.
    /// </summary>
    /// <returns>Whether it was refused, and answered.</returns>
    public static ValueTask<bool> RefuseAsync(HttpContext context, CallFacts facts) => RefuseAsync(context, facts.Model, facts.NamesOthers);

    /// <inheritdoc cref="RefuseAsync(HttpContext, CallFacts)"/>
    public static async ValueTask<bool> RefuseAsync(HttpContext context, string model, bool namesOthers = false)
    {
        var caller = context.Caller();
        var refusal = AllowList.RefusalOf(caller, model);
        if (namesOthers && (caller.IsConfined || caller.HasBudgets))
        {
            refusal = "The key, or its project, has a budget or may not ask for every model: 'models' and 'fallbacks', which name further ones, are not allowed. Name one in 'model'; who takes over from it is the route's to say.";
        }

        if (refusal is null)
        {
            return false;
        }

        await Problems.ForbidAsync(context, refusal);
        return true;
    }
}
