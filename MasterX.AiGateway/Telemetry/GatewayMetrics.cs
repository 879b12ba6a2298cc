using System.Diagnostics;
using System.Diagnostics.Metrics;
using MasterX.AiGateway.Providers.Keys;
using MasterX.AiGateway.Requests;
using MasterX.AiGateway.Routing;

namespace MasterX.AiGateway.Telemetry;

/// <summary>
/// The gateway's measurements, beside those of every service: its own (<c>gateway_*</c>) and those of OpenTelemetry's conventions for
/// generative AI
/// (<c>gen_ai.*</c>, version 0.1.0:
/// <see href="https://github.com/open-telemetry/semantic-conventions-genai/blob/v0.1.0/docs/gen-ai/client-inference.md"/>, and
/// <c>client-embeddings.md</c>). The labels are names from configuration, and models that have answered, so the number of series is
/// bounded.
/// </summary>
internal sealed class GatewayMetrics : IDisposable
{
    private readonly Meter _meter;
    private readonly Counter<long> _attempts;
    private readonly Counter<long> _interrupted;
    private readonly Counter<long> _dropped;
    private readonly Counter<long> _abandoned;
    private readonly Counter<double> _cost;
    private readonly Counter<long> _unpriced;
    private readonly Histogram<double> _overhead;
    private readonly Histogram<double> _inference;
    private readonly Histogram<double> _embeddings;
    private readonly Histogram<double> _firstChunk;
    private readonly Histogram<double> _firstToken;
    private readonly GenAiTokenMetrics _tokens;

    public GatewayMetrics(IMeterFactory meters, GatewayConfiguration configuration)
    {
        _meter = meters.Create("MasterX.AiGateway");
        _attempts = _meter.CreateCounter<long>("gateway_attempts", description: "Turns of a provider at a request, by outcome, and of one with several keys by the key's index.");
        _interrupted = _meter.CreateCounter<long>("gateway_streams_interrupted", description: "Streams that broke off after their first content, by provider and outcome.");
        _dropped = _meter.CreateCounter<long>("gateway_stream_events_dropped", description: "Events of streams that could not be parsed.");
        _abandoned = _meter.CreateCounter<long>("gateway_tokens_abandoned", description: "Input tokens, estimated, of calls given up because another candidate was faster.");
        _cost = _meter.CreateCounter<double>("gateway_cost_usd", description: "Cost of answers in US dollars, by the prices in force.");
        _unpriced = _meter.CreateCounter<long>("gateway_unpriced_answers", description: "Answers of models without a price, whose cost is not known.");
        _overhead = _meter.CreateHistogram(
            "gateway_overhead", "s", "The gateway's own time in a request that is not streamed: all of it but that of the providers.",
            advice: Buckets(0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25));
        _inference = _meter.CreateHistogram(
            "gen_ai.client.inference.duration", "s", "From sending to a provider to the end of its answer.", advice: Seconds);
        _embeddings = _meter.CreateHistogram(
            "gen_ai.client.embeddings.duration", "s", "From sending to a provider to the end of its embeddings.", advice: Seconds);
        _firstChunk = _meter.CreateHistogram(
            "gen_ai.client.inference.time_to_first_chunk", "s", "From sending to a provider to the first content of its stream.",
            advice: Seconds);
        _firstToken = _meter.CreateHistogram(
            "gen_ai.server.time_to_first_token", "s",
            "From a caller's request to the first content of the stream, failed providers included.", advice: Seconds);
        _tokens = new GenAiTokenMetrics(_meter);
        _meter.CreateObservableGauge("gateway_circuit_open", () => PerModel(configuration, candidate => candidate.Gate.CircuitName == "closed" ? 0 : 1), description: "1 while the circuit of a provider's model is not closed.");
        _meter.CreateObservableGauge(
            "gateway_cooldown_seconds", () => PerModel(configuration, candidate => Math.Max(candidate.Gate.CoolingFor.TotalSeconds, candidate.Provider.Limits.CoolingFor.TotalSeconds)),
            description: "How long a provider's model is still left alone.");
        _meter.CreateObservableGauge(
            "gateway_key_cooldown_seconds", () => PerKey(configuration, key => key.Limits.CoolDown.Left.TotalSeconds),
            description: "How long a key is still left alone, of a provider with several, by the key's index.");
        _meter.CreateObservableGauge("gateway_requests_left", () => PerProvider(configuration, provider => provider.Limits.RequestsLeft), description: "Calls left in the minute, of a provider with such a limit.");
        _meter.CreateObservableGauge("gateway_tokens_left", () => PerProvider(configuration, provider => provider.Limits.TokensLeft), description: "Tokens left in the minute, of a provider with such a limit.");
        _meter.CreateObservableGauge("gateway_calls_left", () => PerProvider(configuration, provider => provider.Limits.PlacesLeft), description: "Calls that may begin beside those under way, of a provider with such a limit.");
        _meter.CreateObservableGauge("gateway_provider_up", () => PerProvider(configuration, provider => provider.IsAvailable ? 1 : 0), description: "1 while calls are let through to a provider.");
    }

