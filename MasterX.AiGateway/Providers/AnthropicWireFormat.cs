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

    /// <summary>The version of the API is asked for by a header (<see href="https://docs.anthropic.com/en/api/versioning"/>).</summary>
    public override IReadOnlyList<(string Name, string Value)> Headers => [("anthropic-version", "2023-06-01")];

    public override Uri? UriOf(Uri baseUrl, string model, Operation operation, bool stream) => operation == Operation.Chat ? new(baseUrl, "messages") : null;

    public override (string Name, string Value) Authentication(string key) => ("x-api-key", key);

    public override PooledBuffer WriteRequest(ModelRequest request, Candidate candidate, PooledBuffer scratch) =>
        Translate(request, scratch, (root, json) => AnthropicRequest.Write(root, candidate.Model, request.Stream, json));

    public override ProviderAnswer? ReadAnswer(PooledBuffer answer, Candidate candidate, Operation operation) =>
        Translate(answer, AnthropicAnswer.IsAnswer, (root, json) => AnthropicAnswer.Write(root, candidate.Model, DateTimeOffset.UtcNow.ToUnixTimeSeconds(), json), AnthropicAnswer.ReadUsage);

    public override StreamFrames OpenFrames(ModelRequest request, Candidate candidate, PartialAnswer? partial, bool continuing) =>
        new AnthropicFrames(candidate.Model) { CallerWantsUsage = request.Usage == StreamUsage.Wanted, Partial = partial, Continuing = continuing };
}
