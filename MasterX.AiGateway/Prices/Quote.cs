namespace MasterX.AiGateway.Prices;

/// <summary>Where a price is from.</summary>
internal enum PriceOrigin
{
    /// <summary>There is none.</summary>
    None,

    /// <summary><c>Gateway:Prices</c>.</summary>
    Setting,

    /// <summary>The catalogue.</summary>
    Catalogue,

    /// <summary><c>Gateway:DefaultPrice</c>.</summary>
    Default,
}

/// <summary>What a candidate's answers cost, as long as the configuration and the model they name stay the same.</summary>
/// <param name="Options">The configuration it was made by.</param>
/// <param name="Answered">The model that the answers name; <see langword="null"/> when that is not known.</param>
/// <param name="Price"><see langword="null"/> when it is not known, which is not the same as free.</param>
/// <param name="Origin">Where the price is from.</param>
/// <param name="Entry">Of the catalogue, when it is from there.</param>
/// <param name="Region">Where the provider was told to make its answers.</param>
internal sealed record Quote(GatewayOptions Options, string? Answered, ModelPrice? Price, PriceOrigin Origin, CatalogueEntry? Entry, string? Region);
