using System.Text.Json;
using MasterX.AiGateway.Translation.Answers;
using MasterX.AiGateway.Translation.Vocabulary;

namespace MasterX.AiGateway.Translation.Requests;

/// <summary>What a model thought, in an assistant's message that goes back to a provider of OpenAI's chat format.</summary>
internal static class ChatThoughts
{
    /// <param name="parts">Of the turn.</param>
    /// <param name="dialect">Where the provider has thoughts.</param>
    /// <param name="json">Stands in the message.</param>
    /// <returns>Whether all of them were said, but for signatures of Gemini's, which go with calls.</returns>
    public static bool Write(List<Part> parts, ChatDialect dialect, Utf8JsonWriter json)
    {
        List<Part> thoughts = [.. parts.Where(part => part is ThinkingPart or HiddenThinkingPart)];
        switch (dialect.Thoughts)
        {
            case ThoughtField.ReasoningDetails:
                return WriteDetails(thoughts, dialect.Model, json);
            case ThoughtField.None:
                return !thoughts.Exists(IsLost);
            default:
                var text = string.Concat(thoughts.OfType<ThinkingPart>().Select(thought => thought.Text));
                if (text.Length == 0)
                {
                    return !thoughts.Exists(IsLost);
                }

                json.WriteString(dialect.Thoughts == ThoughtField.Reasoning ? "reasoning" : "reasoning_content", text);
                return true;
        }
    }

    private static bool IsLost(Part thought) => thought.Signature?.Family is not (Signature.Gemini or Signature.GeminiText);

    private static bool WriteDetails(List<Part> thoughts, string model, Utf8JsonWriter json)
    {
        List<Part> said = [.. thoughts.Where(thought => IsOf(thought.Signature?.Family, model))];
        if (said.Count > 0)
        {
            json.WriteStartArray("reasoning_details");
            for (var index = 0; index < said.Count; index++)
            {
                ChatFormat.WriteThought((said[index] as ThinkingPart)?.Text, said[index].Signature, index, json);
            }

            json.WriteEndArray();
        }

        return !thoughts.Except(said).Any(IsLost);
    }

    /// <summary>Models take back what models of their own family thought; Claude takes nothing that is not signed.</summary>
    private static bool IsOf(string? family, string model) =>
        Is(model, "claude") ? family == Signature.Anthropic
        : Is(model, "gemini") ? family is Signature.Gemini or null
        : family is not (Signature.Gemini or Signature.GeminiText or Signature.Anthropic or Signature.OpenAi);

    private static bool Is(string model, string name) => model.Contains(name, StringComparison.OrdinalIgnoreCase);
}
