using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace MasterX.ServiceDefaults.Telemetry;

/// <summary>
/// The plan's two metrics, beside OpenTelemetry's own: <c>http_requests_total{method,endpoint,status}</c> and <c>http_request_duration_seconds</c>.
/// <c>endpoint</c> is the route's template, never the raw path, so that the number of series is bounded.
/// </summary>
public sealed class HttpServerMetrics : IDisposable
{
    /// <summary>Label of a request that no route matched.</summary>
    public const string Unmatched = "(unmatched)";

    private readonly Meter _meter;
    private readonly Counter<long> _requests;
    private readonly Histogram<double> _duration;

    /// <summary>Creates the instruments.</summary>
    public HttpServerMetrics(IMeterFactory meters)
    {
        _meter = meters.Create("MasterX.Http");

        // The Prometheus exporter adds _total to counters and _seconds to the unit s.
        _requests = _meter.CreateCounter<long>("http_requests", description: "HTTP requests answered.");
        _duration = _meter.CreateHistogram(
            "http_request_duration", "s", "Time from a request's first byte to the end of its answer.",
            advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60] });
    }

    /// <summary>Counts an answered request.</summary>
    /// <param name="method">HTTP method; unknown ones count as <c>_OTHER</c>.</param>
    /// <param name="endpoint">Route template, or <see cref="Unmatched"/>.</param>
    /// <param name="status">100 to 599.</param>
    /// <param name="elapsed">Of the whole request.</param>
    public void Answered(string method, string endpoint, int status, TimeSpan elapsed)
    {
        var tags = new TagList
        {
            { "method", KnownMethod(method) },
            { "endpoint", endpoint },
            { "status", BoxedStatus(status) },
        };
        _requests.Add(1, tags);
        _duration.Record(elapsed.TotalSeconds);
    }

    /// <inheritdoc />
    public void Dispose() => _meter.Dispose();

    private static string KnownMethod(string method) =>
        method is "GET" or "POST" or "PUT" or "PATCH" or "DELETE" or "HEAD" or "OPTIONS" ? method : "_OTHER";

    /// <summary>Boxing a status on every request would be garbage; there are few of them.</summary>
    private static object BoxedStatus(int status) => Boxed[Math.Clamp(status, 0, Boxed.Length - 1)];

    private static readonly object[] Boxed = [.. Enumerable.Range(0, 600).Select(status => (object)status)];
}
