using System.Globalization;
using System.Text.Json;
using MasterX.AiGateway.Routing;

namespace MasterX.AiGateway.Prices;

/// <summary>
/// <c>--prices [FILE]</c>: checks the catalogue in force, or a newer file; shows what the file changes, and which of the configured models have
/// no price. Nothing else of the configuration has to be right for it.
/// </summary>
internal static class PricesCommand
{
    private const string Switch = "--prices";

    /// <summary>A file is no catalogue (EX_DATAERR).</summary>
    private const int Invalid = 65;

    public static bool IsAskedFor(string[] args) => args.Contains(Switch);

    /// <returns>0, or another code when a catalogue is not valid.</returns>
    public static int Run(IConfiguration configuration, string[] args, TextWriter output)
    {
        GatewayOptions options;
        try
        {
            options = GatewayConfiguration.Bind(configuration);
        }
        catch (InvalidOperationException unbindable)
        {
            output.WriteLine($"The gateway's settings cannot be read: {unbindable.Message}");
            return Invalid;
        }

        var file = args.SkipWhile(arg => arg != Switch).Skip(1).FirstOrDefault();
        var inForce = Open(string.IsNullOrEmpty(options.PriceCatalogue) ? null : options.PriceCatalogue, output);
        var asked = file is null ? inForce : Open(file, output);
        if (inForce is null || asked is null)
        {
            return Invalid;
        }

        if (file is not null)
        {
            WriteChanges(inForce, asked, output);
        }

        options.Use(asked);
        WriteConfigured(options, output);
        return 0;
    }

    private static PriceCatalogue? Open(string? path, TextWriter output)
    {
        var name = path ?? "The catalogue in the program";
        PriceCatalogue catalogue;
        string[] problems;
        try
        {
            catalogue = path is null ? PriceCatalogue.BuiltIn : PriceCatalogue.Read(path);
            problems = [.. CatalogueCheck.FindProblems(catalogue)];
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException or JsonException or ArgumentException or NotSupportedException)
        {
            output.WriteLine($"{name} cannot be read: {unreadable.Message}");
            return null;
        }

        if (problems.Length > 0)
        {
            output.WriteLine($"{name} is not valid:");
            Array.ForEach(problems, problem => output.WriteLine($"  {problem}"));
            return null;
        }

        var entries = catalogue.Entries;
        output.WriteLine(
            $"{name}, of {Day(catalogue.Head.Date)}: {entries.Count} models of {entries.Select(entry => entry.Provider).Distinct().Count()} providers, {entries.Sum(entry => entry.Aliases.Count)} other names for them; "
            + $"prices as of {Day(entries.Min(entry => entry.Date))} to {Day(entries.Max(entry => entry.Date))}, {entries.Count(entry => entry.Disputed)} of them disputed. Valid.");
        return catalogue;
    }

    private static void WriteChanges(PriceCatalogue before, PriceCatalogue after, TextWriter output)
    {
        var (old, now) = (NamesOf(before), NamesOf(after));
        List<string[]> changed = [["", "PROVIDER", "MODEL", "PRICE", "BEFORE", "AFTER", "AS OF"]];
        foreach (var ((provider, name), entry) in now)
        {
            if (!old.TryGetValue((provider, name), out var known))
            {
                changed.Add(["added", provider, name, "", "", Short(entry.Price), Day(entry.Date)]);
                continue;
            }

            if (name != entry.Model)
            {
                continue;
            }

            var was = known.Price.All.Where(price => price.Value is not null).ToDictionary(price => price.Name, price => price.Value);
            var isNow = entry.Price.All.Where(price => price.Value is not null).ToDictionary(price => price.Name, price => price.Value);
            foreach (var price in isNow.Keys.Union(was.Keys).Where(price => was.GetValueOrDefault(price) != isNow.GetValueOrDefault(price)))
            {
                changed.Add(["changed", provider, name, price, Number(was.GetValueOrDefault(price)), Number(isNow.GetValueOrDefault(price)), Day(entry.Date)]);
            }
        }

        changed.AddRange(old.Where(entry => !now.ContainsKey(entry.Key)).Select(entry => (string[])["removed", entry.Key.Provider, entry.Key.Name, "", Short(entry.Value.Price), "", Day(entry.Value.Date)]));
        output.WriteLine();
        if (changed.Count == 1)
        {
            output.WriteLine("It changes nothing.");
            return;
        }

        output.WriteLine($"What it changes, in US dollars per million tokens: {Count("added")} names, {Count("removed")} names, {Count("changed")} prices");
        WriteTable(changed, output);

        string Count(string what) => $"{changed.Count(row => row[0] == what)} {what}";
    }

