using System.Text.Json.Serialization;

namespace MasterX.ProviderEmulator.Faults;

/// <summary>What is to go wrong with a provider; body of <c>PUT /_faults/{provider}</c>. Several can be combined.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record Fault
{
    /// <summary>Answer with this HTTP status, 400 to 599, and the provider's error body.</summary>
    [JsonPropertyName("status")]
    public int? Status { get; init; }

    /// <summary>
    /// Fail for this reason, with the status and the error body that this provider has for it: <c>context_length</c>, <c>credit</c>,
    /// <c>quota</c>, <c>rate_limit</c>, <c>overloaded</c>, <c>key</c>, <c>model</c>, <c>content</c>, <c>tool_call</c>.
    /// </summary>
    [JsonPropertyName("reason")]
    public string? Reason { get; init; }

    /// <summary>Share of calls that fail, 0 to 1, spread evenly; with <see cref="Status"/>, else 500.</summary>
    [JsonPropertyName("error_rate")]
    public double? ErrorRate { get; init; }

    /// <summary>Wait before anything is answered, in milliseconds.</summary>
    [JsonPropertyName("latency_ms")]
    public int? LatencyMs { get; init; }

    /// <summary>Share of calls that <see cref="LatencyMs"/> applies to, 0 to 1; all unless set.</summary>
    [JsonPropertyName("latency_rate")]
    public double? LatencyRate { get; init; }

    /// <summary>Accept the call and never answer.</summary>
    [JsonPropertyName("hang")]
    public bool Hang { get; init; }

    /// <summary>Drop the connection before any byte of an answer.</summary>
    [JsonPropertyName("refuse")]
    public bool Refuse { get; init; }

    /// <summary>Seconds for a <c>Retry-After</c> header on failures.</summary>
    [JsonPropertyName("retry_after")]
    public int? RetryAfter { get; init; }

    /// <summary>Cut the connection after this many chunks of a stream, or after half of a plain answer.</summary>
    [JsonPropertyName("cut_after")]
    public int? CutAfter { get; init; }

    /// <summary>Stall for ever after this many chunks of a stream.</summary>
    [JsonPropertyName("stall_after")]
    public int? StallAfter { get; init; }

    /// <summary>Answer 200 with a body that is not JSON; in a stream, one event that is not.</summary>
    [JsonPropertyName("malformed")]
    public bool Malformed { get; init; }

    /// <summary>Answer 200 and report the failure in the body, or in a stream after the first chunk.</summary>
    [JsonPropertyName("in_band_error")]
    public bool InBandError { get; init; }

    /// <summary>Pause between chunks, in milliseconds.</summary>
    [JsonPropertyName("trickle_ms")]
    public int? TrickleMs { get; init; }

    /// <summary>What is wrong with the fault itself, or <see langword="null"/>.</summary>
    public string? Problem() => this switch
    {
        { Status: < 400 or > 599 } => "status must be 400 to 599.",
        { Reason: { } reason } when !Wire.FaultReasons.Names.Contains(reason) => $"reason must be one of {string.Join(", ", Wire.FaultReasons.Names)}.",
        { ErrorRate: < 0 or > 1 } => "error_rate must be 0 to 1.",
        { LatencyRate: < 0 or > 1 } => "latency_rate must be 0 to 1.",
        { LatencyMs: < 0 or > 600_000 } => "latency_ms must be 0 to 600000.",
        { TrickleMs: < 0 or > 60_000 } => "trickle_ms must be 0 to 60000.",
        { RetryAfter: < 0 or > 86_400 } => "retry_after must be 0 to 86400 seconds.",
        { CutAfter: < 0 } or { StallAfter: < 0 } => "cut_after and stall_after must be 0 or more.",
        _ => null,
    };
}
