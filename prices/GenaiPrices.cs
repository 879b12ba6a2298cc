using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace MasterX.Prices;

/// <summary>genai-prices: US dollars per million tokens, under rules for names. Its own names are kept where a rule is for exactly them; the names that
/// other sources have are looked up by the rules.</summary>
internal static class GenaiPrices
{
    public static void Read(Offers offers, string folder, string date, string today)
    {
        Dictionary<string, string[]> providers = new()
        {
            ["anthropic"] = ["anthropic"], ["aws"] = ["bedrock"], ["azure"] = ["azure"], ["cerebras"] = ["cerebras"], ["cohere"] = ["cohere"], ["deepseek"] = ["deepseek"], ["fireworks"] = ["fireworks"],
            ["google"] = ["gemini", "vertex"], ["groq"] = ["groq"], ["minimax"] = ["minimax"], ["mistral"] = ["mistral"], ["moonshotai"] = ["moonshot"], ["perplexity"] = ["perplexity"], ["together"] = ["together"],
            ["x-ai"] = ["xai"], ["openai"] = ["openai"],
        };
        Dictionary<string, string> fields = new()
        {
            ["input_mtok"] = "input", ["output_mtok"] = "output", ["cache_read_mtok"] = "cached_input", ["cache_write_mtok"] = "cache_write", ["cache_write_1h_mtok"] = "cache_write_hour",
            ["output_reasoning_mtok"] = "reasoning", ["input_audio_mtok"] = "audio_input", ["cache_audio_read_mtok"] = "cached_audio_input", ["output_audio_mtok"] = "audio_output",
            ["input_image_mtok"] = "image_input", ["cache_image_read_mtok"] = "cached_image_input", ["output_image_mtok"] = "image_output",
        };

        // The day on which somebody looked at the provider's page is in the sources alone.
        var looked = new Dictionary<(string, string), string>();
        foreach (var file in Directory.EnumerateFiles(Path.Combine(folder, "prices", "providers"), "*.yml"))
        {
            var (provider, model) = ("", "");
            foreach (var line in File.ReadLines(file))
            {
                if (Regex.Match(line, @"^id: (\S+)") is { Success: true } own)
                {
                    provider = own.Groups[1].Value;
                }
                else if (Regex.Match(line, @"^  - id: (\S+)") is { Success: true } id)
                {
                    model = id.Groups[1].Value;
                }
                else if (Regex.Match(line, @"^    prices_checked: ['""]?([\d-]+)") is { Success: true } day)
                {
                    looked[(provider, model)] = day.Groups[1].Value;
                }
            }
        }

        foreach (var theirs in JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "prices", "new_data", "v2", "data.json")))!.AsArray())
        {
            foreach (var provider in providers.GetValueOrDefault((string)theirs!["id"]!) ?? [])
            {
                // Its rules for Bedrock look for a part of the name, whatever region or part of the world stands before it.
                string[] known = [.. offers.ModelsOf(provider).Where(name => provider != "bedrock" || !Regex.IsMatch(name, "/|^(us|eu|apac|au|jp|ca|us-gov)\\."))];
                HashSet<string> taken = [];
                foreach (var model in theirs["models"]!.AsArray())
                {
                    if (PriceOf(model!["prices"]!) is not { } price)
                    {
                        continue;
                    }

                    var id = (string)model["id"]!;
                    var seen = looked.GetValueOrDefault(((string)theirs["id"]!, id));
                    var isOthers = seen is null || (provider == "gemini" && !id.StartsWith("gem", StringComparison.Ordinal)) || id.StartsWith("gpt-oss", StringComparison.Ordinal) || id.StartsWith("regional.", StringComparison.Ordinal);
                    var own = provider == "vertex" || isOthers ? [] : Exact(model["match"]!).Append(id).Where(name => Matches(model["match"]!, name)).Distinct();
                    foreach (var name in own.Concat(known.Where(name => Matches(model["match"]!, name))).Distinct().Where(taken.Add))
                    {
                        offers.Add(provider, name, price.DeepClone().AsObject(), "genai-prices", seen ?? date, seen is null ? 0 : 3);
                    }
                }
            }
        }

        JsonObject? PriceOf(JsonNode prices)
        {
            // Those by the time of day say nothing of an answer; of those by date the last that has begun.
            var chosen = prices is JsonArray list
                ? list.LastOrDefault(one => one!["constraint"] is not { } when || (when["start_date"] is { } start && string.CompareOrdinal((string)start!, today) <= 0))?["prices"]
                : prices;
            if (chosen is not JsonObject set)
            {
                return null;
            }

            var price = new JsonObject();
            var rows = new SortedDictionary<int, JsonObject>();
            foreach (var (field, value) in set)
            {
                if (field == "web_searches_kcount")
                {
                    price["web_search"] = Json.Number(value)!.Value / 1000;
                }
                else if (field == "requests_kcount")
                {
                    price["request"] = Json.Number(value)!.Value / 1000;
                }
                else if (fields.TryGetValue(field, out var ours))
                {
                    price[ours] = Json.Number(value is JsonObject tiered ? tiered["base"] : value);
                    foreach (var tier in (value as JsonObject)?["tiers"]?.AsArray() ?? [])
                    {
                        var size = (int)Json.Number(tier!["start"])!.Value;
                        (rows.TryGetValue(size, out var row) ? row : rows[size] = new JsonObject { ["tokens"] = size })[ours] = Json.Number(tier["price"]);
                    }
                }
            }

            if (rows.Count > 0)
            {
                price["above"] = new JsonArray([.. rows.Values]);
            }

            return price;
        }

        static IEnumerable<string> Exact(JsonNode rule) =>
            rule["equals"] is { } name ? [(string)name!] : rule["or"]?.AsArray().SelectMany(one => Exact(one!)) ?? [];

        static bool Matches(JsonNode rule, string name)
        {
            var (kind, value) = rule.AsObject().First();
            return kind switch
            {
                "or" => value!.AsArray().Any(one => Matches(one!, name)),
                "and" => value!.AsArray().All(one => Matches(one!, name)),
                "equals" => name.Equals((string)value!, StringComparison.OrdinalIgnoreCase),
                "starts_with" => name.StartsWith((string)value!, StringComparison.OrdinalIgnoreCase),
                "ends_with" => name.EndsWith((string)value!, StringComparison.OrdinalIgnoreCase),
                "contains" => name.Contains((string)value!, StringComparison.OrdinalIgnoreCase),
                "regex" => Regex.IsMatch(name, (string)value!),
                _ => false,
            };
        }
    }
}
