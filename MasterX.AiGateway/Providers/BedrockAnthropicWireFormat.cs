using System.Net.Http.Headers;
using System.Text.Json;
using MasterX.AiGateway.Providers.Classification;
using MasterX.AiGateway.Requests;
using MasterX.AiGateway.Routing;
using MasterX.AiGateway.Streaming;
using MasterX.AiGateway.Translation.Requests;
using MasterX.AiGateway.Translation.Vocabulary;

namespace MasterX.AiGateway.Providers;

/// <summary>
/// Anthropic's models at Amazon Bedrock: Anthropic's format with the model, and whether a stream is wanted, in the address, and version and
/// wishes in the body (<see href="https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-anthropic-claude-messages.html"/>).
/// </summary>
internal sealed class BedrockAnthropicWireFormat : AnthropicWireFormat
{
    public static new readonly BedrockAnthropicWireFormat Instance = new();

    /// <summary>The only one there is.</summary>
    public const string Version = "bedrock-2023-05-31";

    private const string VersionField = "anthropic_version", BetaField = "anthropic_beta";

    private BedrockAnthropicWireFormat()
    {
    }

    public override ErrorTable Errors => ErrorTable.BedrockAnthropic;

    private static ReadOnlySpan<byte> VersionJson => "\"anthropic_version\":\"bedrock-2023-05-31\""u8;

    public override Uri? UriOf(Uri baseUrl, string model, Operation operation, bool stream, ProviderOptions options) =>
        operation.Streams ? BedrockWireFormat.AddressOf(baseUrl, model, stream ? "invoke-with-response-stream" : "invoke") : null;

    public override Stream EventsOf(Stream body, int largestEvent) => new AwsEventStream(body, largestEvent);

    public override void WriteHeaders(ModelRequest request, HttpRequestHeaders headers)
    {
        // What a caller says in headers goes in the body.
    }

    protected override PooledBuffer PassRequest(ModelRequest request, Candidate candidate, PooledBuffer scratch)
    {
        var dropped = candidate.Provider.DropFields;
        return request.Anthropic?.BetaValue is { } beta
            ? SameFormatBody.WriteFields(request, candidate, [.. VersionJson, .. BetaJson(beta)], scratch, dropped, "model", "stream", VersionField, BetaField)
            : SameFormatBody.WriteFields(request, candidate, VersionJson, scratch, dropped, "model", "stream", VersionField);
    }

    protected override void WriteConversation(Conversation conversation, Candidate candidate, Loss loss, Utf8JsonWriter json) =>
        AnthropicRequestWriter.Write(conversation with { Stream = false }, candidate.Model, loss, json, Version);

    /// <summary>The names in the header, as a list.</summary>
    private static byte[] BetaJson(string header)
    {
        using var output = new MemoryStream();
        output.Write(",\"anthropic_beta\":"u8);
        using (var json = new Utf8JsonWriter(output))
        {
            json.WriteStartArray();
            foreach (var name in header.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
            {
                json.WriteStringValue(name);
            }

            json.WriteEndArray();
        }

        return output.ToArray();
    }
}
