using MasterX.AiGateway.Providers.Classification;
using MasterX.AiGateway.Requests;
using MasterX.AiGateway.Routing;
using MasterX.AiGateway.Streaming;

namespace MasterX.AiGateway.Providers;

/// <summary>Gemini's own API, <c>generateContent</c> (<see href="https://ai.google.dev/api/generate-content"/>).</summary>
internal sealed class GeminiWireFormat : WireFormat
{
    public static readonly GeminiWireFormat Instance = new();

    public override ErrorTable Errors => ErrorTable.Gemini;

    public override Uri? UriOf(Uri baseUrl, string model, Operation operation, bool stream) => operation != Operation.Chat ? null
        : new(baseUrl, $"models/{Uri.EscapeDataString(model)}:{(stream ? "streamGenerateContent?alt=sse" : "generateContent")}");

    public override (string Name, string Value) Authentication(string key) => ("x-goog-api-key", key);

    public override PooledBuffer WriteRequest(ModelRequest request, Candidate candidate, PooledBuffer scratch) =>
        Translate(request, scratch, GeminiRequest.Write);

    public override ProviderAnswer? ReadAnswer(PooledBuffer answer, Candidate candidate, ModelRequest request) =>
        Translate(answer, GeminiAnswer.IsAnswer, (root, json) => GeminiAnswer.Write(root, candidate.Model, DateTimeOffset.UtcNow.ToUnixTimeSeconds(), json), GeminiAnswer.ReadUsage);

    public override StreamFrames OpenFrames(ModelRequest request, Candidate candidate, PartialAnswer? partial, bool continuing) =>
        new GeminiFrames(candidate.Model) { CallerWantsUsage = request.Usage == StreamUsage.Wanted, Partial = partial, Continuing = continuing };
}
