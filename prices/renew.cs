// Puts the price catalogue together from public ones: dotnet run prices/renew.cs -- ARGUMENTS
//
//   --litellm FILE DATE      model_prices_and_context_window.json of github.com/BerriAI/litellm, and the date of its commit
//   --genai FOLDER DATE      a checkout of github.com/pydantic/genai-prices
//   --modelsdev FOLDER DATE  a checkout of github.com/anomalyco/models.dev
//   --openrouter FILE DATE   the answer of https://openrouter.ai/api/v1/models
//   --today DATE             of prices that change at a day that is known, the one in force then is taken
//
// What the providers' own pages say stands in prices/facts.json and goes before all of these. Where two catalogues disagree the one that was
// looked at last is taken, and the entry is marked as disputed. What none of them tells is absent. The result is MasterX.AiGateway/Prices/prices.json;
// `./masterx prices` checks it, and `git diff` shows what became of it.
#:property PublishAot=false
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

var given = new Dictionary<string, string[]>();
for (var at = 0; at < args.Length; at++)
{
    if (args[at].StartsWith("--", StringComparison.Ordinal))
    {
        given[args[at]] = [.. args[(at + 1)..].TakeWhile(word => !word.StartsWith("--", StringComparison.Ordinal))];
    }
}

string[] inputs = ["--litellm", "--genai", "--modelsdev", "--openrouter"];
if (!inputs.All(name => given.GetValueOrDefault(name)?.Length == 2) || given.GetValueOrDefault("--today")?.Length != 1)
{
    Console.Error.WriteLine("usage: dotnet run prices/renew.cs -- --litellm FILE DATE --genai FOLDER DATE --modelsdev FOLDER DATE --openrouter FILE DATE --today DATE");
    return 64;
}

var root = Path.GetDirectoryName(Path.GetDirectoryName(Source()))!;
var today = given["--today"][0];
var facts = JsonNode.Parse(File.ReadAllText(Path.Combine(root, "prices", "facts.json")))!.AsObject();
var offers = new Dictionary<(string Provider, string Model), List<Offer>>();
ReadLitellm(given["--litellm"][0], given["--litellm"][1]);
ReadModelsDev(given["--modelsdev"][0], given["--modelsdev"][1]);
ReadOpenRouter(given["--openrouter"][0], given["--openrouter"][1]);
ReadGenai(given["--genai"][0], given["--genai"][1]);

var entries = new SortedDictionary<(string Provider, string Model), Entry>(Comparer<(string Provider, string Model)>.Create(
    (one, other) => string.CompareOrdinal(one.Provider, other.Provider) is not 0 and var order ? order : string.CompareOrdinal(one.Model, other.Model)));
foreach (var (key, all) in offers)
{
    if (Settle(key, all) is { } entry)
    {
        entries[key] = entry;
    }
}

foreach (var rule in facts["rules"]!.AsArray())
{
    // What is true of many models at once: it fills in what the catalogues leave out.
    foreach (var (key, entry) in entries.Where(entry => entry.Key.Provider == (string)rule!["provider"]! && Regex.IsMatch(entry.Key.Model, (string)rule["model"]!)))
    {
        Fill(entry.Price, rule!["price"]!.AsObject());
    }
}

foreach (var fact in facts["models"]!.AsArray())
{
    var key = ((string)fact!["provider"]!, (string)fact["model"]!);
    entries[key] = new Entry(fact["price"]!.DeepClone().AsObject(), (string)fact["source"]!, (string?)fact["date"] ?? (string)facts["sources"]![(string)fact["source"]!]!["date"]!, (bool?)fact["disputed"] ?? false);
    entries[key].Aliases.UnionWith(fact["aliases"]?.AsArray().Select(alias => (string)alias!) ?? []);
    foreach (var alias in entries[key].Aliases)
    {
        entries.Remove((key.Item1, alias));
    }
}

Fold();
Write(Path.Combine(root, "MasterX.AiGateway", "Prices", "prices.json"));
Console.WriteLine($"{entries.Count} entries, {entries.Values.Sum(entry => entry.Aliases.Count)} aliases, {entries.Values.Count(entry => entry.Disputed)} disputed; by provider: "
    + string.Join(", ", entries.GroupBy(entry => entry.Key.Provider).Select(group => $"{group.Key} {group.Count()}")));
