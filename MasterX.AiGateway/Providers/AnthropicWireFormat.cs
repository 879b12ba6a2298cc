using System.Net.Http.Headers;
using MasterX.AiGateway.Providers.Classification;
using MasterX.AiGateway.Requests;
using MasterX.AiGateway.Routing;
using MasterX.AiGateway.Streaming;

namespace MasterX.AiGateway.Providers;

/// <summary>Anthropic's Messages API (<see href="https://docs.anthropic.com/en/api/messages"/>).</summary>
internal sealed class AnthropicWireFormat : WireFormat
{
    public static readonly AnthropicWireFormat Instance = new();

    public override ErrorTable Errors => ErrorTable.Anthropic;

    /// <summary>The version of the API that the gateway's own requests are in (<see href="https://docs.anthropic.com/en/api/versioning"/>).</summary>
    private const string Version = "2023-06-01";

    public override IReadOnlyList<(string Name, string Value)> Headers => [(AnthropicHeaders.Version, Version)];

    public override Uri? UriOf(Uri baseUrl, string model, Operation operation, bool stream) => operation switch
    {
        _ when operation == Operation.Chat || operation == Operation.Messages => new(baseUrl, "messages"),
        _ when operation == Operation.CountTokens => new(baseUrl, "messages/count_tokens"),
        _ => null,
    };

    public override (string Name, string Value) Authentication(string key) => ("x-api-key", key);

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

    public override PooledBuffer WriteRequest(ModelRequest request, Candidate candidate, PooledBuffer scratch) => request.Operation.IsAnthropic
        ? SameFormatBody.Write(request, candidate, default, scratch)
        : Translate(request, scratch, (root, json) => AnthropicRequest.Write(root, candidate.Model, request.Stream, json));

    public override ProviderAnswer? ReadAnswer(PooledBuffer answer, Candidate candidate, ModelRequest request)
    {
        if (!request.Operation.IsAnthropic)
        {
            return Translate(answer, AnthropicAnswer.IsAnswer, (root, json) => AnthropicAnswer.Write(root, candidate.Model, DateTimeOffset.UtcNow.ToUnixTimeSeconds(), json), AnthropicAnswer.ReadUsage);
        }

        var scan = MessagesScan.Of(answer.Span, request.Operation);
        return scan.IsAnswer
            ? new ProviderAnswer { Verdict = Verdicts.Success, Status = StatusCodes.Status200OK, Body = answer, Usage = scan.Usage }
            : null;
    }

    public override StreamFrames OpenFrames(ModelRequest request, Candidate candidate, PartialAnswer? partial, bool continuing) => request.Operation.IsAnthropic
        ? new MessagesFrames { Partial = partial, Continuing = continuing }
        : new AnthropicFrames(candidate.Model) { CallerWantsUsage = request.Usage == StreamUsage.Wanted, Partial = partial, Continuing = continuing };
}
