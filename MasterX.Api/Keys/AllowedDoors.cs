using MasterX.Api.Http;

namespace MasterX.Api.Keys;

/// <summary>Refuses what the lists of a caller's key and its project do not allow, in the form of the API that is spoken there.</summary>
/// <param name="next">What comes after.</param>
internal sealed class AllowedDoors(RequestDelegate next)
{
    public Task InvokeAsync(HttpContext context) =>
        context.Features.Get<Consumer>() is { IsConfined: true } consumer && AllowList.RefusalOf(consumer, context.Request.Path) is { } refusal ? Problems.ForbidAsync(context, refusal) : next(context);

    /// <summary>Refuses a call whose model the caller may not ask for.</summary>
    /// <returns>Whether it was refused, and answered.</returns>
    public static async ValueTask<bool> RefuseAsync(HttpContext context, string model)
    {
        if (AllowList.RefusalOf(context.Caller(), model) is not { } refusal)
        {
            return false;
        }

        await Problems.ForbidAsync(context, refusal);
        return true;
    }
}
