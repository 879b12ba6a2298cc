using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace MasterX.Prices;

/// <summary>A model's line in the catalogue.</summary>
internal sealed record Entry(JsonObject Price, string Source, string Date, bool Disputed)
{
    public HashSet<string> Aliases { get; } = [];
}

/// <summary>The catalogue's lines, in its order.</summary>
internal sealed class Entries
{
    private readonly SortedDictionary<(string Provider, string Model), Entry> _entries = new(Comparer<(string Provider, string Model)>.Create(
        (one, other) => string.CompareOrdinal(one.Provider, other.Provider) is not 0 and var order ? order : string.CompareOrdinal(one.Model, other.Model)));

    public Entries(Offers offers)
    {
        foreach (var (key, all) in offers.All)
        {
            _entries[key] = Settlement.Of(key, all);
        }
    }

    public override string ToString() =>
        $"{_entries.Count} entries, {_entries.Values.Sum(entry => entry.Aliases.Count)} aliases, {_entries.Values.Count(entry => entry.Disputed)} disputed; by provider: "
        + string.Join(", ", _entries.GroupBy(entry => entry.Key.Provider).Select(group => $"{group.Key} {group.Count()}"));

    /// <summary>What the providers' own pages say: of many models at once where the sources are silent, and of single ones before all sources.</summary>
    public void Apply(JsonObject facts)
    {
        foreach (var rule in facts["rules"]!.AsArray())
        {
            // What is true of many models at once: it fills in what the catalogues leave out.
            foreach (var (key, entry) in _entries.Where(entry => entry.Key.Provider == (string)rule!["provider"]! && Regex.IsMatch(entry.Key.Model, (string)rule["model"]!)))
            {
                Json.Fill(entry.Price, rule!["price"]!.AsObject());
            }
        }

        foreach (var fact in facts["models"]!.AsArray())
        {
            var key = ((string)fact!["provider"]!, (string)fact["model"]!);
            _entries[key] = new Entry(fact["price"]!.DeepClone().AsObject(), (string)fact["source"]!, (string?)fact["date"] ?? (string)facts["sources"]![(string)fact["source"]!]!["date"]!, (bool?)fact["disputed"] ?? false);
            _entries[key].Aliases.UnionWith(fact["aliases"]?.AsArray().Select(alias => (string)alias!) ?? []);
            foreach (var alias in _entries[key].Aliases)
            {
                _entries.Remove((key.Item1, alias));
            }
        }
    }

    /// <summary>Dated names, and those of Bedrock's profiles, of which nothing is told that is not true of the plain one become its aliases.</summary>
    public void Fold()
    {
        foreach (var (key, entry) in _entries.ToArray())
        {
            var plain = key.Provider == "bedrock"
                ? Regex.Replace(key.Model, @"^(?:[a-z]+-(?:gov-)?[a-z]+-\d/|(?:us|eu|apac|au|jp|ca|us-gov|global)\.)", "")
                : Regex.Replace(key.Model, @"(?:[-@](?:20\d\d-?\d\d-?\d\d|\d{2}-\d{2}|\d{4}|latest|default|00\d)|-preview(?:-\d{2}-\d{2,4})?)$", "");
            if (plain != key.Model && _entries.TryGetValue((key.Provider, plain), out var other) && entry.Price.All(price => JsonNode.DeepEquals(price.Value, other.Price[price.Key])))
            {
                _entries.Remove(key);
                if (!key.Model.Contains('/', StringComparison.Ordinal) || key.Provider != "bedrock")
                {
                    other.Aliases.Add(key.Model);
                }

                other.Aliases.UnionWith(entry.Aliases);
            }
        }
    }

    public void Write(string file, JsonObject facts, IEnumerable<(string Name, string Url, string Date)> catalogues, string today)
    {
        var sources = facts["sources"]!.AsObject();
        foreach (var (name, url, date) in catalogues)
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
        text.WriteLine(string.Join(",\n", _entries.Select(pair =>
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
}
