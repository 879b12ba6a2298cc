using System.Text.Json;
using MasterX.AiGateway.Providers.Classification;
using MasterX.AiGateway.Requests;
using MasterX.AiGateway.Routing;
using MasterX.AiGateway.Streaming;
using MasterX.AiGateway.Translation;
using MasterX.AiGateway.Translation.Answers;
using MasterX.AiGateway.Translation.Requests;
using MasterX.AiGateway.Translation.Vocabulary;

namespace MasterX.AiGateway.Providers;

/// <summary>Gemini's own API, <c>generateContent</c> (<see href="https://ai.google.dev/api/generate-content"/>).</summary>
internal class GeminiWireFormat : WireFormat
{
    public static readonly GeminiWireFormat Instance = new();

    private protected GeminiWireFormat()
    {
    }

    public override ErrorTable Errors => ErrorTable.Gemini;

    public override string Family => Signature.Gemini;

    public override Uri? UriOf(Uri baseUrl, string model, Operation operation, bool stream, ProviderOptions options) => operation == Operation.CountTokens
        ? null
        : new(baseUrl, $"models/{Uri.EscapeDataString(model)}:{(operation == Operation.Embeddings ? "batchEmbedContents" : stream ? "streamGenerateContent?alt=sse" : "generateContent")}");

    public override (string Name, string Value)? Authentication(string key) => ("x-goog-api-key", key);

    public override bool Speaks(Operation operation, ProviderOptions options) => false;

    protected override bool IsOwn(Operation operation) => false;

    protected override PooledBuffer PassRequest(ModelRequest request, Candidate candidate, PooledBuffer scratch) => throw Never();

    protected override ProviderAnswer? PassAnswer(PooledBuffer answer, Candidate candidate, ModelRequest request) => throw Never();

    protected override StreamFrames PassFrames(ModelRequest request, Candidate candidate, PartialAnswer? partial) => throw Never();

    protected override void WriteConversation(Conversation conversation, Candidate candidate, Loss loss, Utf8JsonWriter json) =>
        GeminiRequestWriter.Write(conversation, candidate.Model, loss, json);

    protected override void WriteEmbeddings(EmbeddingRequest request, Candidate candidate, Utf8JsonWriter json) =>
        GeminiEmbeddings.Write(request, candidate.Model, json);

    protected override Embeddings EmbeddingsIn(JsonElement answer) => GeminiEmbeddings.Read(answer);

    protected override AnswerReader ReaderOf(AnswerSink sink) => new GeminiAnswerReader(sink);

    private static InvalidOperationException Never() => new("No caller speaks Gemini's format, so that nothing passes as it is.");
}
