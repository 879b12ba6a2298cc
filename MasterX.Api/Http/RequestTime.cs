using Microsoft.AspNetCore.Http.Timeouts;

namespace MasterX.Api.Http;

/// <summary>How long a request may take: 30 s, database and all; endpoints that a model answers say <c>DisableRequestTimeout</c>, and take as long as the gateway lets them.</summary>
internal static class RequestTime
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    public static void AddRequestTime(this WebApplicationBuilder builder) => builder.Services.AddRequestTimeouts(timeouts => timeouts.DefaultPolicy = new RequestTimeoutPolicy
    {
        Timeout = Limit,
        TimeoutStatusCode = StatusCodes.Status504GatewayTimeout,
    });
}
