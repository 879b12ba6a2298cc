using System.Buffers;
using System.Text;
using System.Text.Json;
using MasterX.AiGateway.Translation.Vocabulary;

namespace MasterX.AiGateway.Translation.Answers;

/// <summary>
/// Gemini's <c>logprobsResult</c> (<see href="https://ai.google.dev/api/generate-content#LogprobsResult"/>) as the array
/// <c>logprobs.content</c> of OpenAI's format.
/// </summary>
internal static class GeminiLogProbs
{
    public static void Tell(AnswerSink sink, int choice, JsonElement result)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(buffer))
        {
            using var alternatives = result.Elements("topCandidates").GetEnumerator();
            json.WriteStartArray();
            foreach (var chosen in result.Elements("chosenCandidates"))
            {
                json.WriteStartObject();
                WriteToken(json, chosen);
                json.WriteStartArray("top_logprobs");
                foreach (var other in alternatives.MoveNext() ? alternatives.Current.Elements("candidates") : [])
                {
                    json.WriteStartObject();
                    WriteToken(json, other);
                    json.WriteEndObject();
                }

                json.WriteEndArray();
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        sink.LogProbs(choice, buffer.WrittenSpan);
    }

    private static void WriteToken(Utf8JsonWriter json, JsonElement token)
    {
        var text = token.Text("token") ?? "";
        json.WriteString("token", text);
        json.WriteNumber("logprob", token.Field("logProbability") is { ValueKind: JsonValueKind.Number } value && value.TryGetDouble(out var number) && double.IsFinite(number) ? number : -9999);
        json.WriteStartArray("bytes");
        foreach (var one in Encoding.UTF8.GetBytes(text))
        {
            json.WriteNumberValue(one);
        }

        json.WriteEndArray();
    }
}
