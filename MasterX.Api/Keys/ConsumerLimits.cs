using System.Collections.Concurrent;
using System.Globalization;
using System.Threading.RateLimiting;
using MasterX.Api.Projects;
using MasterX.ServiceDefaults.Sharing;
using Microsoft.AspNetCore.RateLimiting;

namespace MasterX.Api.Keys;

/// <summary>
/// Calls per minute and at once, of a key and of its project, as each of them says: both have to let a call in. Nothing is queued. Where there is Redis, all replicas count
/// together (<see cref="SharedConsumerLimits"/>), else each for itself. What is counted of a key is thrown away once there is nothing in it: one
/// timer sees to that for all of them. Callers are told how they stand with every answer: <c>RateLimit-Limit</c>, <c>-Remaining</c> and <c>-Reset</c> (seconds until there is one more),
/// named as in draft-ietf-httpapi-ratelimit-headers-06.
/// </summary>
internal sealed class ConsumerLimits : PartitionedRateLimiter<HttpContext>
{
    private static readonly TimeSpan SweepPause = TimeSpan.FromMinutes(1);

    /// <summary>When a place among the calls at once is free, nobody knows; this is when asking again is worth it.</summary>
    private const int ConcurrencyWait = 1;

    /// <summary>For requests of nobody, and of keys without limits.</summary>
    private static readonly Lease Unlimited = new(null, null, null, Admission.Admitted, null);

    /// <summary>For who has to be asked for in Redis: the middleware then asks again, and waits.</summary>
    private static readonly Lease Undecided = new(null, null, null, Admission.Gone, null);

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
        var lease = (Lease)context.Lease;
        var (by, whose) = (lease.RefusedBy!, lease.RefusedBy is Project ? "project" : "key");
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
                    ? $"The {whose} allows {by.RequestsPerMinute} requests per minute. Come back after the time in Retry-After."
                    : $"The {whose} allows {by.MaxConcurrency} calls at once. Wait for one of them to end.",
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
        if (resource.Features.Get<Consumer>() is not { } consumer || (!IsLimited(consumer.Key) && !IsLimited(consumer.Project)))
        {
            return Unlimited;
        }

        if (_shared is not null)
        {
            return Undecided;
        }

        var second = Second;
        Standing? shared = null;
        KeyLimits? over = null;
        Allowance refusedBy = consumer.Key;
        var admission = Enter(consumer.Key, second, out var own, out var standing);
        if (admission == Admission.Admitted && IsLimited(consumer.Project))
        {
            refusedBy = consumer.Project!;
            admission = Enter(refusedBy, second, out over, out shared);
            if (admission != Admission.Admitted)
            {
                own?.TakeBack();
                (own, over) = (null, null);
            }
        }

        // Of two the one that is nearer to its end; of a refusal the one that refuses.
        if (shared is not null && (standing is null || admission != Admission.Admitted || shared.Remaining < standing.Remaining))
        {
            standing = shared;
        }

        TellLater(resource.Response, standing);
        return admission == Admission.Admitted ? new Lease(own, over, standing, admission, null) : new Lease(null, null, standing, admission, refusedBy);
    }

    private static bool IsLimited(Allowance? allowance) => allowance is { RequestsPerMinute: not null } or { MaxConcurrency: not null };

    /// <param name="allowance">Of a key, or a project.</param>
    /// <param name="second">Now.</param>
    /// <param name="entered">Where the call has its place, if it has one.</param>
    /// <param name="standing">Afterwards.</param>
    private Admission Enter(Allowance allowance, long second, out KeyLimits? entered, out Standing? standing)
    {
        (entered, standing) = (null, null);
        if (!IsLimited(allowance))
        {
            return Admission.Admitted;
        }

        var id = (allowance.Id, allowance.RequestsPerMinute, allowance.MaxConcurrency);
        while (true)
        {
            var limits = _limits.GetOrAdd(id, static id => new KeyLimits(id.RequestsPerMinute, id.MaxConcurrency));
            var admission = limits.TryEnter(second, out standing);
            if (admission == Admission.Gone)
            {
                _limits.TryRemove(new(id, limits));
                continue;
            }

            entered = admission == Admission.Admitted ? limits : null;
            return admission;
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
        var consumer = resource.Features.Get<Consumer>()!;
        var (own, over) = (LinesOf(consumer.Key), LinesOf(consumer.Project));
        SharedLine[] lines = [.. own, .. over];
        var entry = await shared.EnterAsync(lines);
        Standing? standing = null;
        for (var i = 0; i < lines.Length; i++)
        {
            // Of two the one that is nearer to its end; of a refusal the one that refuses.
            if (lines[i].Limit is SharedWindow window && entry.Standing(i) is var now && (standing is null || entry.Refused == i || (now.Left < standing.Remaining && entry.IsAdmitted)))
            {
                standing = new((int)window.Limit, (int)now.Left, (int)Math.Ceiling((entry.Refused == i ? entry.Wait : now.UntilMore).TotalSeconds));
            }
        }

        TellLater(resource.Response, standing);
        if (entry.IsAdmitted)
        {
            return new Lease(null, null, standing, Admission.Admitted, null) { Entry = entry };
        }

        var admission = lines[entry.Refused].Limit is SharedPlaces ? Admission.TooManyAtOnce : Admission.TooManyPerMinute;
        return new Lease(null, null, standing, admission, entry.Refused < own.Length ? consumer.Key : consumer.Project);

        SharedLine[] LinesOf(Allowance? allowance) => allowance is null ? [] : shared.LinesOf(allowance.Id, allowance.RequestsPerMinute, allowance.MaxConcurrency);
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
    private sealed class Lease(KeyLimits? own, KeyLimits? over, Standing? standing, Admission admission, Allowance? refusedBy) : RateLimitLease
    {
        private KeyLimits? _own = own, _over = over;

        /// <summary>The key, or the project, that does not let it in.</summary>
        public Allowance? RefusedBy => refusedBy;

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
            Interlocked.Exchange(ref _own, null)?.Leave();
            Interlocked.Exchange(ref _over, null)?.Leave();
            Entry?.Leave();
            base.Dispose(disposing);
        }
    }
}
