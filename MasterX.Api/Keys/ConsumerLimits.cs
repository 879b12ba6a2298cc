using System.Collections.Concurrent;
using System.Globalization;
using System.Threading.RateLimiting;
using Microsoft.AspNetCore.RateLimiting;

namespace MasterX.Api.Keys;

/// <summary>
/// Calls per minute and at once, per key and as the key says; nothing is queued, and each replica counts for itself. The limiters are the framework's; which of them is a request's is
/// known from its key, without the lock and the dictionary of <c>PartitionedRateLimiter.Create</c>. Callers are told what is left: <c>RateLimit-Limit</c>, <c>-Remaining</c> and
/// <c>-Reset</c> (seconds), as draft-ietf-httpapi-ratelimit-headers-06 names them.
/// </summary>
internal sealed class ConsumerLimits : PartitionedRateLimiter<HttpContext>
{
    /// <summary>When a place among the calls at once is free, nobody knows; this is when asking again is worth it.</summary>
    private static readonly TimeSpan ConcurrencyWait = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    /// <summary>For requests of nobody, and of keys without limits.</summary>
    private static readonly RateLimitLease Unlimited = new UnlimitedLease();

    private readonly ConcurrentDictionary<(string Id, int? RequestsPerMinute, int? MaxConcurrency), Limits> _limits = new();

    public override RateLimiterStatistics? GetStatistics(HttpContext resource) => Of(resource)?.Requests?.GetStatistics();

    public static ValueTask RefuseAsync(OnRejectedContext context, CancellationToken cancellationToken)
    {
        var http = context.HttpContext;
        var key = http.Consumer();
        var perMinute = context.Lease is PerMinuteRefusal;
        http.Response.Headers.RetryAfter = (perMinute ? Window : ConcurrencyWait).TotalSeconds.ToString(CultureInfo.InvariantCulture);
        http.Response.StatusCode = StatusCodes.Status429TooManyRequests;
        return new(http.RequestServices.GetRequiredService<IProblemDetailsService>().TryWriteAsync(new ProblemDetailsContext
        {
            HttpContext = http,
            ProblemDetails =
            {
                Status = StatusCodes.Status429TooManyRequests,
                Detail = perMinute
                    ? $"The key allows {key.RequestsPerMinute} requests per minute. Come back after the time in Retry-After."
                    : $"The key allows {key.MaxConcurrency} calls at once. Wait for one of them to end.",
            },
        }).AsTask());
    }

    protected override RateLimitLease AttemptAcquireCore(HttpContext resource, int permitCount)
    {
        if (Of(resource) is not { } limits)
        {
            return Unlimited;
        }

        // First a place among those at once: a call that is refused for it costs none of the minute's.
        var place = limits.Concurrency?.AttemptAcquire();
        if (place is { IsAcquired: false })
        {
            return place;
        }

        if (limits.Requests is not { } requests)
        {
            return place ?? Unlimited;
        }

        using var permit = requests.AttemptAcquire();
        var headers = resource.Response.Headers;
        headers["RateLimit-Limit"] = limits.Text;
        headers["RateLimit-Remaining"] = (requests.GetStatistics()?.CurrentAvailablePermits ?? 0).ToString(CultureInfo.InvariantCulture);
        headers["RateLimit-Reset"] = "60";
        if (permit.IsAcquired)
        {
            return place ?? Unlimited;
        }

        place?.Dispose();
        return new PerMinuteRefusal();
    }

    protected override ValueTask<RateLimitLease> AcquireAsyncCore(HttpContext resource, int permitCount, CancellationToken cancellationToken) => new(AttemptAcquireCore(resource, permitCount));

    protected override void Dispose(bool disposing)
    {
        foreach (var limits in _limits.Values)
        {
            limits.Requests?.Dispose();
            limits.Concurrency?.Dispose();
        }

        base.Dispose(disposing);
    }

    private Limits? Of(HttpContext context) => context.Features.Get<Consumer>() is { Key: { } key } && (key.RequestsPerMinute is not null || key.MaxConcurrency is not null)
        ? _limits.GetOrAdd((key.Id, key.RequestsPerMinute, key.MaxConcurrency), static partition => new Limits(partition.RequestsPerMinute, partition.MaxConcurrency))
        : null;

    private sealed class Limits(int? requestsPerMinute, int? maxConcurrency)
    {
        public string? Text { get; } = requestsPerMinute?.ToString(CultureInfo.InvariantCulture);

        public RateLimiter? Requests { get; } = requestsPerMinute is { } limit
            ? new SlidingWindowRateLimiter(new SlidingWindowRateLimiterOptions { PermitLimit = limit, Window = Window, SegmentsPerWindow = 60 })
            : null;

        public RateLimiter? Concurrency { get; } = maxConcurrency is { } most ? new ConcurrencyLimiter(new ConcurrencyLimiterOptions { PermitLimit = most }) : null;
    }

    private class UnlimitedLease : RateLimitLease
    {
        public override bool IsAcquired => true;

        public override IEnumerable<string> MetadataNames => [];

        public override bool TryGetMetadata(string metadataName, out object? metadata)
        {
            metadata = null;
            return false;
        }
    }

    private sealed class PerMinuteRefusal : UnlimitedLease
    {
        public override bool IsAcquired => false;
    }
}
