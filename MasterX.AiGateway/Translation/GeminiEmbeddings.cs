using System.Text.Json;
using MasterX.AiGateway.Providers;

namespace MasterX.AiGateway.Translation;

/// <summary>Embeddings by Gemini's <c>batchEmbedContents</c> (<see href="https://ai.google.dev/api/embeddings"/>).</summary>
internal static class GeminiEmbeddings
{
    /// <summary>Of one batch.</summary>
    private const int MostTexts = 100;

    /// <exception cref="UntranslatableRequestException">The format has no way to say it.</exception>
    public static void Write(EmbeddingRequest request, string model, Utf8JsonWriter json)
    {
        request.Limit(MostTexts);
        json.WriteStartObject();
        json.WriteStartArray("requests");
        foreach (var text in request.Texts)
        {
            json.WriteStartObject();
            json.WriteString("model", $"models/{model}");
            json.WriteStartObject("content");
            json.WriteStartArray("parts");
            json.WriteStartObject();
            json.WriteString("text", text);
            json.WriteEndObject();
            json.WriteEndArray();
            json.WriteEndObject();
            if (request.Dimensions is { } count)
            {
                json.WriteNumber("outputDimensionality", count);
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    public static Embeddings Read(JsonElement answer) => new(
        [.. answer.Elements("embeddings").Select(embedding => embedding.Field("values") ?? default)],
        answer.Field("usageMetadata")?.Count("promptTokenCount") ?? 0);
}
