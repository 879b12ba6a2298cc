using System.Buffers.Binary;
using System.Text.Json;
using MasterX.AiGateway.Providers;
using MasterX.AiGateway.Telemetry;
using MasterX.AiGateway.Translation.Vocabulary;
using static MasterX.AiGateway.Translation.JsonFields;

namespace MasterX.AiGateway.Translation;

/// <summary>
/// OpenAI's embeddings (<see href="https://platform.openai.com/docs/api-reference/embeddings"/>) as Gemini's <c>batchEmbedContents</c>
/// (<see href="https://ai.google.dev/api/embeddings"/>), and back.
/// </summary>
internal static class GeminiEmbeddings
{
    private const string Format = "Gemini's format";

    /// <summary>Of one batch.</summary>
    private const int MostTexts = 100;

    /// <summary>Rule of thumb, for the usage that the answer must have and Gemini does not tell.</summary>
    private const int CharactersPerToken = 4;

    /// <param name="root">The caller's request.</param>
    /// <param name="model">Who is asked.</param>
    /// <param name="dropped">Fields that are to be passed over.</param>
    /// <param name="loss">Told of what is left out.</param>
    /// <param name="json">Receives Gemini's.</param>
    /// <exception cref="UntranslatableRequestException">The format has no way to say it.</exception>
    public static void Write(JsonElement root, string model, IReadOnlySet<string> dropped, Loss loss, Utf8JsonWriter json)
    {
        List<string> texts = [];
        int? dimensions = null;
        foreach (var field in Fields(root))
        {
            if (field.Value.ValueKind == JsonValueKind.Null || dropped.Contains(field.Name))
            {
                continue;
            }

            switch (field.Name)
            {
                case "model":
                    break;
                case "input":
                    texts = [.. TextsOf(field.Value)];
                    if (texts.Count > MostTexts)
                    {
                        throw new UntranslatableRequestException($"'input' has {texts.Count} texts, and can have {MostTexts} at most in {Format}. Send them in several requests, or name a model of a provider that takes more.", field.Name);
                    }

                    break;
                case "dimensions": dimensions = SmallOf(field.Value, field.Name); break;
                case "encoding_format" when TextOf(field.Value, field.Name) is "float" or "base64":
                    break;
                case "user": loss.Ignore(field.Name); break;
                default: loss.Decide(field.Name, field.Value, Format); break;
            }
        }

        json.WriteStartObject();
        json.WriteStartArray("requests");
        foreach (var text in texts)
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
            if (dimensions is { } count)
            {
                json.WriteNumber("outputDimensionality", count);
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <param name="answer">Gemini's.</param>
    /// <param name="request">The caller's, which says how the numbers are written.</param>
    /// <param name="model">Who was asked.</param>
    /// <param name="json">Receives OpenAI's.</param>
    /// <param name="usage">Its tokens.</param>
    /// <returns>Whether there is an embedding for each text.</returns>
    public static bool Read(JsonElement answer, JsonElement request, string model, Utf8JsonWriter json, out TokenUsage? usage)
    {
        usage = null;
        JsonElement[] embeddings = [.. answer.Elements("embeddings")];
        string[] texts = [.. TextsOf(request.GetProperty("input"))];
        if (embeddings.Length != texts.Length || Array.Exists(embeddings, embedding => !embedding.Elements("values").Any()))
        {
            return false;
        }

        var isBase64 = request.Text("encoding_format") == "base64";
        json.WriteStartObject();
        json.WriteString("object", "list");
        json.WriteStartArray("data");
        for (var index = 0; index < embeddings.Length; index++)
        {
            json.WriteStartObject();
            json.WriteString("object", "embedding");
            json.WriteNumber("index", index);
            json.WritePropertyName("embedding");
            var values = embeddings[index].GetProperty("values");
            if (isBase64)
            {
                json.WriteBase64StringValue(BytesOf(values));
            }
            else
            {
                values.WriteTo(json);
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteString("model", model);
        var tokens = answer.Field("usageMetadata")?.Count("promptTokenCount") is > 0 and { } counted ? counted : Math.Max(1, texts.Sum(text => text.Length) / CharactersPerToken);
        usage = new TokenUsage((int)tokens, 0, 0);
        json.WriteStartObject("usage");
        json.WriteNumber("prompt_tokens", tokens);
        json.WriteNumber("total_tokens", tokens);
        json.WriteEndObject();
        json.WriteEndObject();
        return true;
    }

    private static IEnumerable<string> TextsOf(JsonElement input) => input.ValueKind == JsonValueKind.String
        ? [input.GetString()!]
        : ArrayOf(input, "input").Select(one => one.ValueKind == JsonValueKind.String
            ? one.GetString()!
            : throw new UntranslatableRequestException($"'input' can be texts only in {Format}: tokens are of one model's own kind.", "input"));

    /// <summary>Numbers of four bytes, the low one first, as OpenAI's clients read them.</summary>
    private static byte[] BytesOf(JsonElement values)
    {
        var bytes = new byte[values.GetArrayLength() * sizeof(float)];
        var at = 0;
        foreach (var value in values.EnumerateArray())
        {
            BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(at), value.GetSingle());
            at += sizeof(float);
        }

        return bytes;
    }
}