    private static InstrumentAdvice<double> Seconds { get; } = Buckets(0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92);

    /// <summary>Counts a candidate's turn.</summary>
    public void Attempted(Candidate candidate, Operation operation, in Attempt attempt)
    {
        var turn = new TagList { { "provider", attempt.Provider }, { "outcome", attempt.Outcome.Name() } };
        if (attempt.Key is { } key)
        {
            turn.Add("key", key);
        }

        _attempts.Add(1, turn);
        if (attempt.Elapsed <= TimeSpan.Zero)
        {
            return;
        }

        var tags = Tags(candidate, operation);
        if (attempt.Outcome != AttemptOutcome.Success)
        {
            tags.Add("error.type", attempt.Outcome.Name());
        }

        (operation == Operation.Embeddings ? _embeddings : _inference).Record(attempt.Elapsed.TotalSeconds, tags);
    }

    /// <summary>The first content of a stream: since the provider was called, and since the caller's request came.</summary>
    public void FirstToken(Candidate candidate, Operation operation, TimeSpan sinceCall, TimeSpan sinceRequest)
    {
        var tags = Tags(candidate, operation);
        _firstChunk.Record(sinceCall.TotalSeconds, tags);
        _firstToken.Record(sinceRequest.TotalSeconds, tags);
    }

    /// <summary>A request that was not streamed has come to its end.</summary>
    /// <param name="elapsed">Its whole time.</param>
    /// <param name="attempts">Those made in turn; of one that hedged the time is not known.</param>
    public void Passed(TimeSpan elapsed, IReadOnlyList<Attempt> attempts)
    {
        foreach (var attempt in attempts)
        {
            elapsed -= attempt.Elapsed;
        }

        if (elapsed > TimeSpan.Zero)
        {
            _overhead.Record(elapsed.TotalSeconds);
        }
    }

    public void Interrupted(string provider, AttemptOutcome outcome) =>
        _interrupted.Add(1, new TagList { { "provider", provider }, { "outcome", outcome.Name() } });

    public void Dropped(string provider, int events) => _dropped.Add(events, new TagList { { "provider", provider } });

    public void Abandoned(Candidate candidate, int inputTokens) => _abandoned.Add(inputTokens, new TagList { { "provider", candidate.Provider.Name } });

    /// <summary>Counts what an answer cost, or that this is not known.</summary>
    public void Answered(Candidate candidate, Operation operation, TokenUsage usage, decimal? cost)
    {
        _tokens.Spent(usage, Tags(candidate, operation), operation == Operation.Embeddings);
        if (cost is { } dollars)
        {
            _cost.Add((double)dollars, new TagList { { "provider", candidate.Provider.Name } });
        }
        else
        {
            _unpriced.Add(1, new TagList { { "provider", candidate.Provider.Name }, { "model", candidate.Label } });
        }
    }

    public void Dispose() => _meter.Dispose();

    private static TagList Tags(Candidate candidate, Operation operation) => new()
    {
        { "gen_ai.operation.name", operation.ConventionName },
        { "gen_ai.provider.name", candidate.Provider.ConventionName },
        { "gen_ai.request.model", candidate.Label },
    };

    private static InstrumentAdvice<double> Buckets(params double[] boundaries) => new() { HistogramBucketBoundaries = boundaries };

    private static IEnumerable<Measurement<double>> PerProvider(GatewayConfiguration configuration, Func<Providers.Provider, double?> value) =>
        from provider in configuration.Routes.Providers
        let measured = value(provider)
        where measured is not null
        select new Measurement<double>(measured.Value, new KeyValuePair<string, object?>("provider", provider.Name));

    private static IEnumerable<Measurement<double>> PerKey(GatewayConfiguration configuration, Func<ProviderKey, double> value) =>
        from provider in configuration.Routes.Providers
        where provider.Limits.HasSeveralKeys
        from key in provider.Limits.Keys.ToArray()
        select new Measurement<double>(value(key), new("provider", provider.Name), new("key", key.Index));

    private static IEnumerable<Measurement<double>> PerModel(GatewayConfiguration configuration, Func<Candidate, double> value) =>
        from provider in configuration.Routes.Providers
        from candidate in provider.Candidates
        where candidate.IsKnown
        select new Measurement<double>(value(candidate), new("provider", provider.Name), new("model", candidate.Model));
}
