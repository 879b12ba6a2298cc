using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace MasterX.Prices;

/// <summary>litellm: US dollars per token, with the tier and the size of the prompt in the field's name.</summary>
internal static class LitellmPrices
{
    public static void Read(Offers offers, string file, string date)
    {
        Dictionary<string, string> providers = new()
        {
            ["openai"] = "openai", ["text-completion-openai"] = "openai", ["azure"] = "azure", ["azure_text"] = "azure", ["azure_ai"] = "azure", ["gemini"] = "gemini", ["anthropic"] = "anthropic",
            ["bedrock"] = "bedrock", ["bedrock_converse"] = "bedrock", ["groq"] = "groq", ["mistral"] = "mistral", ["codestral"] = "mistral", ["deepseek"] = "deepseek", ["xai"] = "xai",
            ["cohere"] = "cohere", ["cohere_chat"] = "cohere", ["together_ai"] = "together", ["fireworks_ai"] = "fireworks", ["fireworks_ai-embedding-models"] = "fireworks", ["cerebras"] = "cerebras",
            ["perplexity"] = "perplexity", ["moonshot"] = "moonshot", ["deepinfra"] = "deepinfra", ["nebius"] = "nebius", ["zai"] = "zai", ["minimax"] = "minimax", ["sambanova"] = "sambanova",
        };
        (string Field, string Ours)[] fields =
        [
            ("input_cost_per_token", "input"), ("cache_read_input_token_cost", "cached_input"), ("cache_creation_input_token_cost", "cache_write"),
            ("cache_creation_input_token_cost_above_1hr", "cache_write_hour"), ("output_cost_per_token", "output"), ("output_cost_per_reasoning_token", "reasoning"),
            ("input_cost_per_audio_token", "audio_input"), ("cache_read_input_audio_token_cost", "cached_audio_input"), ("output_cost_per_audio_token", "audio_output"),
            ("input_cost_per_image_token", "image_input"), ("output_cost_per_image_token", "image_output"),
        ];
        foreach (var (name, node) in JsonNode.Parse(File.ReadAllText(file))!.AsObject())
        {
            if (node is not JsonObject model || (string?)model["litellm_provider"] is not { } theirs || !IsAsked((string?)model["mode"], model))
            {
                continue;
            }

            var provider = theirs.StartsWith("vertex_ai", StringComparison.Ordinal) && !theirs.Contains("image", StringComparison.Ordinal) && !theirs.Contains("video", StringComparison.Ordinal)
                ? "vertex" : providers.GetValueOrDefault(theirs);
            var id = provider is null ? null : NameAt(provider, theirs, name);
            if (id is null)
            {
                continue;
            }

            JsonObject price = Fields(model, "");
            foreach (var (tier, suffix) in new[] { ("batch", "_batches"), ("flex", "_flex"), ("priority", "_priority") })
            {
                if (Tier(price, Fields(model, suffix)) is { Count: > 0 } tierPrice)
                {
                    price[tier] = tierPrice;
                }
            }

            if (Json.Number(model["input_cost_per_request"]) is > 0 and var request)
            {
                price["request"] = request;
            }

            if (provider == "anthropic" && Json.Number(model["search_context_cost_per_query"]?["search_context_size_medium"]) is > 0 and var search)
            {
                price["web_search"] = search;
            }

            var regions = new JsonObject();
            foreach (var region in new[] { "eu", "us" })
            {
                if ((Json.Number(model[$"regional_processing_uplift_multiplier_{region}"]) ?? (provider == "anthropic" ? Json.Number(model["provider_specific_entry"]?[region]) : null)) is { } factor)
                {
                    regions[region] = factor;
                }
            }

            if (regions.Count > 0)
            {
                price["regions"] = regions;
            }

            if (provider == "anthropic" && Json.Number(model["provider_specific_entry"]?["fast"]) is { } fast)
            {
                price["fast"] = new JsonObject { ["factor"] = fast };
            }

            offers.Add(provider!, id, price, "litellm", date, 2, embeds: (string?)model["mode"] == "embedding");
        }

        // Models that are asked for texts or embeddings; Gemini's make images in the same way.
        static bool IsAsked(string? mode, JsonObject model) =>
            mode is "chat" or "completion" or "responses" or "embedding" || (mode == "image_generation" && model["litellm_provider"]!.ToString() is "gemini" or "vertex_ai-language-models" && model["output_cost_per_image_token"] is not null);

        static string? NameAt(string provider, string theirs, string name)
        {
            foreach (var prefix in new[] { theirs + "/", "vertex_ai/", "openai/", "cohere/", "bedrock/" })
            {
                if (name.StartsWith(prefix, StringComparison.Ordinal))
                {
                    name = name[prefix.Length..];
                    break;
                }
            }

            return provider switch
            {
                // A region of AWS's is part of the key; reserved capacity is no price of a token.
                "bedrock" => name.Contains("commitment", StringComparison.Ordinal) || !Regex.IsMatch(name, @"^((af|ap|ca|eu|il|me|mx|sa|us|us-gov)-[a-z]+-\d/)?[a-z0-9-]+(\.[a-z0-9-]+)+[a-z0-9:.-]*$") ? null : name,
                "openai" or "azure" or "anthropic" or "gemini" or "groq" when name.Contains('/', StringComparison.Ordinal) && !(provider == "groq") => null,
                _ => name,
            };
        }

        JsonObject Fields(JsonObject model, string suffix)
        {
            var price = new JsonObject();
            foreach (var (field, ours) in fields)
            {
                if (Json.Number(model[field + suffix]) is { } value)
                {
                    price[ours] = Json.PerMillion(value);
                }
            }

            if (suffix.Length == 0 && price["cached_input"] is null && Json.Number(model["input_cost_per_token_cache_hit"]) is { } hit)
            {
                price["cached_input"] = Json.PerMillion(hit);
            }

            var rows = new JsonArray();
            foreach (var size in model.Select(field => Regex.Match(field.Key, $@"^(?:input|output)_cost_per_token_above_(\d+)k_tokens{suffix}$")).Where(match => match.Success)
                .Select(match => int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture)).Distinct().Order())
            {
                var row = new JsonObject { ["tokens"] = size * 1000 };
                foreach (var (field, ours) in fields)
                {
                    if (Json.Number(model[$"{field}_above_{size}k_tokens{suffix}"]) is { } value)
                    {
                        row[ours] = Json.PerMillion(value);
                    }
                }

                rows.Add(row);
            }

            if (rows.Count > 0)
            {
                price["above"] = rows;
            }

            return price;
        }
    }

    /// <summary>A tier's own prices, or what the standard ones are multiplied by where it is the same for input and output and nothing contradicts.</summary>
    private static JsonObject? Tier(JsonObject standard, JsonObject tier)
    {
        if (Json.Number(standard["input"]) is not > 0 || Json.Number(tier["input"]) is not { } input || (tier["output"] is null && Json.Number(standard["output"]) > 0))
        {
            return null;
        }

        var factor = input / Json.Number(standard["input"])!.Value;
        var isFactor = factor == decimal.Round(factor, 4) && tier.All(field => Equal(field.Value, standard[field.Key], factor)) ;
        return isFactor && factor == 1 ? null : isFactor ? new JsonObject { ["factor"] = Json.Plain(factor) } : tier;

        static bool Equal(JsonNode? tier, JsonNode? standard, decimal factor) => (tier, standard) switch
        {
            (JsonArray rows, JsonArray others) => rows.Count == others.Count && rows.Zip(others).All(pair => pair.First!.AsObject().All(
                field => field.Key == "tokens" ? Json.Number(field.Value) == Json.Number(pair.Second!["tokens"]) : Equal(field.Value, pair.Second![field.Key], factor))),
            // Some publish such prices rounded to a hundredth of a cent.
            (JsonValue, JsonValue) => Json.Number(tier) == Json.Number(standard) * factor,
            _ => false,
        };
    }
}
