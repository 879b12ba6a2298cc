using System.Net.Http.Headers;
using MasterX.ServiceDefaults.Configuration;
using MasterX.ServiceDefaults.Resilience;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace MasterX.Api.Ai;

/// <summary>Sets up the way to the AI gateway.</summary>
internal static class AiServices
{
    public const string GatewayClientName = "aigateway";

    /// <summary>The client that asks for accounts.</summary>
    public const string GatewayAccountsClientName = "aigateway-accounts";

    /// <summary>The client that forwards, untouched, what others ask.</summary>
    public const string ForwardingClientName = "aigateway-forward";

    /// <summary>Service discovery finds it by the variables <c>services__aigateway__{scheme}__0</c>, HTTPS first.</summary>
    public const string GatewayAddress = "https+http://aigateway";

    /// <summary>Longer than the gateway's own total limit, so that it is the gateway that says what happened.</summary>
    private static readonly TimeSpan GatewayTimeout = TimeSpan.FromMinutes(11);

    public static void AddAi(this WebApplicationBuilder builder)
    {
        builder.AddRequiredSetting(new("Gateway:Token", "the token of the AI gateway, the same as the gateway's own", "a random string of 32 characters"));
        builder.Services.AddSingleton<IConfigurationRule, GatewayAddressRule>();
        builder.Services.AddExceptionHandler<GatewayUnavailableHandler>();
        builder.Services.AddHttpClient(GatewayClientName, (services, client) =>
            {
                client.BaseAddress = new Uri(GatewayAddress);
                client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", services.GetRequiredService<IConfiguration>()["Gateway:Token"]);
            })
            // A proxy of the environment is for what is outside.
            .ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler { UseProxy = false, PooledConnectionLifetime = TimeSpan.FromMinutes(5) })
            .AddModelCallResilience(GatewayTimeout)
            .AddTypedClient<GatewayClient>();
        builder.Services.AddTransient<Generator>();
        builder.Services.AddHealthChecks().Add(new HealthCheckRegistration(
            "ai_providers", services => new AiProvidersHealthCheck(services.GetRequiredService<IHttpClientFactory>()), HealthStatus.Degraded, tags: null, timeout: TimeSpan.FromSeconds(2)));
    }

    private sealed class GatewayAddressRule(IConfiguration configuration) : IConfigurationRule
    {
        public IEnumerable<string> FindProblems() =>
            configuration.GetSection("services:aigateway").GetChildren().Any()
                ? []
                : ["services__aigateway__http__0 (or …https__0) is missing: where the AI gateway is. Example: services__aigateway__http__0=http://localhost:5081"];
    }
}
