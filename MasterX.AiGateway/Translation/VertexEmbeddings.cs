using System.Text.Json;
using MasterX.AiGateway.Providers;

namespace MasterX.AiGateway.Translation;

/// <summary>
/// Embeddings by Vertex AI's <c>predict</c>
/// (<see href="https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/text-embeddings-api"/>). What is too long it refuses,
/// as OpenAI does, and does not cut.
/// </summary>
internal static class VertexEmbeddings
{
    /// <summary>Of one call; some models take one alone, and say so.</summary>
    private const int MostTexts = 250;

    /// <exception cref="UntranslatableRequestException">The format has no way to say it.</exception>
    public static void Write(EmbeddingRequest request, Utf8JsonWriter json)
    {
        request.Limit(MostTexts);
        json.WriteStartObject();
        json.WriteStartArray("instances");
        foreach (var text in request.Texts)
        {
            json.WriteStartObject();
            json.WriteString("content", text);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartObject("parameters");
        json.WriteBoolean("autoTruncate", false);
        if (request.Dimensions is { } count)
        {
            json.WriteNumber("outputDimensionality", count);
        }

        json.WriteEndObject();
        json.WriteEndObject();
    }

    public static Embeddings Read(JsonElement answer)
    {
        JsonElement[] embeddings = [.. answer.Elements("predictions").Select(prediction => prediction.Field("embeddings") ?? default)];
        return new(
            [.. embeddings.Select(embedding => embedding.Field("values") ?? default)],
            embeddings.Sum(embedding => embedding.Field("statistics")?.Count("token_count") ?? 0));
    }
}
