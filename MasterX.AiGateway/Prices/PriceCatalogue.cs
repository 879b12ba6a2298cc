using System.Text;
using System.Text.Json;

namespace MasterX.AiGateway.Prices;

/// <summary>
/// What the providers' models cost, as public catalogues and the providers themselves say: <c>prices.json</c>, which lies in the program, or a
/// newer file that <c>Gateway__PriceCatalogue</c> names. A name is found as it stands there, or not at all. Each model has a line of its own, and
/// only the lines that are asked for are ever read: a start costs nothing, and two thousand models no memory.
/// </summary>
internal sealed class PriceCatalogue
{
    /// <summary>Of the file's form; one of another is not read.</summary>
    public const int Version = 1;

    private static readonly Lazy<PriceCatalogue> Own = new(ReadOwn);

    private readonly byte[] _json;
    private readonly Lazy<IReadOnlyList<CatalogueEntry>> _entries;

    private PriceCatalogue(byte[] json)
    {
        _json = json;
        var models = json.AsSpan().IndexOf("\"models\":["u8);
        if (models < 0)
        {
            throw new JsonException("It has no \"models\":[ on a line of its own.");
        }

        Head = CatalogueReader.ReadFile((byte[])[.. json.AsSpan(0, models), .. "\"models\":[]}"u8]);
        if (Head.Version != Version)
        {
            throw new JsonException($"Its version is {Head.Version}, and this program reads version {Version}.");
        }

        _entries = new(() => CatalogueReader.ReadFile(_json).Models);
    }

    /// <summary>The one that lies in the program; read when it is first asked for.</summary>
    public static PriceCatalogue BuiltIn => Own.Value;

    /// <summary>All but the models.</summary>
    public CatalogueFile Head { get; }

    /// <summary>Every model, in the file's order.</summary>
    /// <exception cref="JsonException">The file is no catalogue.</exception>
    public IReadOnlyList<CatalogueEntry> Entries => _entries.Value;

    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="JsonException">It is no catalogue.</exception>
    public static PriceCatalogue Read(string path) => new(File.ReadAllBytes(path));

    /// <exception cref="JsonException">It is no catalogue.</exception>
    public static PriceCatalogue Parse(string json) => new(Encoding.UTF8.GetBytes(json));

    /// <param name="provider">A name among the catalogue's providers.</param>
    /// <param name="model">The model's name there, or an alias of it.</param>
    public CatalogueEntry? Find(string provider, string model)
    {
        var named = Encoding.UTF8.GetBytes($"\"{JsonEncodedText.Encode(model, System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping)}\"");
        var ofProvider = Encoding.UTF8.GetBytes($"{{\"provider\":\"{provider}\",");
        var from = 0;
        while (_json.AsSpan(from).IndexOf(named) is >= 0 and var at)
        {
            at += from;
            var start = _json.AsSpan(0, at).LastIndexOf((byte)'\n') + 1;
            var length = _json.AsSpan(start).IndexOf((byte)'\n');
            var line = length < 0 ? _json.AsMemory(start) : _json.AsMemory(start, length);
            if (line.Span.StartsWith(ofProvider) && CatalogueReader.ReadEntry(line.TrimEnd("\r,"u8)) is var entry && (entry.Model == model || entry.Aliases.Contains(model)))
            {
                return entry;
            }

            from = start + line.Length;
        }

        return null;
    }

    /// <summary>Who is paid for what is asked of a host; <see langword="null"/> when nobody in the catalogue is known to be there.</summary>
    public string? ProviderAt(string host)
    {
        foreach (var (name, provider) in Head.Providers)
        {
            if (provider.IsAt(host))
            {
                return name;
            }
        }

        return null;
    }

    private static PriceCatalogue ReadOwn()
    {
        using var stream = typeof(PriceCatalogue).Assembly.GetManifestResourceStream("prices.json")!;
        var json = new byte[stream.Length];
        stream.ReadExactly(json);
        return new PriceCatalogue(json);
    }
}
