using System.Text.Json.Nodes;

namespace MasterX.Prices;

/// <summary>A source's word for what a model costs.</summary>
/// <param name="Price">In the catalogue's form.</param>
/// <param name="Source">The source's name.</param>
/// <param name="Date">When somebody looked at the provider's page, or else the source's own.</param>
/// <param name="Rank">Among those of one day; 0 for one that nobody is known to have looked at.</param>
internal sealed record Offer(JsonObject Price, string Source, string Date, int Rank);

/// <summary>What all sources say, by provider and model.</summary>
internal sealed class Offers
{
    private readonly Dictionary<(string Provider, string Model), List<Offer>> _offers = [];

    public IReadOnlyDictionary<(string Provider, string Model), List<Offer>> All => _offers;

    public IEnumerable<string> ModelsOf(string provider) => _offers.Keys.Where(key => key.Provider == provider).Select(key => key.Model);

    public void Add(string provider, string model, JsonObject price, string source, string date, int rank, bool embeds = false)
    {
        // A price of nothing is a price only where a model is called free; elsewhere it stands for one that nobody knew.
        if (!model.EndsWith(":free", StringComparison.Ordinal))
        {
            foreach (var nothing in price.Where(field => field.Value is JsonValue && Json.Number(field.Value) == 0).Select(field => field.Key).ToArray())
            {
                price.Remove(nothing);
            }

            embeds |= model.Contains("embed", StringComparison.OrdinalIgnoreCase);
            if (price["request"] is null && (price["input"] is null || (price["output"] is null && !embeds)))
            {
                return;
            }
        }

        (_offers.TryGetValue((provider, model), out var all) ? all : _offers[(provider, model)] = []).Add(new Offer(price, source, date, rank));
    }
}
