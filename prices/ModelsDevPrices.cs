using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace MasterX.Prices;

/// <summary>models.dev: a TOML file for each model, of which the table <c>cost</c> is read: US dollars per million tokens.</summary>
internal static class ModelsDevPrices
{
    public static void Read(Offers offers, string folder, string date)
    {
        Dictionary<string, string> providers = new()
        {
            ["openai"] = "openai", ["anthropic"] = "anthropic", ["google"] = "gemini", ["google-vertex"] = "vertex", ["google-vertex-anthropic"] = "vertex", ["amazon-bedrock"] = "bedrock", ["azure"] = "azure",
            ["groq"] = "groq", ["mistral"] = "mistral", ["deepseek"] = "deepseek", ["xai"] = "xai", ["cohere"] = "cohere", ["togetherai"] = "together", ["fireworks-ai"] = "fireworks", ["cerebras"] = "cerebras",
            ["perplexity"] = "perplexity", ["moonshotai"] = "moonshot", ["deepinfra"] = "deepinfra", ["nebius"] = "nebius", ["zai"] = "zai", ["minimax"] = "minimax",
        };
        Dictionary<string, string> fields = new()
        {
            ["input"] = "input", ["output"] = "output", ["reasoning"] = "reasoning", ["cache_read"] = "cached_input", ["cache_write"] = "cache_write", ["input_audio"] = "audio_input", ["output_audio"] = "audio_output",
        };
        foreach (var (theirs, provider) in providers)
        {
            var models = Path.Combine(folder, "providers", theirs, "models");
            foreach (var file in Directory.EnumerateFiles(models, "*.toml", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
            {
                var (price, row, table) = (new JsonObject(), (JsonObject?)null, "");
                foreach (var line in File.ReadLines(file).Select(line => line.Trim()))
                {
                    if (line.StartsWith('['))
                    {
                        table = line.Trim('[', ']');
                        row = table == "cost.tiers" ? new JsonObject() : table == "cost.context_over_200k" ? new JsonObject { ["tokens"] = 200_000 } : null;
                        if (row is not null)
                        {
                            (price["above"] ??= new JsonArray()).AsArray().Add(row);
                        }
                    }
                    else if (row is not null && Regex.Match(line, @"^tier\s*=\s*\{.*size\s*=\s*([\d_]+)") is { Success: true } size)
                    {
                        row["tokens"] = int.Parse(size.Groups[1].Value.Replace("_", "", StringComparison.Ordinal), CultureInfo.InvariantCulture);
                    }
                    else if ((row is not null || table == "cost") && Regex.Match(line, @"^(\w+)\s*=\s*([\d._]+)") is { Success: true } field && fields.TryGetValue(field.Groups[1].Value, out var ours))
                    {
                        (row ?? price)[ours] = Json.Plain(decimal.Parse(field.Groups[2].Value.Replace("_", "", StringComparison.Ordinal), CultureInfo.InvariantCulture));
                    }
                }

                offers.Add(provider, Path.GetRelativePath(models, file)[..^".toml".Length], price, "models.dev", date, 1);
            }
        }
    }
}
