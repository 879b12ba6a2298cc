using MasterX.AiGateway.Caching;
using MasterX.AiGateway.Calls;
using MasterX.AiGateway.Requests;
using MasterX.AiGateway.Prices;
using MasterX.AiGateway.Providers;
using MasterX.AiGateway.Security;
using MasterX.AiGateway.Streaming;
using MasterX.AiGateway.Telemetry;
using MasterX.ServiceDefaults.Configuration;
using MasterX.ServiceDefaults.Startup;
using OpenTelemetry.Metrics;

namespace MasterX.AiGateway;

/// <summary>Puts the gateway together.</summary>
internal static class GatewayServices
{
    public static void AddGateway(this WebApplicationBuilder builder)
    {
        builder.AddRequiredSetting(new("Gateway:Token", "the bearer token that callers of the gateway present", "a random string of 32 characters"));
        builder.Services.AddSingleton<IConfigurationRule>(new GatewayOptionsRule(builder.Configuration));
        builder.Services.AddSingleton<GatewayConfiguration>();
        builder.Services.AddStartupStep<InitializeProviders>();
        builder.Services.AddSingleton<CallerToken>();
        builder.Services.AddSingleton<ProviderClient>();
        builder.Services.AddSingleton<GatewayMetrics>();
        builder.Services.AddSingleton<PriceList>();
        builder.Services.AddSingleton<CallRecords>();
        builder.Services.AddSingleton<CallEndpoints>();
        builder.Services.AddSingleton<QuoteEndpoint>();
        builder.Services.AddSingleton<AnswerCache>();
        builder.Services.AddSingleton<Translation.ThoughtMemory>();
        builder.Services.AddSingleton<CachedAnswers>();
        builder.Services.AddSingleton<StreamRecordings>();
        builder.Services.AddSingleton<CachedStreaming>();
        builder.Services.AddSingleton<Failover>();
        builder.Services.AddSingleton<Accounting>();
        builder.Services.AddSingleton<AnswerStreaming>();
        builder.Services.AddSingleton(services => ActivatorUtilities.CreateInstance<ShutdownDeadline>(services, Draining.Reserve));
        builder.Services.AddSingleton<Draining>();
        builder.Services.AddSingleton<ModelEndpoint>();
        builder.Services.AddSingleton<ProviderEndpoints>();
        builder.Services.AddSingleton<StoredResponses>();
        builder.Services.AddHostedService<ProviderProber>();
        builder.Services.AddHealthChecks().AddCheck<ProviderHealthCheck>("ai_providers");

        // Calls to providers are measured as attempts, with their outcome; the client's own measurements would say less, at the price of one more per call.
        builder.Services.ConfigureOpenTelemetryMeterProvider(metrics => metrics.AddView(
            instrument => instrument.Meter.Name is "System.Net.Http" or "System.Net.NameResolution" ? MetricStreamConfiguration.Drop : null));

        // The gateway bounds bodies itself, to answer in OpenAI's form.
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = null;
        });
    }

    public static void MapGateway(this WebApplication app)
    {
        // Made on first use: they need a configuration that has been checked, and mapping comes before the check.
        var models = new Lazy<ModelEndpoint>(app.Services.GetRequiredService<ModelEndpoint>);
        var providers = new Lazy<ProviderEndpoints>(app.Services.GetRequiredService<ProviderEndpoints>);
        var responses = new Lazy<StoredResponses>(app.Services.GetRequiredService<StoredResponses>);
        var calls = new Lazy<CallEndpoints>(app.Services.GetRequiredService<CallEndpoints>);
        var quotes = new Lazy<QuoteEndpoint>(app.Services.GetRequiredService<QuoteEndpoint>);

        // Made now: for how long it has been there tells what it could not have missed.
        app.Services.GetRequiredService<CallRecords>();
        var token = new Lazy<CallerToken>(app.Services.GetRequiredService<CallerToken>);
        var draining = app.Services.GetRequiredService<Draining>();
        foreach (var operation in Operation.All)
        {
            app.MapPost($"/v1/{operation.Path}", token.Guard(draining.Refuse(context => models.Value.HandleAsync(context, operation))));
        }

        app.MapGet("/v1/responses/{id}", token.Guard(context => responses.Value.HandleAsync(context, HttpMethod.Get, "")));
        app.MapDelete("/v1/responses/{id}", token.Guard(context => responses.Value.HandleAsync(context, HttpMethod.Delete, "")));
        app.MapPost("/v1/responses/{id}/cancel", token.Guard(context => responses.Value.HandleAsync(context, HttpMethod.Post, "/cancel")));
        app.MapGet("/v1/responses/{id}/input_items", token.Guard(context => responses.Value.HandleAsync(context, HttpMethod.Get, "/input_items")));
        app.MapGet("/v1/models", token.Guard(context => providers.Value.ListModelsAsync(context)));
        app.MapGet("/v1/models/{**id}", token.Guard(context => providers.Value.GetModelAsync(context)));
        app.MapGet("/calls/{id}", token.Guard(context => calls.Value.FindAsync(context)));
        app.MapPost("/calls", token.Guard(context => calls.Value.ReadAsync(context)));
        app.MapGet("/quote", token.Guard(context => quotes.Value.QuoteAsync(context)));
        app.MapGet("/providers", token.Guard(context => providers.Value.ListProvidersAsync(context)));
    }

    private sealed class GatewayOptionsRule(IConfiguration configuration) : IConfigurationRule
    {
        public IEnumerable<string> FindProblems() => GatewayConfiguration.FindProblems(configuration, out _);
    }

    /// <summary>The plan's third step. Taking the configuration as a parameter makes the providers; none is called for it.</summary>
    private sealed class InitializeProviders(GatewayConfiguration configuration, PriceList prices) : IStartupStep
    {
        public string Name => $"initialize the AI providers ({string.Join(", ", configuration.Routes.Providers.Select(provider => provider.Name))})";

        public Task RunAsync(CancellationToken cancellationToken)
        {
            // The catalogue is opened here, and not for the first answer.
            foreach (var candidate in configuration.Routes.Providers.SelectMany(provider => provider.Candidates))
            {
                prices.Of(candidate);
            }

            return Task.CompletedTask;
        }
    }
}
