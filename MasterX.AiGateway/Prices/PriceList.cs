using System.Collections.Concurrent;
using MasterX.AiGateway.Providers;
using MasterX.AiGateway.Routing;
using MasterX.AiGateway.Telemetry;

namespace MasterX.AiGateway.Prices;

/// <summary>
/// What answers cost: by the price that is set for the provider's model, or for the model; else by the catalogue's; else by the one that is
/// declared for what has none.
/// </summary>
internal sealed partial class PriceList(GatewayConfiguration configuration, ILogger<PriceList> logger)
{
    /// <summary>Models whose want of a price is remembered to have been told.</summary>
    private const int MostTold = 1000;

    private readonly ConcurrentDictionary<string, bool> _told = new(StringComparer.Ordinal);

    /// <returns>US dollars; <see langword="null"/> when the model has no price, which is not the same as free.</returns>
    public decimal? CostOf(Candidate candidate, TokenUsage usage)
    {
        var quote = QuoteOf(candidate, candidate.NameOf(usage.Model) ?? candidate.AnswersAs);
        if (quote.Price is null)
        {
            Tell(candidate, quote);
            return null;
        }

        return quote.Price.CostOf(usage, quote.Region);
    }

    /// <returns>The model's price, if it has one.</returns>
    public ModelPrice? Of(Candidate candidate) => QuoteOf(candidate).Price;

    /// <returns>The model's price, or that there is none, and where it is from.</returns>
    public Quote QuoteOf(Candidate candidate) => QuoteOf(candidate, candidate.AnswersAs);

    /// <summary>The same without a candidate, of a configuration that nobody works by yet.</summary>
    public static Quote QuoteOf(GatewayOptions options, string provider, string model, string? answered = null) =>
        QuoteOf(options, provider, options.Providers[provider], model, answered);

    private static Quote QuoteOf(GatewayOptions options, string provider, ProviderOptions settings, string model, string? answered)
    {
        var region = CatalogueNames.RegionOf(settings);
        if ((Set(options, provider, model) ?? (answered is null ? null : Set(options, provider, answered))) is { } set)
        {
            return new(options, answered, set, PriceOrigin.Setting, null, region);
        }

        var catalogue = options.GetCatalogue();
        if (CatalogueNames.ProviderOf(catalogue, provider, settings) is { } payee)
        {
            // What the answer names is what was used; a name that is not in the catalogue says no more than the one that was asked for.
            foreach (var name in new[] { answered, CatalogueNames.IsOwnName(payee) ? null : model })
            {
                foreach (var listed in name is null ? [] : CatalogueNames.Of(payee, name, settings))
                {
                    if (catalogue.Find(payee, listed) is { } entry)
                    {
                        return new(options, answered, entry.Price, PriceOrigin.Catalogue, entry, region);
                    }
                }
            }
        }

        return new(options, answered, options.DefaultPrice, options.DefaultPrice is null ? PriceOrigin.None : PriceOrigin.Default, null, region);
    }

    private static ModelPrice? Set(GatewayOptions options, string provider, string model) =>
        options.Prices.TryGetValue($"{provider}/{model}", out var price) || options.Prices.TryGetValue(model, out price) ? price : null;

    private Quote QuoteOf(Candidate candidate, string? answered)
    {
        var options = configuration.Options;
        var quote = candidate.Quote;
        if (quote is null || quote.Options != options || quote.Answered != answered)
        {
            // By its own settings: a provider may have gone from the configuration while its stream was open.
            candidate.Quote = quote = QuoteOf(options, candidate.Provider.Name, candidate.Provider.Options, candidate.Model, answered);
        }

        return quote;
    }

    private void Tell(Candidate candidate, Quote quote)
    {
        var name = $"{candidate.Provider.Name}/{candidate.Model}";
        if (_told.Count < MostTold && _told.TryAdd(name, true))
        {
            LogUnpriced(logger, name, quote.Answered ?? candidate.Model, quote.Options.GetCatalogue().Head.Date, candidate.Provider.Name, candidate.Model);
        }
    }

    [LoggerMessage(
        36, LogLevel.Warning,
        "{Name} has no price, so that what it costs is not known: {Answered} stands neither in Gateway:Prices nor in the catalogue of {Date}. Set Gateway__Prices__{Provider}/{Model}__Input and __Output, "
        + "or Gateway__DefaultPrice__Input and __Output for all that have none, or a newer catalogue as Gateway__PriceCatalogue")]
    private static partial void LogUnpriced(ILogger logger, string name, string answered, DateOnly date, string provider, string model);
}
