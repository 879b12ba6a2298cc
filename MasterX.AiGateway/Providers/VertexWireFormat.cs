using System.Text.Json;
using MasterX.AiGateway.Requests;
using MasterX.AiGateway.Routing;
using MasterX.AiGateway.Translation;

namespace MasterX.AiGateway.Providers;

/// <summary>
/// Google's Vertex AI. Its own models are Gemini's, in Gemini's format at addresses of a project and a location
/// (<see href="https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/inference"/>); those of other makers are spoken to as
/// <see cref="For"/> says. With a key and without a project it is asked in express mode, which has Gemini alone
/// (<see href="https://cloud.google.com/vertex-ai/generative-ai/docs/start/express-mode/vertex-ai-express-mode-api-reference"/>).
/// </summary>
internal sealed class VertexWireFormat : GeminiWireFormat
{
    public static new readonly VertexWireFormat Instance = new();

    /// <summary>The location unless one is set: wherever Google has room.</summary>
    public const string DefaultLocation = "global";

    /// <summary>By the model's maker, which stands before the name (<c>meta/llama-…</c>) or is told by it (<c>claude-…</c>).</summary>
    public override WireFormat For(string model) => Split(model).Publisher switch
    {
        "google" => this,
        "anthropic" => VertexAnthropicWireFormat.Instance,
        _ => VertexOpenAiWireFormat.Instance,
    };

    public override Uri? UriOf(Uri baseUrl, string model, Operation operation, bool stream, ProviderOptions options)
    {
        var verb = operation == Operation.Embeddings ? "predict" : stream ? "streamGenerateContent?alt=sse" : "generateContent";
        return operation == Operation.CountTokens || (operation == Operation.Embeddings && !HasProject(options))
            ? null
            : new(baseUrl, $"{PathOf(options)}publishers/google/models/{Escape(Split(model).Name)}:{verb}");
    }

    /// <summary>None: what lists models asks for more rights than what asks them.</summary>
    public override Uri? ModelsUri(Uri baseUrl, ProviderOptions options) => null;

    /// <summary>Where the API is for a location (<see href="https://cloud.google.com/vertex-ai/generative-ai/docs/learn/locations"/>).</summary>
    public static string BaseUrlOf(string? location) => location switch
    {
        null or "" or DefaultLocation => "https://aiplatform.googleapis.com",
        "us" or "eu" => $"https://aiplatform.{location}.rep.googleapis.com",
        _ => $"https://{location}-aiplatform.googleapis.com",
    };

    public static bool HasProject(ProviderOptions options) => !string.IsNullOrEmpty(options.Project);

    /// <summary>Everything before the publisher or endpoint.</summary>
    public static string PathOf(ProviderOptions options) => HasProject(options)
        ? $"v1/projects/{options.Project}/locations/{(string.IsNullOrEmpty(options.Location) ? DefaultLocation : options.Location)}/"
        : "v1/";

    /// <summary>The maker and the name of a model.</summary>
    public static (string Publisher, string Name) Split(string model)
    {
        var slash = model.IndexOf('/', StringComparison.Ordinal);
        return slash > 0 ? (model[..slash], model[(slash + 1)..])
            : (model.StartsWith("claude", StringComparison.OrdinalIgnoreCase) ? "anthropic" : "google", model);
    }

    /// <summary>A name as a part of an address, in which the sign before a version (<c>@20250929</c>) stands for itself.</summary>
    public static string Escape(string name) => Uri.EscapeDataString(name).Replace("%40", "@", StringComparison.Ordinal);

    protected override void WriteEmbeddings(EmbeddingRequest request, Candidate candidate, Utf8JsonWriter json) => VertexEmbeddings.Write(request, json);

    protected override Embeddings EmbeddingsIn(JsonElement answer) => VertexEmbeddings.Read(answer);
}