    private static void WriteConfigured(GatewayOptions options, TextWriter output)
    {
        var configured = options.Providers.SelectMany(provider => new[] { provider.Value.DefaultModel, provider.Value.EmbeddingModel }.Select(model => (Provider: provider.Key, Model: model)))
            .Concat(options.Routes.Values.SelectMany(route => route.Candidates).Select(Candidate.Split))
            .Where(one => !string.IsNullOrEmpty(one.Model) && options.Providers.ContainsKey(one.Provider))
            .Select(one => (one.Provider, Model: one.Model!))
            .Distinct().OrderBy(one => one.Provider, StringComparer.Ordinal).ThenBy(one => one.Model, StringComparer.Ordinal)
            .Select(one => (one.Provider, one.Model, Quote: PriceList.QuoteOf(options, one.Provider, one.Model)))
            .ToArray();
        List<string[]> rows = [["", "PROVIDER", "MODEL", "PRICE", "FROM", "AS OF"]];
        rows.AddRange(configured.Select(one => (string[])
        [
            one.Quote.Price is null ? "NONE" : "ok", one.Provider, one.Model, one.Quote.Price is { } price ? Short(price) : "",
            one.Quote.Origin switch
            {
                PriceOrigin.Catalogue => $"{one.Quote.Entry!.Provider} {one.Quote.Entry.Model}, {one.Quote.Entry.Source}",
                PriceOrigin.Setting => "Gateway:Prices",
                PriceOrigin.Default => "Gateway:DefaultPrice",
                _ => options.Providers[one.Provider].Kind == "azure" ? "a deployment: known once an answer names its model" : "",
            },
            one.Quote.Entry is { } entry ? Day(entry.Date) + (entry.Disputed ? ", disputed" : "") : "",
        ]));
        output.WriteLine();
        output.WriteLine("The models of the gateway's settings:");
        WriteTable(rows, output);
        if (configured.FirstOrDefault(one => one.Quote.Price is null) is { Model: not null } without)
        {
            output.WriteLine();
            output.WriteLine(
                $"{configured.Count(one => one.Quote.Price is null)} without a price. Set for example Gateway__Prices__{without.Provider}/{without.Model}__Input and __Output, or Gateway__DefaultPrice__Input and __Output for all such.");
        }
    }

    private static SortedDictionary<(string Provider, string Name), CatalogueEntry> NamesOf(PriceCatalogue catalogue)
    {
        SortedDictionary<(string Provider, string Name), CatalogueEntry> names = [];
        foreach (var entry in catalogue.Entries)
        {
            foreach (var name in entry.Aliases.Prepend(entry.Model))
            {
                names[(entry.Provider, name)] = entry;
            }
        }

        return names;
    }

    private static void WriteTable(List<string[]> rows, TextWriter output)
    {
        int[] widths = [.. Enumerable.Range(0, rows[0].Length).Select(column => rows.Max(row => row[column].Length))];
        foreach (var row in rows)
        {
            output.WriteLine(("  " + string.Join("  ", row.Select((cell, column) => cell.PadRight(widths[column])))).TrimEnd());
        }
    }

    private static string Short(ModelPrice price) => $"in {Number(price.Input)} out {Number(price.Output)}";

    private static string Number(decimal? value) => value?.ToString("0.############", CultureInfo.InvariantCulture) ?? "-";

    private static string Day(DateOnly date) => date.ToString("O", CultureInfo.InvariantCulture);
}
