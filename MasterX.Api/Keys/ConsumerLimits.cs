using System.Collections.Concurrent;
using System.Globalization;
using System.Threading.RateLimiting;
using MasterX.ServiceDefaults.Sharing;
using Microsoft.AspNetCore.RateLimiting;

namespace MasterX.Api.Keys;

/// <summary>
/// Calls per minute and at once, per key and as the key says; nothing is queued. Where there is Redis, all replicas count together
/// (<see cref="SharedConsumerLimits"/>), else each for itself. What is counted of a key is thrown away once there is nothing in it: one
/// timer sees to that for all of them. Callers are told how they stand with every answer: <c>RateLimit-Limit</c>, <c>-Remaining</c> and <c>-Reset</c> (seconds until there is one more),
/// named as in draft-ietf-httpapi-ratelimit-headers-06.
/// </summary>
internal sealed class ConsumerLimits : PartitionedRateLimiter<HttpContext>
{
    private static readonly TimeSpan SweepPause = TimeSpan.FromMinutes(1);

    /// <summary>When a place among the calls at once is free, nobody knows; this is when asking again is worth it.</summary>
    private const int ConcurrencyWait = 1;

    /// <summary>For requests of nobody, and of keys without limits.</summary>
    private static readonly Lease Unlimited = new(null, null, Admission.Admitted);

    /// <summary>For who has to be asked for in Redis: the middleware then asks again, and waits.</summary>
    private static readonly Lease Undecided = new(null, null, Admission.Gone);

    private readonly ConcurrentDictionary<(string Id, int? RequestsPerMinute, int? MaxConcurrency), KeyLimits> _limits = new();
    private readonly TimeProvider _time;
    private readonly SharedConsumerLimits? _shared;
    private readonly ITimer _sweep;

    public ConsumerLimits(TimeProvider time, SharedLimits? shared = null)
    {
        _time = time;
        _shared = shared is null ? null : new SharedConsumerLimits(shared);
        using (ExecutionContext.SuppressFlow())
        {
            _sweep = time.CreateTimer(static limits => ((ConsumerLimits)limits!).Sweep(), this, SweepPause, SweepPause);
        }
    }

    /// <summary>Keys of which something is counted.</summary>
    internal int Count => _limits.Count + (_shared?.Count ?? 0);

    private long Second => _time.GetTimestamp() / _time.TimestampFrequency;

    public override RateLimiterStatistics? GetStatistics(HttpContext resource) => null;

    public static ValueTask RefuseAsync(OnRejectedContext context, CancellationToken cancellationToken)
    {
        var http = context.HttpContext;
        var key = http.Consumer();
        var lease = (Lease)context.Lease;
        var perMinute = lease.Admission == Admission.TooManyPerMinute;
        http.Response.Headers.RetryAfter = (perMinute ? lease.Standing!.Reset : ConcurrencyWait).ToString(CultureInfo.InvariantCulture);
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

    /// <summary>Throws away what is counted of keys that have asked for nothing in the last minute.</summary>
    internal void Sweep()
    {
        _shared?.Sweep();
        var second = Second;
        foreach (var known in _limits)
        {
            if (known.Value.TryRetire(second))
            {
                _limits.TryRemove(known);
            }
        }
    }

    protected override RateLimitLease AttemptAcquireCore(HttpContext resource, int permitCount)
    {
        if (resource.Features.Get<Consumer>() is not { Key: { } key } || (key.RequestsPerMinute is null && key.MaxConcurrency is null))
        {
            return Unlimited;
        }

        if (_shared is not null)
        {
            return Undecided;
        }

        var (id, second) = ((key.Id, key.RequestsPerMinute, key.MaxConcurrency), Second);
        while (true)
        {
            var limits = _limits.GetOrAdd(id, static id => new KeyLimits(id.RequestsPerMinute, id.MaxConcurrency));
            var admission = limits.TryEnter(second, out var standing);
            if (admission == Admission.Gone)
            {
                _limits.TryRemove(new(id, limits));
                continue;
            }

            TellLater(resource.Response, standing);
            return new Lease(admission == Admission.Admitted ? limits : null, standing, admission);
        }
    }

    protected override ValueTask<RateLimitLease> AcquireAsyncCore(HttpContext resource, int permitCount, CancellationToken cancellationToken) =>
        AttemptAcquireCore(resource, permitCount) is var lease && ReferenceEquals(lease, Undecided) ? AcquireSharedAsync(resource, _shared!) : new(lease);

    protected override void Dispose(bool disposing)
    {
        _sweep.Dispose();
        base.Dispose(disposing);
    }

    private static async ValueTask<RateLimitLease> AcquireSharedAsync(HttpContext resource, SharedConsumerLimits shared)
    {
        var key = resource.Consumer();
        var lines = shared.LinesOf(key.Id, key.RequestsPerMinute, key.MaxConcurrency);
        var entry = await shared.EnterAsync(lines);
        Standing? standing = null;
        for (var i = 0; i < lines.Length; i++)
        {
            if (lines[i].Limit is SharedWindow window)
            {
                var now = entry.Standing(i);
                standing = new((int)window.Limit, (int)now.Left, (int)Math.Ceiling((entry.Refused == i ? entry.Wait : now.UntilMore).TotalSeconds));
            }
        }

        TellLater(resource.Response, standing);
        return new Lease(null, standing, entry.IsAdmitted ? Admission.Admitted : lines[entry.Refused].Limit is SharedPlaces ? Admission.TooManyAtOnce : Admission.TooManyPerMinute)
        {
            Entry = entry.IsAdmitted ? entry : null,
        };
    }

    private static void TellLater(HttpResponse response, Standing? standing)
    {
        if (standing is not null)
        {
            // When the answer starts: whoever answers with an error begins by clearing all headers.
            response.OnStarting(static state => TellAsync((Told)state), new Told(response, standing));
        }
    }

    private static Task TellAsync(Told told)
    {
        var (headers, standing) = (told.Response.Headers, told.Standing);
        headers["RateLimit-Limit"] = standing.Limit.ToString(CultureInfo.InvariantCulture);
        headers["RateLimit-Remaining"] = standing.Remaining.ToString(CultureInfo.InvariantCulture);
        headers["RateLimit-Reset"] = standing.Reset.ToString(CultureInfo.InvariantCulture);
        return Task.CompletedTask;
    }

    private sealed record Told(HttpResponse Response, Standing Standing);

    /// <summary>A place, or the lack of one.</summary>
    private sealed class Lease(KeyLimits? limits, Standing? standing, Admission admission) : RateLimitLease
    {
        private KeyLimits? _limits = limits;

        /// <summary>Where the limits are shared.</summary>
        public SharedEntry? Entry { get; init; }

        public Standing? Standing => standing;

        public Admission Admission => admission;

        public override bool IsAcquired => admission == Admission.Admitted;

        public override IEnumerable<string> MetadataNames => [];

        public override bool TryGetMetadata(string metadataName, out object? metadata)
        {
            metadata = null;
            return false;
        }

        protected override void Dispose(bool disposing)
        {
            Interlocked.Exchange(ref _limits, null)?.Leave();
            Entry?.Leave();
            base.Dispose(disposing);
        }
    }
}
