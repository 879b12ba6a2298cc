using System.Net.Http.Headers;
using System.Text.Json;
using MasterX.AiGateway.Providers.Classification;
using MasterX.AiGateway.Requests;
using MasterX.AiGateway.Routing;
using MasterX.AiGateway.Streaming;
using MasterX.AiGateway.Translation.Answers;
using MasterX.AiGateway.Translation.Requests;
using MasterX.AiGateway.Translation.Vocabulary;

namespace MasterX.AiGateway.Providers;

/// <summary>Anthropic's Messages API (<see href="https://docs.anthropic.com/en/api/messages"/>).</summary>
internal class AnthropicWireFormat : WireFormat
{
    public static readonly AnthropicWireFormat Instance = new();

    private protected AnthropicWireFormat()
    {
    }

    public override ErrorTable Errors => ErrorTable.Anthropic;

    public override string Family => Signature.Anthropic;

    /// <summary>The version of the API that the gateway's own requests are in (<see href="https://docs.anthropic.com/en/api/versioning"/>).</summary>
    private const string Version = "2023-06-01";

    public override IReadOnlyList<(string Name, string Value)> Headers => [(AnthropicHeaders.Version, Version)];

    public override Uri? UriOf(Uri baseUrl, string model, Operation operation, bool stream, ProviderOptions options) =>
        operation == Operation.Embeddings ? null : new(baseUrl, (operation.IsAnthropic ? operation : Operation.Messages).Path);

    public override bool Speaks(Operation operation, ProviderOptions options) => operation.IsAnthropic;

    public override (string Name, string Value)? Authentication(string key) => ("x-api-key", key);

    /// <summary>The caller's own version and wishes go with a body of its own; a translation is in the gateway's version.</summary>
    public override void WriteHeaders(ModelRequest request, HttpRequestHeaders headers)
    {
        if (request.Anthropic is not { } said)
        {
            return;
        }

        if (said.VersionValue is { } version)
        {
            headers.Remove(AnthropicHeaders.Version);
            headers.TryAddWithoutValidation(AnthropicHeaders.Version, version);
        }

        if (said.BetaValue is { } beta)
        {
            headers.TryAddWithoutValidation(AnthropicHeaders.Beta, beta);
        }
    }

    protected override CallIds CallIdsOf(ModelRequest request, Candidate candidate) => CallIds.Anthropic;

    protected override PooledBuffer PassRequest(ModelRequest request, Candidate candidate, PooledBuffer scratch) =>
        SameFormatBody.Write(request, candidate, default, scratch);

    protected override ProviderAnswer? PassAnswer(PooledBuffer answer, Candidate candidate, ModelRequest request)
    {
        var scan = MessagesScan.Of(answer.Span, request.Operation, candidate);
        return scan.IsAnswer
            ? new ProviderAnswer { Verdict = Verdicts.Success, Status = StatusCodes.Status200OK, Body = answer, Usage = scan.Usage }
            : null;
    }

    protected override StreamFrames PassFrames(ModelRequest request, Candidate candidate, PartialAnswer? partial) =>
        new MessagesFrames { Candidate = candidate, Partial = partial };

    /// <summary>Models up to 4.5 take the beginning of their answer; later ones refuse it.</summary>
    public override Continuation ContinuationOf(string model, Uri baseUrl) =>
        AnthropicThinking.WayOf(model) == AnthropicThinking.Way.Adaptive ? Continuation.Ask : Continuation.Prefill;

    protected override bool IsOwn(Operation operation) => operation == Operation.Messages;

    protected override void WriteConversation(Conversation conversation, Candidate candidate, Loss loss, Utf8JsonWriter json) =>
        AnthropicRequestWriter.Write(conversation, candidate.Model, loss, json);

    protected override AnswerReader ReaderOf(AnswerSink sink) => new AnthropicAnswerReader(sink);
}
