namespace MasterX.AiGateway.Prices;

/// <summary>A model's price in the catalogue, and where it is from.</summary>
internal sealed class CatalogueEntry
{
    /// <summary>Who is paid: a name among the catalogue's providers.</summary>
    public string Provider { get; set; } = "";

    /// <summary>As the provider calls it; before it perhaps a region of the provider's and a slash, where the price is that region's alone.</summary>
    public string Model { get; set; } = "";

    /// <summary>Other names of the provider's for the same, such as dated ones.</summary>
    public IReadOnlyList<string> Aliases { get; set; } = [];

    public ModelPrice Price { get; set; } = new();

    /// <summary>Where it is from: a name among the catalogue's sources.</summary>
    public string Source { get; set; } = "";

    /// <summary>As of when it holds.</summary>
    public DateOnly Date { get; set; }

    /// <summary>Whether another source, not newer, says otherwise.</summary>
    public bool Disputed { get; set; }
}

/// <summary>Whose prices they are, and how it is told who that is.</summary>
internal sealed class CatalogueProvider
{
    /// <summary>Hosts it is reached at; an asterisk stands for anything.</summary>
    public IReadOnlyList<string> Hosts { get; set; } = [];

    /// <summary>The provider's own page of prices.</summary>
    public string? Url { get; set; }

    public bool IsAt(string host) => Hosts.Any(pattern => Matches(pattern, host));

    private static bool Matches(string pattern, string host)
    {
        var star = pattern.IndexOf('*', StringComparison.Ordinal);
        return star < 0
            ? pattern.Equals(host, StringComparison.OrdinalIgnoreCase)
            : host.Length >= pattern.Length - 1 && host.StartsWith(pattern[..star], StringComparison.OrdinalIgnoreCase)
                && host.EndsWith(pattern[(star + 1)..], StringComparison.OrdinalIgnoreCase);
    }
}

/// <summary>Something prices were taken from.</summary>
internal sealed class CatalogueSource
{
    public string Url { get; set; } = "";

    /// <summary>Of the version that was read.</summary>
    public DateOnly Date { get; set; }
}

/// <summary>The catalogue as it lies in a file.</summary>
internal sealed class CatalogueFile
{
    /// <summary>Of the file's form.</summary>
    public int Version { get; set; }

    /// <summary>When it was put together.</summary>
    public DateOnly Date { get; set; }

    public IReadOnlyDictionary<string, CatalogueProvider> Providers { get; set; } = new Dictionary<string, CatalogueProvider>();

    public IReadOnlyDictionary<string, CatalogueSource> Sources { get; set; } = new Dictionary<string, CatalogueSource>();

    public IReadOnlyList<CatalogueEntry> Models { get; set; } = [];
}
