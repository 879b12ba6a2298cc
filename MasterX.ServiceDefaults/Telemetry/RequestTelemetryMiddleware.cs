using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;

namespace MasterX.ServiceDefaults.Telemetry;

/// <summary>One structured log line and one measurement per request. Paths are logged as route templates: a raw path can carry anything.</summary>
internal sealed partial class RequestTelemetryMiddleware(RequestDelegate next, HttpServerMetrics metrics, TimeProvider time, ILoggerFactory loggers, IConfiguration configuration)
{
    /// <summary>The status of a request whose client left before the answer, as nginx writes it.</summary>
    private const int ClientClosedRequest = 499;

    /// <summary>Category of the request log, to be set apart by <c>Logging:LogLevel:MasterX.Request</c>.</summary>
    private const string Category = "MasterX.Request";

    private readonly ILogger _logger = loggers.CreateLogger(Category);

    /// <summary>The JSON lines know a request by themselves, and cheaper; everybody else is told by a scope.</summary>
    private readonly bool _scoped = configuration.WantsScopes();

    public async Task InvokeAsync(HttpContext context)
    {
        var identity = RequestIdentity.Begin(context);
        using var scope = _scoped ? _logger.BeginScope(identity) : null;
        var begun = time.GetTimestamp();
        var endpoint = (context.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText ?? HttpServerMetrics.Unmatched;
        var status = StatusCodes.Status500InternalServerError;
        try
        {
            await next(context);
            status = context.RequestAborted.IsCancellationRequested && !context.Response.HasStarted
                ? ClientClosedRequest
                : context.Response.StatusCode;
        }
        finally
        {
            var elapsed = time.GetElapsedTime(begun);
            metrics.Answered(context.Request.Method, endpoint, status, elapsed);
            if (!TelemetryExtensions.IsQuiet(context.Request.Path))
            {
                LogRequest(_logger, context.Request.Method, endpoint, status, elapsed.TotalMilliseconds);
            }
        }
    }

    [LoggerMessage(10, LogLevel.Information, "api_request {Method} {Endpoint} {StatusCode} in {ElapsedMs:0.0} ms")]
    private static partial void LogRequest(ILogger logger, string method, string endpoint, int statusCode, double elapsedMs);
}
