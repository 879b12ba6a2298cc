using MasterX.ProviderEmulator.Wire;

namespace MasterX.ProviderEmulator.Faults;

/// <summary>Lets a provider's fault happen before its endpoint runs; what happens within an answer is left to the endpoint.</summary>
internal sealed class FaultMiddleware(RequestDelegate next, FaultTable faults)
{
    public async Task InvokeAsync(HttpContext context)
    {
        context.Response.Headers["x-emulated"] = "true";
        if (Provider(context.Request.Path) is not { } provider)
        {
            await next(context);
            return;
        }

        var call = faults.Count(provider);
        if (faults.Of(provider) is { } fault && await HappensAsync(context, provider, fault, call))
        {
            return;
        }

        await next(context);
    }

    private static string? Provider(PathString path) => FaultTable.Providers.FirstOrDefault(provider => path.StartsWithSegments("/" + provider, StringComparison.OrdinalIgnoreCase));

    /// <returns>Whether the call is over.</returns>
    private static async Task<bool> HappensAsync(HttpContext context, string provider, Fault fault, long call)
    {
        if (fault.Refuse)
        {
            context.Abort();
            return true;
        }

        if (fault.Hang)
        {
            await WaitForEverAsync(context);
            return true;
        }

        if (fault.LatencyMs is { } latency && FaultTable.Falls(call, fault.LatencyRate ?? 1))
        {
            await Task.Delay(latency, context.RequestAborted);
        }

        if ((fault.Status is not null || fault.Reason is not null || fault.ErrorRate is not null) && FaultTable.Falls(call, fault.ErrorRate ?? 1))
        {
            if (fault.RetryAfter is { } seconds)
            {
                context.Response.Headers.RetryAfter = seconds.ToString(System.Globalization.CultureInfo.InvariantCulture);
            }

            if (fault.Reason is { } reason)
            {
                await FaultReasons.WriteAsync(context, provider, reason);
                return true;
            }

            await ErrorBodies.WriteAsync(context, provider, fault.Status ?? StatusCodes.Status500InternalServerError, "An emulated fault, set with PUT /_faults.");
            return true;
        }

        return false;
    }

    /// <summary>Until the caller leaves.</summary>
    public static async Task WaitForEverAsync(HttpContext context)
    {
        try
        {
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        }
        catch (OperationCanceledException)
        {
            // The caller has had enough, which is what was waited for.
        }
    }
}
