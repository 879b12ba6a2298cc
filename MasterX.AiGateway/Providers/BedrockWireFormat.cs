using System.Text.Json;
using MasterX.AiGateway.Providers.Classification;
using MasterX.AiGateway.Providers.Credentials;
using MasterX.AiGateway.Requests;
using MasterX.AiGateway.Routing;
using MasterX.AiGateway.Streaming;
using MasterX.AiGateway.Translation.Answers;
using MasterX.AiGateway.Translation.Requests;
using MasterX.AiGateway.Translation.Vocabulary;

namespace MasterX.AiGateway.Providers;

/// <summary>
/// Amazon Bedrock: models of many makers in one format of its own, Converse
/// (<see href="https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html"/>); Anthropic's in Anthropic's, as
/// <see cref="For"/> says. A model is named by its id, or by the id or ARN of an inference profile. Its streams are binary:
/// <see cref="AwsEventStream"/>.
/// </summary>
internal sealed class BedrockWireFormat : WireFormat
{
    public static readonly BedrockWireFormat Instance = new();

    private BedrockWireFormat()
    {
    }

    public override ErrorTable Errors => ErrorTable.Bedrock;

    public override string Family => Signature.Bedrock;

    public override string StreamTypes => AwsEventStream.ContentType;

    /// <summary>
    /// Anthropic's models by their ids, in any region (<c>us.anthropic.claude-…</c>); an application's own inference profile does not tell
    /// whose model it is for, and is spoken to in Converse, which has them all.
    /// </summary>
    public override WireFormat For(string model) => IsAnthropic(model) ? BedrockAnthropicWireFormat.Instance : this;

    public override Uri? UriOf(Uri baseUrl, string model, Operation operation, bool stream, ProviderOptions options) =>
        operation.Streams ? AddressOf(baseUrl, model, stream ? "converse-stream" : "converse") : null;

    /// <summary>None: models are listed elsewhere, by rights of their own.</summary>
    public override Uri? ModelsUri(Uri baseUrl, ProviderOptions options) => null;

    public override (string Name, string Value)? Authentication(string key) => AwsKeys.Of(key) is null ? ("Authorization", $"Bearer {key}") : null;

    /// <summary>Of keys that sign, all but the id, which AWS names where it refuses them.</summary>
    public override IEnumerable<string> SecretsIn(string key) => AwsKeys.Of(key) is { } keys
        ? keys.SessionToken is { } token ? [keys.Secret, token] : [keys.Secret]
        : [key];

    public override bool Speaks(Operation operation, ProviderOptions options) => false;

    public override Stream EventsOf(Stream body, int largestEvent) => new AwsEventStream(body, largestEvent);

    /// <summary>Where it is in a region (<see href="https://docs.aws.amazon.com/general/latest/gr/bedrock.html"/>).</summary>
    public static string BaseUrlOf(string? region) =>
        $"https://bedrock-runtime.{region}.amazonaws.com{(region?.StartsWith("cn-", StringComparison.Ordinal) == true ? ".cn" : "")}";

    /// <summary>Where a model is asked; the signs of an ARN are no part of the path.</summary>
    public static Uri AddressOf(Uri baseUrl, string model, string verb) => new(baseUrl, $"model/{Uri.EscapeDataString(model)}/{verb}");

    protected override bool IsOwn(Operation operation) => false;

    protected override PooledBuffer PassRequest(ModelRequest request, Candidate candidate, PooledBuffer scratch) => throw Never();

    protected override ProviderAnswer? PassAnswer(PooledBuffer answer, Candidate candidate, ModelRequest request) => throw Never();

    protected override StreamFrames PassFrames(ModelRequest request, Candidate candidate, PartialAnswer? partial) => throw Never();

    protected override void WriteConversation(Conversation conversation, Candidate candidate, Loss loss, Utf8JsonWriter json) =>
        ConverseRequestWriter.Write(conversation, candidate.Model, loss, json);

    protected override AnswerReader ReaderOf(AnswerSink sink) => new ConverseAnswerReader(sink);

    private static bool IsAnthropic(string model)
    {
        var at = model.IndexOf("anthropic.", StringComparison.OrdinalIgnoreCase);
        return at == 0 || (at > 0 && model[at - 1] is '.' or '/');
    }

    private static InvalidOperationException Never() => new("No caller speaks Converse, so that nothing passes as it is.");
}
