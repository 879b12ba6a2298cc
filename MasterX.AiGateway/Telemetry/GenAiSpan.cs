using System.Diagnostics;
using System.Text.Json;
using MasterX.AiGateway.Providers.Keys;
using MasterX.AiGateway.Requests;
using MasterX.AiGateway.Routing;
using MasterX.AiGateway.Streaming;

namespace MasterX.AiGateway.Telemetry;

/// <summary>
/// The span of one call to a provider, with the attributes of OpenTelemetry's conventions for generative AI, version 0.1.0
/// (<see href="https://github.com/open-telemetry/semantic-conventions-genai/blob/v0.1.0/docs/gen-ai/client-inference.md"/> and
/// <c>client-embeddings.md</c>), and the
/// gateway's own: <c>gateway.provider</c>, <c>gateway.operation</c>, <c>gateway.outcome</c>, and of several keys the <c>gateway.key</c>, by
/// its index. What was said is left out, unless the
/// conventions' own variable asks for it.
/// <c>error.type</c> is the outcome, one of <see cref="AttemptOutcome"/>; a call that was given up is none
/// (<c>gateway.outcome=cancelled</c>): nothing is wrong with it.
/// </summary>
internal sealed class GenAiSpan : IDisposable
{
    /// <summary>The conventions' variable: <c>true</c>, or <c>span_only</c> or <c>span_and_event</c> as newer ones have it.</summary>
    public const string CaptureVariable = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT";

    /// <summary>Attribute that says why a request or an answer is described in part only: it could not be read.</summary>
    public const string NotCaptured = "gateway.not_captured";

    private static readonly ActivitySource Source = new("MasterX.AiGateway");

    private readonly Activity _activity;
    private readonly Operation _operation;
    private readonly bool _isOpenAi;
    private readonly bool _captures;
    private GenAiStreamContent? _stream;
    private string? _outcome;

    private GenAiSpan(Activity activity, Candidate candidate, Operation operation, bool captures)
    {
        (_activity, _operation, _captures) = (activity, operation, captures);
        _isOpenAi = candidate.Provider.ConventionName == "openai";
    }

    /// <summary>Whether every event of its stream has to be shown to it.</summary>
    public bool CapturesStream => _stream is { CapturesText: true };

    public static bool IsCapturing(IConfiguration configuration) =>
        configuration[CaptureVariable]?.ToUpperInvariant() is "TRUE" or "SPAN_ONLY" or "SPAN_AND_EVENT";

    /// <returns><see langword="null"/> when nobody listens, or the request is not sampled.</returns>
    public static GenAiSpan? Begin(Candidate candidate, ProviderKey key, ModelRequest request, bool capture)
    {
        if (!Source.HasListeners())
        {
            return null;
        }

        // Those a sampler decides by are there from the start.
        var (provider, operation) = (candidate.Provider, request.Operation);
        var activity = Source.StartActivity($"{operation.ConventionName} {candidate.Model}", ActivityKind.Client, default(ActivityContext),
        [
            new("gen_ai.operation.name", operation.ConventionName),
            new("gen_ai.provider.name", provider.ConventionName),
            new("gen_ai.request.model", candidate.Model),
            new("server.address", provider.BaseUrl.Host),
            new("server.port", provider.BaseUrl.Port),
            new("gateway.provider", provider.Name),
            new("gateway.operation", operation.Name),
        ]);
        if (activity is null)
        {
            return null;
        }

        if (candidate.Provider.Limits.HasSeveralKeys)
        {
            activity.SetTag("gateway.key", key.Index);
        }

        var span = new GenAiSpan(activity, candidate, operation, capture);
        if (activity.IsAllDataRequested)
        {
            span.Describe(request);
        }

        return span;
    }

