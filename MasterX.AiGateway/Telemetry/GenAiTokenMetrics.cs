using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace MasterX.AiGateway.Telemetry;

/// <summary>
/// Tokens by the conventions for generative AI
/// (<see href="https://github.com/open-telemetry/semantic-conventions-genai/blob/v0.1.0/docs/gen-ai/gen-ai-token-metrics.md"/>): counters
/// of all that was spent, of which
/// what was cached and what was thought are parts, and histograms of what a call takes.
/// </summary>
internal sealed class GenAiTokenMetrics
{
    private readonly Counter<long> _input;
    private readonly Counter<long> _output;
    private readonly Counter<long> _cacheRead;
    private readonly Counter<long> _cacheWrite;
    private readonly Counter<long> _reasoning;
    private readonly Histogram<long> _inputOfCall;
    private readonly Histogram<long> _outputOfCall;
    private readonly Histogram<long> _embedded;

    public GenAiTokenMetrics(Meter meter)
    {
        _input = Counter("input_tokens", "Input tokens, cached ones included.");
        _output = Counter("output_tokens", "Output tokens, thinking included.");
        _cacheRead = Counter("cache_read.input_tokens", "Input tokens found in a provider's cache.");
        _cacheWrite = Counter("cache_write.input_tokens", "Input tokens written to a provider's cache.");
        _reasoning = Counter("reasoning.output_tokens", "Output tokens a model thought with.");
        _inputOfCall = Histogram("inference", "input_tokens", "Input tokens of a call.");
        _outputOfCall = Histogram("inference", "output_tokens", "Output tokens of a call.");
        _embedded = Histogram("embeddings", "input_tokens", "Tokens of a call for embeddings.");

        Counter<long> Counter(string name, string description) =>
            meter.CreateCounter<long>($"gen_ai.client.inference.usage.{name}", "{token}", description);

        Histogram<long> Histogram(string operation, string name, string description) => meter.CreateHistogram(
            $"gen_ai.client.{operation}.operation.{name}", "{token}", description,
            advice: new InstrumentAdvice<long>
            {
                HistogramBucketBoundaries = [1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864],
            });
    }

    /// <param name="usage">Of one call.</param>
    /// <param name="tags">Who was asked for what.</param>
    /// <param name="embeddings">Whether it was for embeddings, which the conventions count apart.</param>
    public void Spent(TokenUsage usage, TagList tags, bool embeddings)
    {
        if (embeddings)
        {
            _embedded.Record(usage.Input, tags);
            return;
        }

        _inputOfCall.Record(usage.Input, tags);
        _outputOfCall.Record(usage.Output, tags);

        // Providers do not tell texts from images in a way that is the same for all of them.
        tags.Add("gen_ai.token.modality", "unknown");
        _input.Add(usage.Input, tags);
        _output.Add(usage.Output, tags);
        Add(_cacheRead, usage.CachedInput, tags);
        Add(_cacheWrite, usage.CacheWrite, tags);
        Add(_reasoning, usage.Reasoning, tags);
    }

    private static void Add(Counter<long> counter, int tokens, in TagList tags)
    {
        if (tokens > 0)
        {
            counter.Add(tokens, tags);
        }
    }
}
