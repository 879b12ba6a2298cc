using MasterX.AiGateway.Providers.Classification;
using MasterX.AiGateway.Requests;

namespace MasterX.AiGateway.Providers;

/// <summary>
/// Models of other makers at Vertex AI (<c>meta/…</c>, <c>deepseek-ai/…</c>, <c>openai/gpt-oss-…</c>): OpenAI's chats at an address for all
/// of them (<see href="https://cloud.google.com/vertex-ai/generative-ai/docs/maas/use-open-models"/>).
/// </summary>
internal sealed class VertexOpenAiWireFormat : OpenAiWireFormat
{
    public static new readonly VertexOpenAiWireFormat Instance = new();

    private VertexOpenAiWireFormat()
    {
    }

    public override ErrorTable Errors => ErrorTable.VertexOpenAi;

    public override Uri? UriOf(Uri baseUrl, string model, Operation operation, bool stream, ProviderOptions options) =>
        operation == Operation.Embeddings || operation == Operation.CountTokens || !VertexWireFormat.HasProject(options)
            ? null
            : new(baseUrl, $"{VertexWireFormat.PathOf(options)}endpoints/openapi/chat/completions");

    public override bool Speaks(Operation operation, ProviderOptions options) => operation == Operation.Chat;
}
