using System.Text.Json;
using MasterX.AiGateway.Providers;
using MasterX.AiGateway.Translation.Vocabulary;
using static MasterX.AiGateway.Translation.JsonFields;

namespace MasterX.AiGateway.Translation;

/// <summary>A request for OpenAI's embeddings (<see href="https://platform.openai.com/docs/api-reference/embeddings"/>), read.</summary>
/// <param name="Texts">Each of them is to have an embedding.</param>
/// <param name="Dimensions">Of an embedding; <see langword="null"/> for the model's own.</param>
internal sealed record EmbeddingRequest(IReadOnlyList<string> Texts, int? Dimensions)
{
    private const string Format = "Gemini's format";

    /// <param name="root">The caller's request.</param>
    /// <param name="dropped">Fields that are to be passed over.</param>
    /// <param name="loss">Told of what is left out.</param>
    /// <exception cref="UntranslatableRequestException">No other format has a way to say it.</exception>
    public static EmbeddingRequest Read(JsonElement root, IReadOnlySet<string> dropped, Loss loss)
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
                case "model": break;
                case "input": texts = [.. TextsOf(field.Value)]; break;
                case "dimensions": dimensions = SmallOf(field.Value, field.Name); break;
                case "encoding_format" when TextOf(field.Value, field.Name) is "float" or "base64": break;
                case "user": loss.Ignore(field.Name); break;
                default: loss.Decide(field.Name, field.Value, Format); break;
            }
        }

        return new(texts, dimensions);
    }

    /// <summary>The texts of a request's <c>input</c>.</summary>
    public static IEnumerable<string> TextsOf(JsonElement input) => input.ValueKind == JsonValueKind.String
        ? [input.GetString()!]
        : ArrayOf(input, "input").Select(one => one.ValueKind == JsonValueKind.String
            ? one.GetString()!
            : throw new UntranslatableRequestException($"'input' can be texts only in {Format}: tokens are of one model's own kind.", "input"));

    /// <exception cref="UntranslatableRequestException">There are more texts than the provider takes at once.</exception>
    public void Limit(int most)
    {
        if (Texts.Count > most)
        {
            throw new UntranslatableRequestException($"'input' has {Texts.Count} texts, and can have {most} at most in {Format}. Send them in several requests, or name a model of a provider that takes more.", "input");
        }
    }
}
