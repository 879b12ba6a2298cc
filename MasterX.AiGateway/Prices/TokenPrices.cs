namespace MasterX.AiGateway.Prices;

/// <summary>
/// What tokens cost, in US dollars per million, by what they are. Each token is charged for once, by the most special price that is set: the
/// price of the more general kind takes the place of one that is not.
/// </summary>
public class TokenPrices
{
    /// <summary>No price is above it, a dollar a token: one that is has another unit.</summary>
    internal const decimal Most = 1_000_000;

    /// <summary>Of input tokens that nothing below is set for.</summary>
    public decimal? Input { get; set; }

    /// <summary>Of input tokens the provider found in its cache; as <see cref="Input"/> unless set.</summary>
    public decimal? CachedInput { get; set; }

    /// <summary>Of input tokens written to the cache, for 5 minutes or as long as the provider likes; as <see cref="Input"/> unless set.</summary>
    public decimal? CacheWrite { get; set; }

    /// <summary>Of input tokens written to the cache for an hour; as <see cref="CacheWrite"/> unless set.</summary>
    public decimal? CacheWriteHour { get; set; }

    /// <summary>Of output tokens that nothing below is set for.</summary>
    public decimal? Output { get; set; }

    /// <summary>Of output tokens the model thought with; as <see cref="Output"/> unless set.</summary>
    public decimal? Reasoning { get; set; }

    /// <summary>Of input tokens that are sound; as <see cref="Input"/> unless set.</summary>
    public decimal? AudioInput { get; set; }

    /// <summary>Of sound the provider found in its cache; as <see cref="CachedInput"/> unless set.</summary>
    public decimal? CachedAudioInput { get; set; }

    /// <summary>Of output tokens that are sound; as <see cref="Output"/> unless set.</summary>
    public decimal? AudioOutput { get; set; }

    /// <summary>Of input tokens that are images; as <see cref="Input"/> unless set.</summary>
    public decimal? ImageInput { get; set; }

    /// <summary>Of images the provider found in its cache; as <see cref="CachedInput"/> unless set.</summary>
    public decimal? CachedImageInput { get; set; }

    /// <summary>Of output tokens that are images; as <see cref="Output"/> unless set.</summary>
    public decimal? ImageOutput { get; set; }

    /// <summary>Every price that can be set, by its name in the catalogue.</summary>
    internal virtual IEnumerable<(string Name, decimal? Value)> All =>
    [
        ("input", Input), ("cached_input", CachedInput), ("cache_write", CacheWrite), ("cache_write_hour", CacheWriteHour), ("output", Output), ("reasoning", Reasoning),
        ("audio_input", AudioInput), ("cached_audio_input", CachedAudioInput), ("audio_output", AudioOutput), ("image_input", ImageInput),
        ("cached_image_input", CachedImageInput), ("image_output", ImageOutput),
    ];
}

/// <summary>What tokens of a long prompt cost; what is not set costs what it does in a shorter one.</summary>
public sealed class ContextPrices : TokenPrices
{
    /// <summary>These prices are for all tokens of a call whose input tokens, cached ones included, are more than this.</summary>
    public int Tokens { get; set; }
}

/// <summary>What tokens of another <see cref="Telemetry.ServiceTier"/> cost.</summary>
public sealed class TierPrices : TokenPrices
{
    /// <summary>What the standard prices are multiplied by where no price is set here; 1 unless set.</summary>
    public decimal? Factor { get; set; }

    /// <summary>By the size of the prompt; where the standard tier has a row and this one has none, the standard row's prices are taken, and the factor.</summary>
    public IList<ContextPrices> Above { get; set; } = [];

    internal override IEnumerable<(string Name, decimal? Value)> All =>
        base.All.Append(("factor", Factor)).Concat(Above.SelectMany(row => row.All.Select(price => ($"above_{row.Tokens}.{price.Name}", price.Value))));
}
