using System.Buffers.Binary;
using System.Text.Json;
using MasterX.AiGateway.Telemetry;

namespace MasterX.AiGateway.Translation;

/// <summary>The embeddings of an answer, to be written in OpenAI's format.</summary>
/// <param name="Vectors">An array of numbers for each text, in the texts' order.</param>
/// <param name="Tokens">Of all texts; 0 where the provider does not tell.</param>
internal readonly record struct Embeddings(IReadOnlyList<JsonElement> Vectors, int Tokens)
{
    /// <summary>Rule of thumb, for the usage that the answer must have where the provider does not tell it.</summary>
    private const int CharactersPerToken = 4;

    /// <param name="request">The caller's, which says how the numbers are written.</param>
    /// <param name="model">Who was asked.</param>
    /// <param name="json">Receives OpenAI's.</param>
    /// <param name="usage">Its tokens.</param>
    /// <returns>Whether there is an embedding for each text.</returns>
    public bool TryWrite(JsonElement request, string model, Utf8JsonWriter json, out TokenUsage? usage)
    {
        usage = null;
        string[] texts = [.. EmbeddingRequest.TextsOf(request.GetProperty("input"))];
        if (Vectors.Count != texts.Length || Vectors.Any(vector => vector.ValueKind != JsonValueKind.Array || vector.GetArrayLength() == 0))
        {
            return false;
        }

        var isBase64 = request.Text("encoding_format") == "base64";
        json.WriteStartObject();
        json.WriteString("object", "list");
        json.WriteStartArray("data");
        for (var index = 0; index < Vectors.Count; index++)
        {
            json.WriteStartObject();
            json.WriteString("object", "embedding");
            json.WriteNumber("index", index);
            json.WritePropertyName("embedding");
            if (isBase64)
            {
                json.WriteBase64StringValue(BytesOf(Vectors[index]));
            }
            else
            {
                Vectors[index].WriteTo(json);
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteString("model", model);
        var tokens = Tokens > 0 ? Tokens : Math.Max(1, texts.Sum(text => text.Length) / CharactersPerToken);
        usage = new TokenUsage(tokens, 0, 0);
        json.WriteStartObject("usage");
        json.WriteNumber("prompt_tokens", tokens);
        json.WriteNumber("total_tokens", tokens);
        json.WriteEndObject();
        json.WriteEndObject();
        return true;
    }

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
