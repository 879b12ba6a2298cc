using System.Net.Http.Headers;
using System.Text.Json;
using MasterX.AiGateway.Providers.Classification;
using MasterX.AiGateway.Requests;
using MasterX.AiGateway.Routing;
using MasterX.AiGateway.Translation.Requests;
using MasterX.AiGateway.Translation.Vocabulary;

namespace MasterX.AiGateway.Providers;

/// <summary>
/// Anthropic's models at Vertex AI: Anthropic's format with the model in the address and the version in the body
/// (<see href="https://docs.claude.com/en/api/claude-on-vertex-ai"/>).
/// </summary>
internal sealed class VertexAnthropicWireFormat : AnthropicWireFormat
{
    public static new readonly VertexAnthropicWireFormat Instance = new();

    private const string Version = "vertex-2023-10-16", VersionField = "anthropic_version";

    private VertexAnthropicWireFormat()
    {
    }

    public override ErrorTable Errors => ErrorTable.VertexAnthropic;

    private static ReadOnlySpan<byte> VersionJson => "\"anthropic_version\":\"vertex-2023-10-16\""u8;

    /// <summary>Tokens are counted at an address of their own, with the model in the body.</summary>
    public override Uri? UriOf(Uri baseUrl, string model, Operation operation, bool stream, ProviderOptions options)
    {
        if (operation == Operation.Embeddings || !VertexWireFormat.HasProject(options))
        {
            return null;
        }

        var verb = operation == Operation.CountTokens ? "count-tokens:rawPredict"
            : $"{VertexWireFormat.Escape(VertexWireFormat.Split(model).Name)}:{(stream ? "streamRawPredict" : "rawPredict")}";
        return new(baseUrl, $"{VertexWireFormat.PathOf(options)}publishers/anthropic/models/{verb}");
    }

    /// <summary>What the caller wants beyond the version; the version itself is Vertex AI's.</summary>
    public override void WriteHeaders(ModelRequest request, HttpRequestHeaders headers)
    {
        if (request.Anthropic?.BetaValue is { } beta)
        {
            headers.TryAddWithoutValidation(AnthropicHeaders.Beta, beta);
        }
    }

    protected override PooledBuffer PassRequest(ModelRequest request, Candidate candidate, PooledBuffer scratch) =>
        request.Operation == Operation.CountTokens
            ? SameFormatBody.WriteFields(
                request, candidate, [.. VersionJson, .. ",\"model\":\""u8, .. JsonEncodedText.Encode(VertexWireFormat.Split(candidate.Model).Name).EncodedUtf8Bytes, .. "\""u8],
                scratch, candidate.Provider.DropFields, "model", VersionField)
            : SameFormatBody.WriteFields(request, candidate, VersionJson, scratch, candidate.Provider.DropFields, "model", VersionField);

    protected override void WriteConversation(Conversation conversation, Candidate candidate, Loss loss, Utf8JsonWriter json) =>
        AnthropicRequestWriter.Write(conversation, candidate.Model, loss, json, Version);
}