return 0;

static string Source([System.Runtime.CompilerServices.CallerFilePath] string path = "") => path;

void Offer(string provider, string model, JsonObject price, string source, string date, int rank, bool embeds = false)
{
    // A price of nothing is a price only where a model is called free; elsewhere it stands for one that nobody knew.
    if (!model.EndsWith(":free", StringComparison.Ordinal))
    {
        foreach (var nothing in price.Where(field => field.Value is JsonValue && Number(field.Value) == 0).Select(field => field.Key).ToArray())
        {
            price.Remove(nothing);
        }

        embeds |= model.Contains("embed", StringComparison.OrdinalIgnoreCase);
        if (price["request"] is null && (price["input"] is null || (price["output"] is null && !embeds)))
        {
            return;
        }
    }

    (offers.TryGetValue((provider, model), out var all) ? all : offers[(provider, model)] = []).Add(new Offer(price, source, date, rank));
}

// litellm: US dollars per token, with the tier and the size of the prompt in the field's name.
void ReadLitellm(string file, string date)
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

        JsonObject price = Fields(model, "", 1_000_000m);
        foreach (var (tier, suffix) in new[] { ("batch", "_batches"), ("flex", "_flex"), ("priority", "_priority") })
        {
            if (Tier(price, Fields(model, suffix, 1_000_000m)) is { Count: > 0 } tierPrice)
            {
                price[tier] = tierPrice;
            }
        }

        if (Number(model["input_cost_per_request"]) is > 0 and var request)
        {
            price["request"] = request;
        }

        if (provider == "anthropic" && Number(model["search_context_cost_per_query"]?["search_context_size_medium"]) is > 0 and var search)
        {
            price["web_search"] = search;
        }

        var regions = new JsonObject();
        foreach (var region in new[] { "eu", "us" })
        {
            if ((Number(model[$"regional_processing_uplift_multiplier_{region}"]) ?? (provider == "anthropic" ? Number(model["provider_specific_entry"]?[region]) : null)) is { } factor)
            {
                regions[region] = factor;
            }
        }

        if (regions.Count > 0)
        {
            price["regions"] = regions;
        }

        if (provider == "anthropic" && Number(model["provider_specific_entry"]?["fast"]) is { } fast)
        {
            price["fast"] = new JsonObject { ["factor"] = fast };
        }

        Offer(provider!, id, price, "litellm", date, 2, embeds: (string?)model["mode"] == "embedding");
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

    JsonObject Fields(JsonObject model, string suffix, decimal scale)
    {
        var price = new JsonObject();
        foreach (var (field, ours) in fields)
        {
            if (Number(model[field + suffix]) is { } value)
            {
                price[ours] = decimal.Round(value * scale, 6) / 1.0000000000m;
            }
        }

        if (suffix.Length == 0 && price["cached_input"] is null && Number(model["input_cost_per_token_cache_hit"]) is { } hit)
        {
            price["cached_input"] = hit * scale / 1.0000000000m;
        }

        var rows = new JsonArray();
        foreach (var size in model.Select(field => Regex.Match(field.Key, $@"^(?:input|output)_cost_per_token_above_(\d+)k_tokens{suffix}$")).Where(match => match.Success)
            .Select(match => int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture)).Distinct().Order())
        {
            var row = new JsonObject { ["tokens"] = size * 1000 };
            foreach (var (field, ours) in fields)
            {
                if (Number(model[$"{field}_above_{size}k_tokens{suffix}"]) is { } value)
                {
                    row[ours] = decimal.Round(value * scale, 6) / 1.0000000000m;
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

// A tier's own prices, or what the standard ones are multiplied by where it is the same for input and output and nothing contradicts.
static JsonObject? Tier(JsonObject standard, JsonObject tier)
{
    if (Number(standard["input"]) is not > 0 || Number(tier["input"]) is not { } input || (tier["output"] is null && Number(standard["output"]) > 0))
    {
        return null;
    }

    var factor = input / Number(standard["input"])!.Value;
    var isFactor = factor == decimal.Round(factor, 4) && tier.All(field => Equal(field.Value, standard[field.Key], factor)) ;
    return isFactor && factor == 1 ? null : isFactor ? new JsonObject { ["factor"] = factor / 1.0000000000m } : tier;

    static bool Equal(JsonNode? tier, JsonNode? standard, decimal factor) => (tier, standard) switch
    {
        (JsonArray rows, JsonArray others) => rows.Count == others.Count && rows.Zip(others).All(pair => pair.First!.AsObject().All(
            field => field.Key == "tokens" ? Number(field.Value) == Number(pair.Second!["tokens"]) : Equal(field.Value, pair.Second![field.Key], factor))),
        // Some publish such prices rounded to a hundredth of a cent.
        (JsonValue, JsonValue) => Number(tier) == Number(standard) * factor,
        _ => false,
    };
}

// models.dev: a TOML file for each model, of which the table [cost] is read: US dollars per million tokens.
void ReadModelsDev(string folder, string date)
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
                    (row ?? price)[ours] = decimal.Parse(field.Groups[2].Value.Replace("_", "", StringComparison.Ordinal), CultureInfo.InvariantCulture) / 1.0000000000m;
                }
            }

            Offer(provider, Path.GetRelativePath(models, file)[..^".toml".Length], price, "models.dev", date, 1);
        }
    }
}

