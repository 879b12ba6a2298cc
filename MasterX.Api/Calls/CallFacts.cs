using System.Text;
using System.Text.Json;

namespace MasterX.Api.Calls;

/// <summary>What a request says of what it will cost, before it is sent.</summary>
/// <param name="Model">The model or route it asks for; empty for the default.</param>
/// <param name="InputTokens">Roughly.</param>
/// <param name="MostOutputTokens">Its own limit for the answer, of all choices together; <see langword="null"/> for none.</param>
/// <param name="Tags">What it says it is for; <see langword="null"/> for nothing.</param>
/// <param name="NamesOthers">Whether it names further models, beside <paramref name="Model"/>, from which a provider may take one (<c>models</c>, <c>fallbacks</c>).</param>
internal readonly record struct CallFacts(string Model, int InputTokens, int? MostOutputTokens, IReadOnlyDictionary<string, string>? Tags = null, bool NamesOthers = false)
{
    private const int BytesPerToken = 4;

    /// <summary>Of what stands around the texts of a request.</summary>
    private const int Frame = 64;

    private const int MostChoices = 1024;

    private const int LongestModel = 256;

    /// <summary>Of a request to <c>/api/ai/generate</c>.</summary>
    public static CallFacts Of(Ai.GenerateRequest request) => new(
        request.Model ?? "", (Frame + Encoding.UTF8.GetByteCount(request.Prompt ?? "") + Encoding.UTF8.GetByteCount(request.System ?? "")) / BytesPerToken, request.MaxTokens);

    /// <summary>
    /// Of a body in OpenAI's or Anthropic's format. What is no such body is refused by the gateway, and costs nothing; a field that comes
    /// twice counts as there, the last one.
    /// </summary>
    public static CallFacts Of(ReadOnlySpan<byte> body)
    {
        var (model, most, choices) = ("", (long?)null, 1L);
        IReadOnlyDictionary<string, string>? tags = null;
        var namesOthers = false;
        try
        {
            var json = new Utf8JsonReader(body);
            if (json.Read() && json.TokenType == JsonTokenType.StartObject)
            {
                while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
                {
                    var isModel = json.ValueTextEquals("model"u8);
                    var isMost = json.ValueTextEquals("max_tokens"u8) || json.ValueTextEquals("max_completion_tokens"u8) || json.ValueTextEquals("max_output_tokens"u8);
                    var isChoices = json.ValueTextEquals("n"u8);
                    var isMetadata = json.ValueTextEquals("metadata"u8);
                    var isOthers = json.ValueTextEquals("models"u8) || json.ValueTextEquals("fallbacks"u8);
                    json.Read();
                    namesOthers |= isOthers && json.TokenType != JsonTokenType.Null;
                    if (isModel && json.TokenType is JsonTokenType.String or JsonTokenType.Null)
                    {
                        // As it is unescaped, which is what the gateway goes by; of one that no model can have, enough to know that.
                        model = json.GetString() ?? "";
                        model = model.Length > LongestModel ? model[..LongestModel] : model;
                    }
                    else if (isMost && json.TokenType == JsonTokenType.Number && json.TryGetInt64(out var limit))
                    {
                        // Of two limits the larger one: which of them counts is the provider's to say.
                        most = Math.Max(most ?? 0, limit);
                    }
                    else if (isChoices && json.TokenType == JsonTokenType.Number && json.TryGetInt64(out var n))
                    {
                        choices = Math.Clamp(n, 1, MostChoices);
                    }
                    else if (isMetadata && json.TokenType == JsonTokenType.StartObject)
                    {
                        tags = CallTags.Read(ref json);
                    }

                    json.Skip();
                }
            }
        }
        catch (JsonException)
        {
            // The gateway says what is wrong.
        }
        catch (InvalidOperationException)
        {
            // Half of a character, in a name or a text: what comes behind it was not read, and may be anything.
            namesOthers = true;
        }

        return new(model, body.Length / BytesPerToken + 1, most is { } known ? (int)Math.Clamp(known * choices, 0, int.MaxValue) : null, tags, namesOthers);
    }
}
