using System.Globalization;
using System.Text.Json;

namespace MasterX.AiGateway.Prices;

/// <summary>
/// Reads the catalogue's JSON. By hand, as what the serializer has to set up for it took a start three times as long; and strictly, as a name
/// that is mistyped would be a price that is missing.
/// </summary>
internal static class CatalogueReader
{
    /// <exception cref="JsonException">It is no catalogue.</exception>
    public static CatalogueFile ReadFile(ReadOnlyMemory<byte> json) => Read(json, ReadFile);

    /// <exception cref="JsonException">It is no entry of a catalogue.</exception>
    public static CatalogueEntry ReadEntry(ReadOnlyMemory<byte> json) => Read(json, ReadEntry);

    private static T Read<T>(ReadOnlyMemory<byte> json, Func<JsonElement, T> read)
    {
        using var document = JsonDocument.Parse(json);
        try
        {
            return read(document.RootElement);
        }
        catch (Exception wrong) when (wrong is InvalidOperationException or FormatException)
        {
            // A value is of another type than it should be.
            throw new JsonException(wrong.Message, wrong);
        }
    }

    private static CatalogueFile ReadFile(JsonElement json)
    {
        var file = new CatalogueFile();
        foreach (var member in json.EnumerateObject())
        {
            switch (member.Name)
            {
                case "version":
                    file.Version = member.Value.GetInt32();
                    break;
                case "date":
                    file.Date = DateOf(member.Value);
                    break;
                case "providers":
                    file.Providers = member.Value.EnumerateObject().ToDictionary(provider => provider.Name, provider => ReadProvider(provider.Value));
                    break;
                case "sources":
                    file.Sources = member.Value.EnumerateObject().ToDictionary(source => source.Name, source => ReadSource(source.Value));
                    break;
                case "models":
                    file.Models = [.. member.Value.EnumerateArray().Select(ReadEntry)];
                    break;
                default:
                    throw Unknown(member);
            }
        }

        return file;
    }

    private static CatalogueProvider ReadProvider(JsonElement json)
    {
        var provider = new CatalogueProvider();
        foreach (var member in json.EnumerateObject())
        {
            switch (member.Name)
            {
                case "hosts":
                    provider.Hosts = TextsOf(member.Value);
                    break;
                case "url":
                    provider.Url = member.Value.GetString();
                    break;
                default:
                    throw Unknown(member);
            }
        }

        return provider;
    }

    private static CatalogueSource ReadSource(JsonElement json)
    {
        var source = new CatalogueSource();
        foreach (var member in json.EnumerateObject())
        {
            switch (member.Name)
            {
                case "url":
                    source.Url = TextOf(member.Value);
                    break;
                case "date":
                    source.Date = DateOf(member.Value);
                    break;
                default:
                    throw Unknown(member);
            }
        }

        return source;
    }

    private static CatalogueEntry ReadEntry(JsonElement json)
    {
        var entry = new CatalogueEntry();
        foreach (var member in json.EnumerateObject())
        {
            switch (member.Name)
            {
                case "provider":
                    entry.Provider = TextOf(member.Value);
                    break;
                case "model":
                    entry.Model = TextOf(member.Value);
                    break;
                case "aliases":
                    entry.Aliases = TextsOf(member.Value);
                    break;
                case "price":
                    entry.Price = ReadPrice(member.Value);
                    break;
                case "source":
                    entry.Source = TextOf(member.Value);
                    break;
                case "date":
                    entry.Date = DateOf(member.Value);
                    break;
                case "disputed":
                    entry.Disputed = member.Value.GetBoolean();
                    break;
                default:
                    throw Unknown(member);
            }
        }

        return entry;
    }

    private static ModelPrice ReadPrice(JsonElement json)
    {
        var price = new ModelPrice();
        foreach (var member in json.EnumerateObject())
        {
            switch (member.Name)
            {
                case "request":
                    price.Request = member.Value.GetDecimal();
                    break;
                case "web_search":
                    price.WebSearch = member.Value.GetDecimal();
                    break;
                case "above":
                    price.Above = RowsOf(member.Value);
                    break;
                case "batch":
                    price.Batch = ReadTier(member.Value);
                    break;
                case "flex":
                    price.Flex = ReadTier(member.Value);
                    break;
                case "priority":
                    price.Priority = ReadTier(member.Value);
                    break;
                case "fast":
                    price.Fast = ReadTier(member.Value);
                    break;
                case "regions":
                    foreach (var region in member.Value.EnumerateObject())
                    {
                        price.Regions[region.Name] = region.Value.GetDecimal();
                    }

                    break;
                default:
                    Set(price, member);
                    break;
            }
        }

        return price;
    }

    private static TierPrices ReadTier(JsonElement json)
    {
        var tier = new TierPrices();
        foreach (var member in json.EnumerateObject())
        {
            switch (member.Name)
            {
                case "factor":
                    tier.Factor = member.Value.GetDecimal();
                    break;
                case "above":
                    tier.Above = RowsOf(member.Value);
                    break;
                default:
                    Set(tier, member);
                    break;
            }
        }

        return tier;
    }

    private static List<ContextPrices> RowsOf(JsonElement json)
    {
        List<ContextPrices> rows = [];
        foreach (var element in json.EnumerateArray())
        {
            var row = new ContextPrices();
            foreach (var member in element.EnumerateObject())
            {
                if (member.Name == "tokens")
                {
                    row.Tokens = member.Value.GetInt32();
                }
                else
                {
                    Set(row, member);
                }
            }

            rows.Add(row);
        }

        return rows;
    }

    private static void Set(TokenPrices prices, JsonProperty member)
    {
        var price = member.Value.GetDecimal();
        _ = member.Name switch
        {
            "input" => prices.Input = price,
            "cached_input" => prices.CachedInput = price,
            "cache_write" => prices.CacheWrite = price,
            "cache_write_hour" => prices.CacheWriteHour = price,
            "output" => prices.Output = price,
            "reasoning" => prices.Reasoning = price,
            "audio_input" => prices.AudioInput = price,
            "cached_audio_input" => prices.CachedAudioInput = price,
            "audio_output" => prices.AudioOutput = price,
            "image_input" => prices.ImageInput = price,
            "cached_image_input" => prices.CachedImageInput = price,
            "image_output" => prices.ImageOutput = price,
            _ => throw Unknown(member),
        };
    }

    private static string TextOf(JsonElement json) => json.GetString() ?? throw new JsonException("A text is null.");

    private static List<string> TextsOf(JsonElement json) => [.. json.EnumerateArray().Select(TextOf)];

    private static DateOnly DateOf(JsonElement json) =>
        DateOnly.TryParseExact(TextOf(json), "O", CultureInfo.InvariantCulture, DateTimeStyles.None, out var date) ? date : throw new JsonException($"{json} is no date such as 2026-01-31.");

    private static JsonException Unknown(JsonProperty member) => new($"'{member.Name}' is not known.");
}
