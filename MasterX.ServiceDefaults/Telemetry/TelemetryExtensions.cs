using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using MasterX.ServiceDefaults.Http;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;

namespace MasterX.ServiceDefaults.Telemetry;

/// <summary>OpenTelemetry logs, metrics and traces; exported by OTLP when <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> is set, metrics also at <c>/metrics</c>.</summary>
internal static class TelemetryExtensions
{
    private static readonly string[] Quiet = ["/health", "/alive", "/metrics", "/calls", "/quote"];

    /// <summary>Set where somebody who is told of log lines learns of their request by a scope.</summary>
    private const string ScopeSetting = "Logging:RequestScopes";

    public static void AddTelemetry(this IHostApplicationBuilder builder)
    {
        builder.AddConsoleLog();
        builder.Services.AddSingleton<HttpServerMetrics>();
        var telemetry = builder.Services.AddOpenTelemetry()
            .WithMetrics(metrics => metrics
                // ASP.NET Core measures by itself; the instrumentation package would add a middleware to every request on top. Routing and rate limiting measure what the requests'
                // own metrics tell as well, by route and status.
                .AddMeter("Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "Microsoft.AspNetCore.Diagnostics")
                .AddHttpClientInstrumentation()
                .AddRuntimeInstrumentation()
                .AddMeter("MasterX.*")
                .AddPrometheusExporter());

        // Metrics can be read at /metrics; logs and traces that nobody receives would only cost time.
        if (string.IsNullOrWhiteSpace(builder.Configuration["OTEL_EXPORTER_OTLP_ENDPOINT"]))
        {
            return;
        }

        builder.Configuration[ScopeSetting] = bool.TrueString;
        builder.Logging.AddOpenTelemetry(logging =>
        {
            logging.IncludeFormattedMessage = true;
            logging.IncludeScopes = true;
        });
        telemetry
            .WithTracing(tracing => tracing
                .AddSource(builder.Environment.ApplicationName)
                .AddSource("MasterX.*")
                .AddSource("MongoDB.Driver")
                .AddAspNetCoreInstrumentation(web => web.Filter = context => !IsQuiet(context.Request.Path))
                .AddHttpClientInstrumentation(http => http.EnrichWithHttpRequestMessage = UrlTemplate.Describe)
                .AddProcessor<QuietChildren>())
            .UseOtlpExporter();
    }

    /// <summary>Whether log lines need a scope to tell which request they belong to.</summary>
    public static bool WantsScopes(this IConfiguration configuration) => bool.TryParse(configuration[ScopeSetting], out var wanted) && wanted;

    /// <summary>Whether a path is a probe's, or of the services' bookkeeping among themselves: asked for every few seconds, and of no interest in a log or a trace.</summary>
    public static bool IsQuiet(Microsoft.AspNetCore.Http.PathString path) => Array.Exists(Quiet, quiet => path.StartsWithSegments(quiet));

    /// <summary>For people in Development, or when someone chose a formatter; else one JSON object per line, for collectors.</summary>
    private static void AddConsoleLog(this IHostApplicationBuilder builder)
    {
        builder.Logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning);

        // With this category on, hosting makes an activity and a log scope for every request, traced or not. A traced request has its activity all the same.
        builder.Logging.AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.None);
        builder.Logging.AddFilter("System.Net.Http.HttpClient", LogLevel.Warning);
        builder.Logging.AddFilter("Polly", LogLevel.Warning);

        // The console is written by one thread from a bounded queue. When whoever reads it is too slow, lines are dropped, and the logger itself says how many;
        // by default every request would wait for the reader.
        builder.Services.Configure<ConsoleLoggerOptions>(console =>
        {
            console.MaxQueueLength = 10_000;
            console.QueueFullMode = ConsoleLoggerQueueFullMode.DropWrite;
        });
        if (builder.Environment.IsDevelopment() || builder.Configuration["Logging:Console:FormatterName"] is not null)
        {
            builder.Configuration[ScopeSetting] = bool.TrueString;
            builder.Logging.AddSimpleConsole(console => (console.SingleLine, console.IncludeScopes) = (true, true));
        }
        else
        {
            builder.Services.AddSingleton<ConsoleFormatter, JsonLinesFormatter>();
            builder.Logging.AddConsole(console => console.FormatterName = JsonLinesFormatter.FormatterName);
        }
    }
}
