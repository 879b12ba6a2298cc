using System.Text.Json.Nodes;

namespace MasterX.Prices;

/// <summary>Makes one price of what several sources say.</summary>
internal static class Settlement
{
    /// <summary>The last that was looked at, with what those leave no doubt about who agree with it.</summary>
    public static Entry Of((string Provider, string Model) key, List<Offer> all)
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
            if (first.Price["above"] is null)
            {
                foreach (var tier in new[] { "flex", "priority" })
                {
                    (other[tier] as JsonObject)?.Remove("above");
                }
            }

            other.Remove("above");
            Json.Fill(first.Price, other);
        }

        Tidy(first.Price);
        if (disputed)
        {
            Console.Error.WriteLine($"disputed: {key.Provider} {key.Model}: " + string.Join("; ", order.Select(offer => $"{offer.Source} {offer.Date} {offer.Price["input"]}/{offer.Price["cached_input"]}/{offer.Price["output"]}")));
        }

        return new Entry(first.Price, first.Source, first.Date, disputed);

        static bool Agrees(JsonObject one, JsonObject other, params string[] names) =>
            names.All(name => one[name] is null || other[name] is null || Json.Number(one[name]) == Json.Number(other[name]));
    }

    /// <summary>A price that is what its absence means is left out.</summary>
    private static void Tidy(JsonObject price)
    {
        foreach (var (name, general) in new[] { ("reasoning", "output"), ("audio_input", "input"), ("image_input", "input"), ("audio_output", "output"), ("image_output", "output"), ("cached_audio_input", "cached_input"), ("cached_image_input", "cached_input") })
        {
            if (price[name] is not null && Json.Number(price[name]) == Json.Number(price[general]))
            {
                price.Remove(name);
            }
        }

        // Nobody lets a write cost less than reading afresh: it is the price of something else.
        if (Json.Number(price["cache_write"]) < Json.Number(price["input"]))
        {
            price.Remove("cache_write");
        }

        if (price["above"] is JsonArray rows)
        {
            // Anthropic's hour costs twice the input, in prompts of any size (https://platform.claude.com/docs/en/build-with-claude/prompt-caching#pricing).
            foreach (var row in rows.OfType<JsonObject>().Where(row => row["cache_write_hour"] is null && Json.Number(price["cache_write_hour"]) == 2 * Json.Number(price["input"])))
            {
                row["cache_write_hour"] = 2 * Json.Number(row["input"]);
            }

            foreach (var row in rows.OfType<JsonObject>().Where(_ => price["cache_write"] is null))
            {
                row.Remove("cache_write");
            }

            foreach (var row in rows.OfType<JsonObject>().Where(row => row.All(field => field.Key == "tokens" || Json.Number(field.Value) == Json.Number(price[field.Key]))).ToArray())
            {
                rows.Remove(row);
            }

            if (rows.Count == 0)
            {
                price.Remove("above");
            }
        }

    }
}
