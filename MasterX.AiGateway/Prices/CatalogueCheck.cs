namespace MasterX.AiGateway.Prices;

/// <summary>What is wrong with a catalogue. It is to be read by people too, and compared line by line, so its order is checked as well.</summary>
internal static class CatalogueCheck
{
    public static IEnumerable<string> FindProblems(PriceCatalogue catalogue)
    {
        var file = catalogue.Head;
        if (catalogue.Entries.Count == 0)
        {
            yield return "It has no models.";
        }

        foreach (var (name, source) in file.Sources)
        {
            if (!Uri.TryCreate(source.Url, UriKind.Absolute, out _) || !IsDate(source.Date, file.Date))
            {
                yield return $"The source {name} must have a url, and a date no later than the catalogue's.";
            }
        }

        HashSet<(string Provider, string Name)> names = [];
        CatalogueEntry? before = null;
        foreach (var entry in catalogue.Entries)
        {
            if (before is not null && Compare(before, entry) >= 0)
            {
                yield return $"{NameOf(entry)} must stand before {NameOf(before)}: entries are sorted by provider and model, and each is there once.";
            }

            before = entry;
            if (catalogue.Find(entry.Provider, entry.Model) is null)
            {
                yield return $"{NameOf(entry)} must have a line of its own, which begins with its provider.";
            }

            foreach (var problem in FindProblems(entry, file).Concat(FindRepeated(entry, names)))
            {
                yield return $"{NameOf(entry)} {problem}";
            }
        }
    }

    private static string NameOf(CatalogueEntry entry) => $"{entry.Provider} {entry.Model}";

    private static int Compare(CatalogueEntry one, CatalogueEntry other) =>
        string.CompareOrdinal(one.Provider, other.Provider) is not 0 and var provider ? provider : string.CompareOrdinal(one.Model, other.Model);

    private static bool IsDate(DateOnly date, DateOnly latest) => date >= new DateOnly(2020, 1, 1) && date <= latest;

    private static IEnumerable<string> FindRepeated(CatalogueEntry entry, HashSet<(string Provider, string Name)> names) =>
        from name in entry.Aliases.Prepend(entry.Model)
        where !names.Add((entry.Provider, name))
        select $"has the name {name}, which another entry or alias has too.";

    private static IEnumerable<string> FindProblems(CatalogueEntry entry, CatalogueFile file)
    {
        if (entry.Model.Length == 0 || entry.Aliases.Any(alias => alias.Length == 0))
        {
            yield return "has an empty name.";
        }

        if (!file.Providers.ContainsKey(entry.Provider))
        {
            yield return "is of a provider that the catalogue does not list.";
        }

        if (!file.Sources.ContainsKey(entry.Source))
        {
            yield return $"is from '{entry.Source}', which is not among the sources.";
        }

        if (!IsDate(entry.Date, file.Date))
        {
            yield return $"has the date {entry.Date:O}; it must have one, and none later than the catalogue's.";
        }

        var price = entry.Price;
        if (price.Input is null && price.Output is null && price.Request is null)
        {
            yield return "has no price.";
        }

        foreach (var (name, value) in price.All)
        {
            if (value is < 0 or > TokenPrices.Most)
            {
                yield return $"has {name} {value}; it must be 0 to {TokenPrices.Most}, in US dollars per million tokens.";
            }
        }

        foreach (var rows in price.Tiers.Select(tier => tier.Prices?.Above ?? []).Prepend(price.Above))
        {
            if (rows.Any(row => row.Tokens <= 0) || rows.Zip(rows.Skip(1)).Any(pair => pair.First.Tokens >= pair.Second.Tokens))
            {
                yield return "has rows by the size of the prompt that do not begin above 0 and grow.";
            }
        }
    }
}
