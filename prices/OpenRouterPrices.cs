using System.Text.Json.Nodes;

namespace MasterX.Prices;

/// <summary>OpenRouter's own list: US dollars per token.</summary>
internal static class OpenRouterPrices
{
    public static void Read(Offers offers, string file, string date)
    {
        (string Field, string Ours)[] fields =
        [
            ("prompt", "input"), ("completion", "output"), ("input_cache_read", "cached_input"), ("input_cache_write", "cache_write"), ("input_cache_write_1h", "cache_write_hour"), ("internal_reasoning", "reasoning"),
            ("audio", "audio_input"), ("input_audio_cache", "cached_audio_input"), ("audio_output", "audio_output"), ("image_output", "image_output"),
        ];
        foreach (var model in JsonNode.Parse(File.ReadAllText(file))!["data"]!.AsArray())
        {
            var pricing = model!["pricing"]!.AsObject();
            var price = Fields(pricing);
            if (pricing["overrides"] is JsonArray overrides)
            {
                price["above"] = new JsonArray([.. overrides.Where(row => row!["min_prompt_tokens"] is not null).OrderBy(row => Json.Number(row!["min_prompt_tokens"])).Select(row =>
                {
                    var above = Fields(row!.AsObject());
                    above.Insert(0, "tokens", (int)Json.Number(row!["min_prompt_tokens"])!.Value);
                    return above;
                })]);
            }

            var id = (string)model["id"]!;
            if (pricing.All(field => field.Value is JsonArray || Json.Number(field.Value) >= 0))
            {
                offers.Add("openrouter", id, price, "openrouter", date, 3);
                if (model["canonical_slug"] is { } slug && (string)slug! != id && !id.Contains(':', StringComparison.Ordinal))
                {
                    offers.Add("openrouter", (string)slug!, price.DeepClone().AsObject(), "openrouter", date, 3);
                }
            }
        }

        JsonObject Fields(JsonObject pricing)
        {
            var price = new JsonObject();
            foreach (var (field, ours) in fields)
            {
                if (Json.Number(pricing[field]) is { } value)
                {
                    price[ours] = Json.PerMillion(value);
                }
            }

            return price;
        }
    }
}
