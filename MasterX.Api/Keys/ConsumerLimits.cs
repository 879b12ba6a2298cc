using System.Globalization;
using System.Threading.RateLimiting;
using Microsoft.AspNetCore.RateLimiting;

namespace MasterX.Api.Keys;

/// <summary>Calls per minute and at once, per key and as the key says; nothing is queued. Each replica counts for itself.</summary>
internal sealed class ConsumerLimits : IAsyncDisposable
{
    /// <summary>When a place among the calls at once is free, nobody knows; this is when asking again is worth it.</summary>
    private static readonly TimeSpan ConcurrencyWait = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    private readonly PartitionedRateLimiter<HttpContext> _requests = PartitionedRateLimiter.Create<HttpContext, (string, int)>(context =>
        KeyOf(context) is { RequestsPerMinute: { } limit } key
            ? RateLimitPartition.GetSlidingWindowLimiter((key.Id, limit), static partition => new SlidingWindowRateLimiterOptions
            {
                PermitLimit = partition.Item2,
                Window = Window,
                SegmentsPerWindow = 60,
            })
            : RateLimitPartition.GetNoLimiter(("", 0)));

    private readonly PartitionedRateLimiter<HttpContext> _concurrency = PartitionedRateLimiter.Create<HttpContext, (string, int)>(context =>
        KeyOf(context) is { MaxConcurrency: { } limit } key
            ? RateLimitPartition.GetConcurrencyLimiter((key.Id, limit), static partition => new ConcurrencyLimiterOptions { PermitLimit = partition.Item2 })
            : RateLimitPartition.GetNoLimiter(("", 0)));

    // A call that is refused for those at once costs none of the minute's.
    public ConsumerLimits() => Limiter = PartitionedRateLimiter.CreateChained(_concurrency, _requests);

    public PartitionedRateLimiter<HttpContext> Limiter { get; }

    /// <summary>Calls left to the caller in this minute.</summary>
    public long RequestsLeft(HttpContext context) => _requests.GetStatistics(context)?.CurrentAvailablePermits ?? 0;

    public static async ValueTask RefuseAsync(OnRejectedContext context, CancellationToken cancellationToken)
    {
        var http = context.HttpContext;
        var key = http.Consumer();
        var perMinute = key.RequestsPerMinute is not null && http.RequestServices.GetRequiredService<ConsumerLimits>().RequestsLeft(http) == 0;
        http.Response.Headers.RetryAfter = (perMinute ? Window : ConcurrencyWait).TotalSeconds.ToString(CultureInfo.InvariantCulture);
        http.Response.StatusCode = StatusCodes.Status429TooManyRequests;
        await http.RequestServices.GetRequiredService<IProblemDetailsService>().TryWriteAsync(new ProblemDetailsContext
        {
            HttpContext = http,
            ProblemDetails =
            {
                Status = StatusCodes.Status429TooManyRequests,
                Detail = perMinute
                    ? $"The key allows {key.RequestsPerMinute} requests per minute. Come back after the time in Retry-After."
                    : $"The key allows {key.MaxConcurrency} calls at once. Wait for one of them to end.",
            },
        });
    }

    public async ValueTask DisposeAsync()
    {
        await Limiter.DisposeAsync();
        await _requests.DisposeAsync();
        await _concurrency.DisposeAsync();
    }

    private static ConsumerKey? KeyOf(HttpContext context) => context.Features.Get<Consumer>()?.Key;
}

/// <summary>Tells a caller whose key has a limit how much of it is left: <c>RateLimit-Limit</c>, <c>-Remaining</c> and <c>-Reset</c> (seconds), as draft-ietf-httpapi-ratelimit-headers-06 names them.</summary>
internal sealed class ConsumerLimitHeaders(RequestDelegate next, ConsumerLimits limits)
{
    public Task InvokeAsync(HttpContext context)
    {
        if (context.Features.Get<Consumer>() is { Key.RequestsPerMinute: { } limit })
        {
            context.Response.OnStarting(
                static state =>
                {
                    var (context, limits, limit) = ((HttpContext, ConsumerLimits, int))state;
                    var headers = context.Response.Headers;
                    headers["RateLimit-Limit"] = limit.ToString(CultureInfo.InvariantCulture);
                    headers["RateLimit-Remaining"] = limits.RequestsLeft(context).ToString(CultureInfo.InvariantCulture);
                    headers["RateLimit-Reset"] = "60";
                    return Task.CompletedTask;
                },
                (context, limits, limit));
        }

        return next(context);
    }
}
