using System.Diagnostics;
using System.Text;
using System.Text.Json;
using MasterX.AiGateway.Requests;
using MasterX.AiGateway.Routing;
using static MasterX.AiGateway.Providers.ChatFields;

namespace MasterX.AiGateway.Telemetry;

/// <summary>
/// The span of one call to a provider, with the attributes of OpenTelemetry's conventions for generative AI
/// (<see href="https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans/"/>). What was said is left out, unless the conventions' own variable asks for it.
/// </summary>
internal sealed class GenAiSpan : IDisposable
{
    /// <summary>The conventions' variable: <c>true</c>, or <c>span_only</c> or <c>span_and_event</c> as newer ones have it.</summary>
    public const string CaptureVariable = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT";

    private static readonly ActivitySource Source = new("MasterX.AiGateway");

    private readonly Activity _activity;

    private GenAiSpan(Activity activity, bool captures) => (_activity, Transcript) = (activity, captures ? new StringBuilder() : null);

    /// <summary>Receives the text of a stream, where it is to be captured.</summary>
    public StringBuilder? Transcript { get; }

    public static bool IsCapturing(IConfiguration configuration) => configuration[CaptureVariable]?.ToUpperInvariant() is "TRUE" or "SPAN_ONLY" or "SPAN_AND_EVENT";

    /// <returns><see langword="null"/> when nobody listens, or the request is not sampled.</returns>
    public static GenAiSpan? Begin(Candidate candidate, ModelRequest request, bool capture)
    {
        if (!Source.HasListeners() || Source.StartActivity($"{request.Operation.Name} {candidate.Model}", ActivityKind.Client) is not { } activity)
        {
            return null;
        }

        activity.SetTag("gen_ai.operation.name", request.Operation.Name);
        activity.SetTag("gen_ai.provider.name", candidate.Provider.ConventionName);
        activity.SetTag("gen_ai.request.model", candidate.Model);
        activity.SetTag("server.address", candidate.Provider.BaseUrl.Host);
        activity.SetTag("server.port", candidate.Provider.BaseUrl.Port);
        if (capture)
        {
            activity.SetTag("gen_ai.input.messages", Encoding.UTF8.GetString(request.Body.Span));
        }

        return new(activity, capture);
    }

    /// <summary>Describes how the call ended; for a stream, how it began.</summary>
    public void Describe(ProviderAnswer answer)
    {
        if (answer.Status is { } status)
        {
            _activity.SetTag("http.response.status_code", status);
        }

        if (answer.Outcome != AttemptOutcome.Success)
        {
            Fail(answer.Outcome);
        }
        else if (answer.Body is { } body)
        {
            DescribeUsage(answer.Usage);
            DescribeAnswer(body.Memory);
        }
    }

    /// <summary>Describes the end of a stream.</summary>
    public void DescribeEnd(TokenUsage? usage, AttemptOutcome? failure)
    {
        DescribeUsage(usage);
        if (failure is { } outcome)
        {
            Fail(outcome);
        }

        if (Transcript is { Length: > 0 } text)
        {
            _activity.SetTag("gen_ai.output.messages", text.ToString());
        }
    }

    public void Dispose() => _activity.Dispose();

    private void Fail(AttemptOutcome outcome)
    {
        _activity.SetTag("error.type", outcome.Name());
        _activity.SetStatus(ActivityStatusCode.Error, outcome.Name());
    }

    private void DescribeUsage(TokenUsage? usage)
    {
        if (usage is { } tokens)
        {
            _activity.SetTag("gen_ai.usage.input_tokens", tokens.Input);
            _activity.SetTag("gen_ai.usage.output_tokens", tokens.Output);
        }
    }

    /// <summary>A second look at the answer, which only a request that is traced is given.</summary>
    private void DescribeAnswer(ReadOnlyMemory<byte> body)
    {
        using var document = JsonDocument.Parse(body);
        var root = document.RootElement;
        _activity.SetTag("gen_ai.response.id", Text(root, "id"));
        _activity.SetTag("gen_ai.response.model", Text(root, "model"));
        if (root.TryGetProperty("choices", out var choices))
        {
            _activity.SetTag("gen_ai.response.finish_reasons", choices.EnumerateArray().Select(choice => Text(choice, "finish_reason") ?? "unknown").ToArray());
        }

        if (Transcript is not null)
        {
            _activity.SetTag("gen_ai.output.messages", Encoding.UTF8.GetString(body.Span));
        }
    }
}
