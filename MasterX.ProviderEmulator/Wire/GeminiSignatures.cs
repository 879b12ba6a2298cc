using System.Text;
using System.Text.Json;

namespace MasterX.ProviderEmulator.Wire;

/// <summary>
/// The rule of Gemini's third generation: the first call of each of the model's turns since the user spoke has the signature it was given with
/// (<see href="https://ai.google.dev/gemini-api/docs/thought-signatures"/>); a request without it is refused.
/// </summary>
internal static class GeminiSignatures
{
    /// <summary>Stands for a signature that is not to be had.</summary>
    private const string NotToBeHad = "skip_thought_signature_validator";

    public static bool AreWanted(string model) => model.StartsWith("gemini-3", StringComparison.Ordinal);

    public static string Of(string name) => Convert.ToBase64String(Encoding.UTF8.GetBytes($"emulated signature of {name}"));

    /// <summary>What is wrong with the signatures of a conversation, in Google's words.</summary>
    public static string? FindProblem(string model, JsonElement contents)
    {
        if (!AreWanted(model))
        {
            return null;
        }

        JsonElement[] turns = [.. contents.EnumerateArray()];
        var spoke = Array.FindLastIndex(turns, turn => Role(turn) == "user" && Parts(turn).Any(part => part.TryGetProperty("text", out _)));
        for (var at = spoke + 1; at < turns.Length; at++)
        {
            foreach (var part in Parts(turns[at]).Where(part => Role(turns[at]) == "model" && part.TryGetProperty("functionCall", out _)).Take(1))
            {
                var name = part.GetProperty("functionCall").GetProperty("name").GetString()!;
                var signature = part.TryGetProperty("thoughtSignature", out var given) ? given.GetString() : null;
                if (signature is null)
                {
                    return $"Function call is missing a thought_signature in functionCall parts. This is required for tools to work correctly, and missing thought_signature may lead to degraded model performance. Additional data, function call `default_api:{name}` , position {at + 1}. Please refer to https://ai.google.dev/gemini-api/docs/thought-signatures for more details.";
                }

                if (signature != NotToBeHad && signature != Of(name))
                {
                    return "Corrupted thought signature.";
                }
            }
        }

        return null;
    }

    private static string? Role(JsonElement turn) => turn.TryGetProperty("role", out var role) ? role.GetString() : "user";

    private static JsonElement.ArrayEnumerator Parts(JsonElement turn) => turn.TryGetProperty("parts", out var parts) && parts.ValueKind == JsonValueKind.Array ? parts.EnumerateArray() : default;
}
