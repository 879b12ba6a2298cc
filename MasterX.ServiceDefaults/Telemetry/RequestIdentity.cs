using System.Collections;
using System.Diagnostics;
using Microsoft.AspNetCore.Http;

namespace MasterX.ServiceDefaults.Telemetry;

/// <summary>
/// What a request is known by in everything that is written about it: its trace id and, once the caller is known, the id of the caller's key. Traces need a collector; log lines and
/// errors that belong together are found without one.
/// </summary>
public sealed class RequestIdentity : IReadOnlyList<KeyValuePair<string, object?>>
{
    internal const string TraceField = "trace_id", KeyField = "key_id";

    private static readonly AsyncLocal<RequestIdentity?> CurrentRequest = new();

    private readonly ActivityTraceFlags _flags = ActivityTraceFlags.Recorded;

    private RequestIdentity(HttpContext context)
    {
        if (Activity.Current is { } activity)
        {
            TraceId = activity.TraceId.ToHexString();
        }
        else if (context.Request.Headers.TraceParent is [{ } parent] && ActivityContext.TryParse(parent, null, out var caller))
        {
            (TraceId, _flags) = (caller.TraceId.ToHexString(), caller.TraceFlags);
        }
        else
        {
            TraceId = ActivityTraceId.CreateRandom().ToHexString();
        }
    }

    /// <summary>Of the request that the running code belongs to, if it belongs to one.</summary>
    public static RequestIdentity? Current => CurrentRequest.Value;

    /// <summary>32 hexadecimal digits: of the request's activity; of the caller's, where this service is not traced itself; else its own.</summary>
    public string TraceId { get; }

    /// <summary>Names the caller's key, and is not the key; <see langword="null"/> while nobody is known.</summary>
    public string? KeyId { get; set; }

    /// <summary>
    /// <c>traceparent</c> for a call to another service, where no activity sees to it (<see href="https://www.w3.org/TR/trace-context/"/>); <see langword="null"/> where one does.
    /// </summary>
    public string? TraceParent => Activity.Current is null ? $"00-{TraceId}-{ActivitySpanId.CreateRandom().ToHexString()}-{(int)_flags & 1:x2}" : null;

    /// <inheritdoc />
    public int Count => KeyId is null ? 1 : 2;

    /// <inheritdoc />
    public KeyValuePair<string, object?> this[int index] => index == 0 ? new(TraceField, TraceId) : new(KeyField, KeyId);

    /// <summary>Of a request.</summary>
    public static RequestIdentity Of(HttpContext context) => context.Features.Get<RequestIdentity>() ?? new(context);

    /// <inheritdoc />
    public IEnumerator<KeyValuePair<string, object?>> GetEnumerator()
    {
        for (var i = 0; i < Count; i++)
        {
            yield return this[i];
        }
    }

    /// <summary>For a console that people read.</summary>
    public override string ToString() => KeyId is null ? $"{TraceField}:{TraceId}" : $"{TraceField}:{TraceId} {KeyField}:{KeyId}";

    /// <inheritdoc />
    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>Makes it that of the request and of the code that runs for it.</summary>
    internal static RequestIdentity Begin(HttpContext context)
    {
        var identity = new RequestIdentity(context);
        context.Features.Set(identity);
        CurrentRequest.Value = identity;
        return identity;
    }
}