// OpenRouter's own list: US dollars per token.
void ReadOpenRouter(string file, string date)
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
            price["above"] = new JsonArray([.. overrides.Where(row => row!["min_prompt_tokens"] is not null).OrderBy(row => Number(row!["min_prompt_tokens"])).Select(row =>
            {
                var above = Fields(row!.AsObject());
                above.Insert(0, "tokens", (int)Number(row!["min_prompt_tokens"])!.Value);
                return above;
            })]);
        }

        var id = (string)model["id"]!;
        if (pricing.All(field => field.Value is JsonArray || Number(field.Value) >= 0))
        {
            Offer("openrouter", id, price, "openrouter", date, 3);
            if (model["canonical_slug"] is { } slug && (string)slug! != id && !id.Contains(':', StringComparison.Ordinal))
            {
                Offer("openrouter", (string)slug!, price.DeepClone().AsObject(), "openrouter", date, 3);
            }
        }
    }

    JsonObject Fields(JsonObject pricing)
    {
        var price = new JsonObject();
        foreach (var (field, ours) in fields)
        {
            if (Number(pricing[field]) is { } value)
            {
                price[ours] = decimal.Round(value * 1_000_000m, 6) / 1.0000000000m;
            }
        }

        return price;
    }
}

// genai-prices: US dollars per million tokens, under rules for names. Its own names are kept where a rule is for exactly them; the others' names are looked up by the rules.
void ReadGenai(string folder, string date)
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
            string[] known = [.. offers.Keys.Where(key => key.Provider == provider).Select(key => key.Model).Where(name => provider != "bedrock" || !Regex.IsMatch(name, "/|^(us|eu|apac|au|jp|ca|us-gov)\\."))];
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
                    Offer(provider, name, price.DeepClone().AsObject(), "genai-prices", seen ?? date, seen is null ? 0 : 3);
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
                price["web_search"] = Number(value)!.Value / 1000;
            }
            else if (field == "requests_kcount")
            {
                price["request"] = Number(value)!.Value / 1000;
            }
            else if (fields.TryGetValue(field, out var ours))
            {
                price[ours] = Number(value is JsonObject tiered ? tiered["base"] : value);
                foreach (var tier in (value as JsonObject)?["tiers"]?.AsArray() ?? [])
                {
                    var size = (int)Number(tier!["start"])!.Value;
                    (rows.TryGetValue(size, out var row) ? row : rows[size] = new JsonObject { ["tokens"] = size })[ours] = Number(tier["price"]);
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

// The last that was looked at, with what those leave no doubt about who agree with it.
Entry? Settle((string Provider, string Model) key, List<Offer> all)
{
    var order = all.OrderByDescending(offer => offer.Rank > 0 ? offer.Date : "").ThenByDescending(offer => offer.Rank).ToArray();
    var first = order[0];

    // Two that agree outvote a third.
    if (order.Skip(1).All(offer => !Agrees(first.Price, offer.Price, "input", "output"))
        && order.Skip(1).FirstOrDefault(offer => order.Any(other => other.Source != offer.Source && Agrees(offer.Price, other.Price, "input", "output"))) is { } outvoting)
    {
        first = outvoting;
        order = [first, .. order.Where(offer => offer != first)];
    }

    Offer[] agreeing = [.. order.Skip(1).Where(offer => Agrees(first.Price, offer.Price, "input", "output"))];
    var disputed = order.Length > 1 && (agreeing.Length == 0 || order.Skip(1).All(offer => !Agrees(first.Price, offer.Price, "input", "output", "cached_input")));
    foreach (var offer in agreeing.OrderByDescending(offer => offer.Source == "litellm"))
    {
        // How long prompts are charged is the last one's word; who has no row for them says that there is none.
        var other = offer.Price.DeepClone().AsObject();
        if (first.Source != "litellm" && offer.Source == "litellm" && first.Price["above"] is null != other["above"] is null)
        {
            foreach (var tier in new[] { "flex", "priority" })
            {
                (other[tier] as JsonObject)?.Remove("above");
            }
        }

        other.Remove("above");
        Fill(first.Price, other);
    }

    Tidy(first.Price);
    if (disputed)
    {
        Console.Error.WriteLine($"disputed: {key.Provider} {key.Model}: " + string.Join("; ", order.Select(offer => $"{offer.Source} {offer.Date} {offer.Price["input"]}/{offer.Price["cached_input"]}/{offer.Price["output"]}")));
    }

    return new Entry(first.Price, first.Source, first.Date, disputed);

    static bool Agrees(JsonObject one, JsonObject other, params string[] names) =>
        names.All(name => one[name] is null || other[name] is null || Number(one[name]) == Number(other[name]));
}

static void Fill(JsonObject price, JsonObject other)
{
    foreach (var (name, value) in other)
    {
        if (price[name] is null)
        {
            price[name] = value?.DeepClone();
        }
    }
}

// A price that is what its absence means is left out.
static void Tidy(JsonObject price)
{
    foreach (var (name, general) in new[] { ("reasoning", "output"), ("audio_input", "input"), ("image_input", "input"), ("audio_output", "output"), ("image_output", "output"), ("cached_audio_input", "cached_input"), ("cached_image_input", "cached_input") })
    {
        if (price[name] is not null && Number(price[name]) == Number(price[general]))
        {
            price.Remove(name);
        }
    }

    // Nobody lets a write cost less than reading afresh: it is the price of something else.
    if (Number(price["cache_write"]) < Number(price["input"]))
    {
        price.Remove("cache_write");
    }

    if (price["above"] is JsonArray rows)
    {
        // Anthropic's hour costs twice the input, in prompts of any size (https://platform.claude.com/docs/en/build-with-claude/prompt-caching#pricing).
        foreach (var row in rows.OfType<JsonObject>().Where(row => row["cache_write_hour"] is null && Number(price["cache_write_hour"]) == 2 * Number(price["input"])))
        {
            row["cache_write_hour"] = 2 * Number(row["input"]);
        }

        foreach (var row in rows.OfType<JsonObject>().Where(_ => price["cache_write"] is null))
        {
            row.Remove("cache_write");
        }

        foreach (var row in rows.OfType<JsonObject>().Where(row => row.All(field => field.Key == "tokens" || Number(field.Value) == Number(price[field.Key]))).ToArray())
        {
            rows.Remove(row);
        }

        if (rows.Count == 0)
        {
            price.Remove("above");
        }
    }

}

// Dated names, and those of Bedrock's profiles, of which nothing is told that is not true of the plain one become its aliases.
void Fold()
{
    foreach (var (key, entry) in entries.ToArray())
    {
        var plain = key.Provider == "bedrock"
            ? Regex.Replace(key.Model, @"^(?:[a-z]+-(?:gov-)?[a-z]+-\d/|(?:us|eu|apac|au|jp|ca|us-gov|global)\.)", "")
            : Regex.Replace(key.Model, @"(?:[-@](?:20\d\d-?\d\d-?\d\d|\d{2}-\d{2}|\d{4}|latest|default|00\d)|-preview(?:-\d{2}-\d{2,4})?)$", "");
        if (plain != key.Model && entries.TryGetValue((key.Provider, plain), out var other) && entry.Price.All(price => JsonNode.DeepEquals(price.Value, other.Price[price.Key])))
        {
            entries.Remove(key);
            if (!key.Model.Contains('/', StringComparison.Ordinal) || key.Provider != "bedrock")
            {
                other.Aliases.Add(key.Model);
            }

            other.Aliases.UnionWith(entry.Aliases);
        }
    }
}

void Write(string file)
{
    var sources = facts["sources"]!.AsObject();
    foreach (var (name, url, date) in new[]
    {
        ("genai-prices", "https://github.com/pydantic/genai-prices", given["--genai"][1]), ("litellm", "https://github.com/BerriAI/litellm/blob/main/model_prices_and_context_window.json", given["--litellm"][1]),
        ("models.dev", "https://github.com/anomalyco/models.dev", given["--modelsdev"][1]), ("openrouter", "https://openrouter.ai/api/v1/models", given["--openrouter"][1]),
    })
    {
        sources[name] = new JsonObject { ["url"] = url, ["date"] = date };
    }

    using var text = new StreamWriter(file) { NewLine = "\n" };
    text.WriteLine("{");
    text.WriteLine("\"version\":1,");
    text.WriteLine($"\"date\":\"{today}\",");
    text.WriteLine("\"providers\":{");
    text.WriteLine(string.Join(",\n", facts["providers"]!.AsObject().OrderBy(one => one.Key, StringComparer.Ordinal).Select(one => $"\"{one.Key}\":{Line(one.Value!)}")));
    text.WriteLine("},");
    text.WriteLine("\"sources\":{");
    text.WriteLine(string.Join(",\n", sources.OrderBy(one => one.Key, StringComparer.Ordinal).Select(one => $"\"{one.Key}\":{Line(one.Value!)}")));
    text.WriteLine("},");
    text.WriteLine("\"models\":[");
    text.WriteLine(string.Join(",\n", entries.Select(pair =>
    {
        var (key, entry) = pair;
        var line = new JsonObject { ["provider"] = key.Provider, ["model"] = key.Model };
        if (entry.Aliases.Count > 0)
        {
            line["aliases"] = new JsonArray([.. entry.Aliases.Order(StringComparer.Ordinal).Select(alias => (JsonNode)alias)]);
        }

        (line["price"], line["source"], line["date"]) = (Ordered(entry.Price), entry.Source, entry.Date);
        if (entry.Disputed)
        {
            line["disputed"] = true;
        }

        return Line(line);
    })));
    text.WriteLine("]");
    text.WriteLine("}");

    static string Line(JsonNode node) => node.ToJsonString(new JsonSerializerOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });

    static JsonObject Ordered(JsonObject price)
    {
        string[] order =
        [
            "tokens", "factor", "input", "cached_input", "cache_write", "cache_write_hour", "output", "reasoning", "audio_input", "cached_audio_input", "audio_output", "image_input", "cached_image_input", "image_output",
            "request", "web_search", "above", "batch", "flex", "priority", "fast", "regions",
        ];
        return new(order.Where(name => price[name] is not null).Select(name => KeyValuePair.Create(name, price[name] switch
        {
            JsonArray rows => new JsonArray([.. rows.Select(row => Ordered(row!.AsObject()))]),
            JsonObject inner when name != "regions" => Ordered(inner),
            var other => other?.DeepClone(),
        })));
    }
}

static decimal? Number(JsonNode? node) => node is JsonValue value && decimal.TryParse(value.ToString(), NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number / 1.0000000000m : null;

internal sealed record Offer(JsonObject Price, string Source, string Date, int Rank);

internal sealed record Entry(JsonObject Price, string Source, string Date, bool Disputed)
{
    public HashSet<string> Aliases { get; } = [];
}
