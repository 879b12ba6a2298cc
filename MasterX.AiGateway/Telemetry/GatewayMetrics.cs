using System.Diagnostics;
using System.Diagnostics.Metrics;
using MasterX.AiGateway.Chat;

namespace MasterX.AiGateway.Telemetry;

/// <summary>The gateway's own measurements, beside those of every service. The labels are names from configuration, so the number of series is bounded.</summary>
internal sealed class GatewayMetrics : IDisposable
{
    private readonly Meter _meter;
    private readonly Counter<long> _attempts;
    private readonly Histogram<double> _attemptDuration;
    private readonly Counter<long> _interrupted;
    private readonly Counter<long> _dropped;
    private readonly Counter<long> _tokens;
    private readonly Counter<double> _cost;

    public GatewayMetrics(IMeterFactory meters, GatewayConfiguration configuration)
    {
        _meter = meters.Create("MasterX.AiGateway");
        _attempts = _meter.CreateCounter<long>("gateway_attempts", description: "Turns of a provider at a request, by outcome.");
        _attemptDuration = _meter.CreateHistogram(
            "gateway_attempt_duration", "s", "From sending to a provider to the end of its answer.",
            advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 20, 40, 80] });
        _interrupted = _meter.CreateCounter<long>("gateway_streams_interrupted", description: "Streams that broke off after their first content, by provider and outcome.");
        _dropped = _meter.CreateCounter<long>("gateway_stream_events_dropped", description: "Events of streams that could not be parsed.");
        _tokens = _meter.CreateCounter<long>("gateway_tokens", description: "Tokens of answers, by direction.");
        _cost = _meter.CreateCounter<double>("gateway_cost_usd", description: "Cost of answers in US dollars, by the configured prices.");
        _meter.CreateObservableGauge("gateway_circuit_open", () => Observe(configuration, provider => provider.Gate.CircuitName == "closed" ? 0 : 1), description: "1 while a provider's circuit is not closed.");
        _meter.CreateObservableGauge("gateway_cooldown_seconds", () => Observe(configuration, provider => provider.Gate.CoolingFor.TotalSeconds), description: "How long a provider is still left alone.");
    }

    public void Attempted(Attempt attempt)
    {
        var tags = new TagList { { "provider", attempt.Provider }, { "outcome", attempt.Outcome.Name() } };
        _attempts.Add(1, tags);
        if (attempt.Elapsed > TimeSpan.Zero)
        {
            _attemptDuration.Record(attempt.Elapsed.TotalSeconds, tags);
        }
    }

    public void Interrupted(string provider, AttemptOutcome outcome) =>
        _interrupted.Add(1, new TagList { { "provider", provider }, { "outcome", outcome.Name() } });

    public void Dropped(string provider, int events) => _dropped.Add(events, new TagList { { "provider", provider } });

    public void Answered(string provider, TokenUsage usage, decimal? cost)
    {
        _tokens.Add(usage.Input, new TagList { { "provider", provider }, { "direction", "input" } });
        _tokens.Add(usage.Output, new TagList { { "provider", provider }, { "direction", "output" } });
        if (cost is { } dollars)
        {
            _cost.Add((double)dollars, new TagList { { "provider", provider } });
        }
    }

    public void Dispose() => _meter.Dispose();

    private static IEnumerable<Measurement<double>> Observe(GatewayConfiguration configuration, Func<Providers.Provider, double> value) =>
        configuration.Routes.Providers.Select(provider => new Measurement<double>(value(provider), new KeyValuePair<string, object?>("provider", provider.Name)));
}
