using System.Net.Http.Headers;
using MasterX.Api.Ai;
using MasterX.ServiceDefaults.Configuration;
using MasterX.ServiceDefaults.Startup;

namespace MasterX.Api.Calls;

/// <summary>Sets up the booking of calls.</summary>
internal static class CallServices
{
    /// <summary>What an answer says of the budget: US dollars that are left beside the calls under way.</summary>
    public const string LeftHeader = "x-masterx-budget-left-usd";

    /// <summary>Left of the host's limit to tell the callers of streams, and to book them; longer than the gateway's, which is asked what they have spent.</summary>
    private static readonly TimeSpan ShutdownReserve = TimeSpan.FromSeconds(5);

    public static void AddCalls(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton(services => ActivatorUtilities.CreateInstance<ShutdownDeadline>(services, ShutdownReserve));
        builder.Services.AddExceptionHandler<CallRefusedHandler>();
        builder.Services.AddSingleton<GatewayCalls>();
        builder.Services.AddSingleton<Expectations>();
        builder.Services.AddSingleton<CallBook>();
        builder.Services.AddSingleton<BudgetWebhook>();
        builder.Services.AddHostedService(services => services.GetRequiredService<BudgetWebhook>());
        builder.Services.AddSingleton<IConfigurationRule, BudgetWebhook.Rule>();
        builder.Services.AddSingleton<BudgetWatch>();
        builder.Services.AddHostedService(services => services.GetRequiredService<BudgetWatch>());
        builder.Services.AddSingleton<CallCollector>();
        builder.Services.AddHostedService(services => services.GetRequiredService<CallCollector>());

        // Asked behind callers' backs, and again and again: no line for each, no try beside those of the one who asks.
        var client = builder.Services.AddHttpClient(AiServices.GatewayAccountsClientName, (services, client) =>
            {
                client.BaseAddress = new Uri(AiServices.GatewayAddress);
                client.Timeout = TimeSpan.FromSeconds(5);
                client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", services.GetRequiredService<IConfiguration>()["Gateway:Token"]);
            })
            .ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler
            {
                UseProxy = false,
                ConnectTimeout = TimeSpan.FromSeconds(2),
                PooledConnectionLifetime = TimeSpan.FromSeconds(30),

                // No span for what is nobody's request.
                ActivityHeadersPropagator = null,
            })
            .SetHandlerLifetime(Timeout.InfiniteTimeSpan)
            .RemoveAllLoggers();
#pragma warning disable EXTEXP0001 // What is asked for is asked for again by the one who needs it.
        client.RemoveAllResilienceHandlers();
        builder.Services.AddHttpClient(BudgetWebhook.ClientName, client => client.Timeout = BudgetWebhook.Patience)
            .ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler { AllowAutoRedirect = false, PooledConnectionLifetime = TimeSpan.FromMinutes(5) })
            .RemoveAllLoggers()
            .RemoveAllResilienceHandlers();
#pragma warning restore EXTEXP0001
    }

    /// <summary>Tells what is left of a budget, before an answer begins.</summary>
    public static void WriteLeft(this HttpResponse response, OpenedCall opened)
    {
        if (opened.LeftUsd is { } left)
        {
            response.Headers[LeftHeader] = Math.Max(0, left).ToString("0.############", System.Globalization.CultureInfo.InvariantCulture);
        }
    }
}