    /// <summary>Describes how the call ended; for a stream, how it began.</summary>
    public void Describe(ProviderAnswer answer)
    {
        _outcome = answer.Outcome.Name();
        if (answer.Status is { } status)
        {
            _activity.SetTag("http.response.status_code", status);
        }

        if (answer.Outcome != AttemptOutcome.Success)
        {
            Fail(answer.Outcome);
        }
        else if (answer.Body is { } body && _activity.IsAllDataRequested)
        {
            DescribeUsage(answer.Usage);
            Look(
                body.Memory,
                static (span, root) => GenAiAnswerContent.Describe(span._activity, root, span._operation, span._isOpenAi, span._captures));
        }
    }

    /// <summary>Lets the span see the events of a stream.</summary>
    public void Watch(StreamFrames frames)
    {
        if (_activity.IsAllDataRequested)
        {
            _stream = GenAiStreamContent.Of(_operation, _isOpenAi, _captures);
            frames.Span = this;
        }
    }

    /// <summary>The first content of a stream has come.</summary>
    public void FirstChunk(TimeSpan sinceCall) => _activity.SetTag("gen_ai.response.time_to_first_chunk", sinceCall.TotalSeconds);

    /// <summary>An event of the stream, as the caller sees it.</summary>
    public void Read(ReadOnlySpan<byte> data) => _stream?.Read(_activity, data);

    /// <summary>Describes the end of a stream.</summary>
    /// <param name="usage">As far as the provider has counted.</param>
    /// <param name="state">How far it has come.</param>
    /// <param name="failure">Why it broke off, if it did.</param>
    public void DescribeEnd(TokenUsage? usage, StreamState state, AttemptOutcome failure)
    {
        DescribeUsage(usage);
        _stream?.DescribeEnd(_activity);
        if (state == StreamState.Failed)
        {
            Fail(failure);
        }
        else if (state == StreamState.Open)
        {
            _outcome = null;
        }
    }

    public void Dispose()
    {
        _activity.SetTag("gateway.outcome", _outcome ?? "cancelled");
        _activity.Dispose();
    }

    private void Fail(AttemptOutcome outcome)
    {
        _outcome = outcome.Name();
        _activity.SetTag("error.type", _outcome);
        _activity.SetStatus(ActivityStatusCode.Error, _outcome);
    }

    private void Describe(ModelRequest request)
    {
        if (request.Stream)
        {
            _activity.SetTag("gen_ai.request.stream", true);
        }

        Look(
            request.Body.Memory,
            static (span, root) => GenAiRequestParameters.Describe(span._activity, root, span._operation, span._isOpenAi));
        if (_captures)
        {
            Look(request.Body.Memory, (span, root) => GenAiRequestContent.Describe(span._activity, root, span._operation, request.Broken));
        }
    }

    /// <summary>Input and output are the whole; what was cached and what was thought are parts of them, told where there are any.</summary>
    private void DescribeUsage(TokenUsage? usage)
    {
        if (usage is not { } tokens)
        {
            return;
        }

        _activity.SetTag("gen_ai.usage.input_tokens", tokens.Input);
        if (_operation != Operation.Embeddings)
        {
            _activity.SetTag("gen_ai.usage.output_tokens", tokens.Output);
        }

        SetCount("gen_ai.usage.cache_read.input_tokens", tokens.CachedInput);
        SetCount("gen_ai.usage.cache_write.input_tokens", tokens.CacheWrite);
        SetCount("gen_ai.usage.reasoning.output_tokens", tokens.Reasoning);
    }

    private void SetCount(string name, int count)
    {
        if (count > 0)
        {
            _activity.SetTag(name, count);
        }
    }

    /// <summary>
    /// A second look at a body, which only a request that is traced is given. Whatever is in it, the request goes on as it would without.
    /// </summary>
    private void Look(ReadOnlyMemory<byte> body, Action<GenAiSpan, JsonElement> describe)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            describe(this, document.RootElement);
        }
        catch (Exception unreadable) when (unreadable is JsonException or InvalidOperationException or ArgumentException)
        {
            _activity.SetTag(NotCaptured, unreadable.GetType().Name);
        }
    }
}
