using System.Diagnostics;
using MasterX.AiGateway.Requests;
using MasterX.AiGateway.Routing;

namespace MasterX.AiGateway.Telemetry;

/// <summary>A request's trace beside the spans of its calls: what has no span of its own, and how others come to know of it.</summary>
internal static class RequestTrace
{
    /// <summary>
    /// Says on the request's own span, as the event <c>gateway.candidate.skipped</c>, that a candidate was passed over without a call: it
    /// had no beginning and no end that
    /// a span could have.
    /// </summary>
    public static void Skipped(Candidate candidate, AttemptOutcome outcome)
    {
        if (Activity.Current is { IsAllDataRequested: true } request)
        {
            request.AddEvent(new ActivityEvent("gateway.candidate.skipped", tags: new ActivityTagsCollection
            {
                ["gateway.provider"] = candidate.Provider.Name,
                ["gen_ai.request.model"] = candidate.Model,
                ["gateway.outcome"] = outcome.Name(),
            }));
        }
    }

    /// <summary>
    /// Puts the span under way into a call's headers (<see href="https://www.w3.org/TR/trace-context/"/>): the call's, or where the request
    /// is not sampled, the request's,
    /// so that the provider does not sample it either.
    /// </summary>
    public static void Propagate(HttpRequestMessage message)
    {
        if (Activity.Current is { IdFormat: ActivityIdFormat.W3C, Id: { } id } current)
        {
            message.Headers.TryAddWithoutValidation("traceparent", id);
            if (current.TraceStateString is { Length: > 0 } state)
            {
                message.Headers.TryAddWithoutValidation("tracestate", state);
            }
        }
    }
}
