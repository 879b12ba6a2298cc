using MasterX.ServiceDefaults.Startup;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;

namespace MasterX.ServiceDefaults.Health;

/// <summary>
/// The health endpoints, in every environment:
/// <list type="table">
/// <item><term><c>/health/live</c>, <c>/alive</c></term><description>200 while the process answers. Nothing outside it is asked, so that a dead database never has healthy services killed.</description></item>
/// <item><term><c>/health/ready</c></term><description>200 when the service can take work, else 503, with the checks tagged <see cref="HealthTags.Ready"/>.</description></item>
/// <item><term><c>/health</c></term><description>Every check: 200 when healthy or degraded, 503 when unhealthy.</description></item>
/// </list>
/// Why a check fails is told on the port for operators, where there is one (<c>Management:Port</c>); else only in Development and to authenticated callers.
/// </summary>
internal static class HealthExtensions
{
    public static void AddHealth(this IHostApplicationBuilder builder)
    {
        builder.Services.AddSingleton<HealthReporter>();
        builder.Services.AddHealthChecks()
            .Add(new HealthCheckRegistration("memory", _ => new MemoryHealthCheck(), HealthStatus.Degraded, tags: null))
            .Add(new HealthCheckRegistration("disk", services => new DiskHealthCheck(services.GetRequiredService<IConfiguration>()), HealthStatus.Degraded, tags: null));
    }

    public static void MapHealthEndpoints(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/health/live", Alive).AllowAnonymous();
        routes.MapGet("/alive", Alive).AllowAnonymous();
        routes.MapGet("/health/ready", context => ReportAsync(context, ready: true)).AllowAnonymous();
        routes.MapGet("/health", context => ReportAsync(context, ready: false)).AllowAnonymous();
    }

    private static Task Alive(HttpContext context)
    {
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync("""{"status":"alive"}""");
    }

    private static async Task ReportAsync(HttpContext context, bool ready)
    {
        var report = await context.RequestServices.GetRequiredService<HealthReporter>().GetAsync(ready, context.RequestAborted);
        context.Response.StatusCode = report.Status == HealthStatus.Unhealthy ? StatusCodes.Status503ServiceUnavailable : StatusCodes.Status200OK;
        context.Response.ContentType = "application/json";
        context.Response.Headers.CacheControl = "no-store";
        await context.Response.BodyWriter.WriteAsync(HealthDocument.Write(report, ready, MaySeeDetail(context)), context.RequestAborted);
    }

    private static bool MaySeeDetail(HttpContext context)
    {
        var services = context.RequestServices;
        return ManagementPort.Of(services.GetRequiredService<IConfiguration>()) is { } port
            ? ManagementPort.IsUsedBy(context, port)
            : services.GetRequiredService<IHostEnvironment>().IsDevelopment() || context.User.Identity?.IsAuthenticated == true;
    }
}
