using MasterX.AiGateway.Telemetry;

namespace MasterX.AiGateway.Prices;

/// <summary>A model's prices with nothing left to look for: for each tier and size of prompt, what each kind of token costs.</summary>
internal sealed class PriceTable
{
    private const decimal PerToken = 0.000001m;

    /// <summary>By tier; within one, by the size of the prompt, the smallest first.</summary>
    private readonly Row[][] _tiers;

    public PriceTable(ModelPrice price)
    {
        int[] sizes = [0, .. price.Above.Select(row => row.Tokens).Order()];
        _tiers = new Row[Enum.GetValues<ServiceTier>().Length][];
        Array.Fill(_tiers, [.. sizes.Select(size => new Row(size, Standard(price, size)))]);
        foreach (var (_, tier, prices) in price.Tiers)
        {
            if (prices is not null)
            {
                _tiers[(int)tier] = [.. sizes.Union(prices.Above.Select(row => row.Tokens)).Order().Select(size => new Row(size, Of(prices, price, size)))];
            }
        }
    }

    /// <summary>
    /// US dollars for the tokens alone. Cached and written tokens, sound and images are taken out of the input, and what is left of it has the
    /// price of the input; likewise the output.
    /// </summary>
    public decimal CostOf(in TokenUsage usage)
    {
        var (input, output) = (Math.Clamp(usage.Input, 0, TokenUsage.Most), Math.Clamp(usage.Output, 0, TokenUsage.Most));
        var cached = Math.Clamp(usage.CachedInput, 0, input);
        var cachedAudio = Math.Clamp(Math.Min(usage.CachedAudioInput, usage.AudioInput), 0, cached);
        var cachedImage = Math.Clamp(Math.Min(usage.CachedImageInput, usage.ImageInput), 0, cached - cachedAudio);
        var written = Math.Clamp(usage.CacheWrite, 0, input - cached);
        var hour = Math.Clamp(usage.CacheWriteHour, 0, written);
        var fresh = input - cached - written;
        var audio = Math.Clamp(usage.AudioInput - cachedAudio, 0, fresh);
        var image = Math.Clamp(usage.ImageInput - cachedImage, 0, fresh - audio);
        var reasoning = Math.Clamp(usage.Reasoning, 0, output);
        var audioOutput = Math.Clamp(usage.AudioOutput, 0, output - reasoning);
        var imageOutput = Math.Clamp(usage.ImageOutput, 0, output - reasoning - audioOutput);
        var prices = RowOf(usage.Tier, input);
        return PerToken * (
            (fresh - audio - image) * prices.Input
            + audio * prices.AudioInput
            + image * prices.ImageInput
            + (cached - cachedAudio - cachedImage) * prices.CachedInput
            + cachedAudio * prices.CachedAudioInput
            + cachedImage * prices.CachedImageInput
            + (written - hour) * prices.CacheWrite
            + hour * prices.CacheWriteHour
            + (output - reasoning - audioOutput - imageOutput) * prices.Output
            + reasoning * prices.Reasoning
            + audioOutput * prices.AudioOutput
            + imageOutput * prices.ImageOutput);
    }

    private Row RowOf(ServiceTier tier, int input)
    {
        var rows = (uint)tier < (uint)_tiers.Length ? _tiers[(int)tier] : _tiers[0];
        var at = rows.Length - 1;
        while (at > 0 && input <= rows[at].Above)
        {
            at--;
        }

        return rows[at];
    }

    /// <summary>The standard prices of a prompt of more than so many tokens.</summary>
    private static TokenPrices Standard(ModelPrice price, int size) =>
        Over(price.Above.Where(row => row.Tokens <= size).MaxBy(row => row.Tokens), price, 1);

    /// <summary>
    /// A tier's prices. Those it sets beside its factor are for prompts of any size unless the standard tier has a row for this one: then the
    /// tier needs a row too, and without one costs what the standard row says.
    /// </summary>
    private static TokenPrices Of(TierPrices tier, ModelPrice price, int size)
    {
        var standard = Over(null, Standard(price, size), tier.Factor ?? 1);
        var row = tier.Above.Where(row => row.Tokens <= size).MaxBy(row => row.Tokens);
        var hasStandardRow = price.Above.Any(above => above.Tokens <= size && above.Tokens > (row?.Tokens ?? 0));
        return hasStandardRow ? standard : Over(row, Over(tier, standard, 1), 1);
    }

    /// <summary>What is set in the one, and the other, times a factor, for the rest.</summary>
    private static TokenPrices Over(TokenPrices? one, TokenPrices other, decimal factor) => new()
    {
        Input = one?.Input ?? other.Input * factor,
        CachedInput = one?.CachedInput ?? other.CachedInput * factor,
        CacheWrite = one?.CacheWrite ?? other.CacheWrite * factor,
        CacheWriteHour = one?.CacheWriteHour ?? other.CacheWriteHour * factor,
        Output = one?.Output ?? other.Output * factor,
        Reasoning = one?.Reasoning ?? other.Reasoning * factor,
        AudioInput = one?.AudioInput ?? other.AudioInput * factor,
        CachedAudioInput = one?.CachedAudioInput ?? other.CachedAudioInput * factor,
        AudioOutput = one?.AudioOutput ?? other.AudioOutput * factor,
        ImageInput = one?.ImageInput ?? other.ImageInput * factor,
        CachedImageInput = one?.CachedImageInput ?? other.CachedImageInput * factor,
        ImageOutput = one?.ImageOutput ?? other.ImageOutput * factor,
    };

    /// <summary>Every kind's price, for prompts of more tokens than <see cref="Above"/>.</summary>
    private sealed class Row(int above, TokenPrices prices)
    {
        public int Above { get; } = above;

        public decimal Input { get; } = prices.Input ?? 0;

        public decimal CachedInput { get; } = prices.CachedInput ?? prices.Input ?? 0;

        public decimal CacheWrite { get; } = prices.CacheWrite ?? prices.Input ?? 0;

        public decimal CacheWriteHour { get; } = prices.CacheWriteHour ?? prices.CacheWrite ?? prices.Input ?? 0;

        public decimal Output { get; } = prices.Output ?? 0;

        public decimal Reasoning { get; } = prices.Reasoning ?? prices.Output ?? 0;

        public decimal AudioInput { get; } = prices.AudioInput ?? prices.Input ?? 0;

        public decimal CachedAudioInput { get; } = prices.CachedAudioInput ?? prices.CachedInput ?? prices.AudioInput ?? prices.Input ?? 0;

        public decimal AudioOutput { get; } = prices.AudioOutput ?? prices.Output ?? 0;

        public decimal ImageInput { get; } = prices.ImageInput ?? prices.Input ?? 0;

        public decimal CachedImageInput { get; } = prices.CachedImageInput ?? prices.CachedInput ?? prices.ImageInput ?? prices.Input ?? 0;

        public decimal ImageOutput { get; } = prices.ImageOutput ?? prices.Output ?? 0;
    }
}
