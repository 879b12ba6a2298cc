using MasterX.AiGateway.Prices;
using MasterX.AiGateway.Telemetry;

namespace MasterX.Tests.Gateway.Prices;

/// <summary>Cost is never below nothing, never an error, and more tokens never cost less, whatever is counted.</summary>
public sealed class ModelPriceTests
{
    private static readonly int[] Odd = [int.MinValue, -1, 0, 1, 7, 199_999, 200_000, 200_001, 1_000_000, int.MaxValue];

    /// <summary>Ways to have one token more, each with the wholes it is a part of.</summary>
    private static readonly Func<TokenUsage, int, TokenUsage>[] More =
    [
        (usage, n) => usage with { Input = usage.Input + n },
        (usage, n) => usage with { Input = usage.Input + n, CachedInput = usage.CachedInput + n },
        (usage, n) => usage with { Input = usage.Input + n, CacheWrite = usage.CacheWrite + n },
        (usage, n) => usage with { Input = usage.Input + n, CacheWrite = usage.CacheWrite + n, CacheWriteHour = usage.CacheWriteHour + n },
        (usage, n) => usage with { Input = usage.Input + n, AudioInput = usage.AudioInput + n },
        (usage, n) => usage with { Input = usage.Input + n, CachedInput = usage.CachedInput + n, AudioInput = usage.AudioInput + n, CachedAudioInput = usage.CachedAudioInput + n },
        (usage, n) => usage with { Input = usage.Input + n, ImageInput = usage.ImageInput + n },
        (usage, n) => usage with { Input = usage.Input + n, CachedInput = usage.CachedInput + n, ImageInput = usage.ImageInput + n, CachedImageInput = usage.CachedImageInput + n },
        (usage, n) => usage with { Output = usage.Output + n },
        (usage, n) => usage with { Output = usage.Output + n, Reasoning = usage.Reasoning + n },
        (usage, n) => usage with { Output = usage.Output + n, AudioOutput = usage.AudioOutput + n },
        (usage, n) => usage with { Output = usage.Output + n, ImageOutput = usage.ImageOutput + n },
        (usage, n) => usage with { WebSearches = usage.WebSearches + n },
    ];

    [Fact]
    public void Whatever_is_counted_costs_nothing_or_more()
    {
        var random = new Random(20261127);
        for (var round = 0; round < 20_000; round++)
        {
            var price = PriceOf(random);
            var usage = new TokenUsage(Some(), Some(), Some(), Some(), Some())
            {
                CacheWriteHour = Some(), AudioInput = Some(), CachedAudioInput = Some(), AudioOutput = Some(), ImageInput = Some(), CachedImageInput = Some(), ImageOutput = Some(),
                WebSearches = Some(), Tier = (ServiceTier)random.Next(-1, 7), Region = random.Next(2) == 0 ? "us" : "nowhere",
            };

            Assert.True(price.CostOf(usage) >= 0, usage.ToString());
        }

        int Some() => Odd[random.Next(Odd.Length)];
    }

    [Fact]
    public void More_tokens_never_cost_less()
    {
        var random = new Random(20261128);
        for (var round = 0; round < 20_000; round++)
        {
            var price = PriceOf(random);
            var usage = new TokenUsage { Tier = (ServiceTier)random.Next(5) };
            for (var step = 0; step < 6; step++)
            {
                var more = More[random.Next(More.Length)](usage, random.Next(1, 120_000));
                Assert.True(price.CostOf(more) >= price.CostOf(usage), $"{usage} and {more}");
                usage = more;
            }
        }
    }

    [Fact]
    public void Each_kind_of_token_is_charged_for_once_at_its_own_price()
    {
        var price = new ModelPrice
        {
            Input = 1, CachedInput = 2, CacheWrite = 3, CacheWriteHour = 4, AudioInput = 5, CachedAudioInput = 6, ImageInput = 7, CachedImageInput = 8, Output = 9, Reasoning = 10, AudioOutput = 11,
            ImageOutput = 12, Request = 0.25m, WebSearch = 0.5m,
        };

        // A million of each kind.
        var usage = new TokenUsage(8_000_000, 4_000_000, 3_000_000, 2_000_000, 1_000_000)
        {
            CacheWriteHour = 1_000_000, AudioInput = 2_000_000, CachedAudioInput = 1_000_000, ImageInput = 2_000_000, CachedImageInput = 1_000_000, AudioOutput = 1_000_000,
            ImageOutput = 1_000_000, WebSearches = 1,
        };

        Assert.Equal(1 + 2 + 3 + 4 + 5 + 6 + 7 + 8 + 9 + 10 + 11 + 12 + 0.75m, price.CostOf(usage));
    }

    [Fact]
    public void What_has_no_price_of_its_own_has_that_of_the_more_general_kind()
    {
        var price = new ModelPrice { Input = 1, Output = 10 };

        Assert.Equal(11m, price.CostOf(new TokenUsage(1_000_000, 1_000_000, 200_000, 300_000, 400_000) { CacheWriteHour = 100_000, AudioInput = 50_000, ImageOutput = 5 }));
    }

    [Theory]
    [InlineData(200_000, "0.2")]
    [InlineData(200_001, "0.400002")]
    [InlineData(500_000, "1")]
    [InlineData(500_001, "1.500003")]
    public void The_size_of_the_prompt_decides_for_all_of_its_tokens(int tokens, string dollars)
    {
        var price = new ModelPrice { Input = 1, Above = [new() { Tokens = 200_000, Input = 2 }, new() { Tokens = 500_000, Input = 3 }] };

        Assert.Equal(Dollars(dollars), price.CostOf(new TokenUsage(tokens, 0)));
    }

    [Theory]
    [InlineData(ServiceTier.Standard, 100, "0.0012")]
    [InlineData(ServiceTier.Batch, 100, "0.0006")]
    [InlineData(ServiceTier.Flex, 100, "0.0007")]
    [InlineData(ServiceTier.Priority, 100, "0.0024")]
    [InlineData(ServiceTier.Fast, 100, "0.0012")]
    [InlineData(ServiceTier.Batch, 2000, "0.0245")]
    [InlineData(ServiceTier.Flex, 2000, "0.049")]
    [InlineData(ServiceTier.Priority, 2000, "0.094")]
    public void A_tier_costs_its_own_prices_or_its_factor_and_long_prompts_what_is_known_of_them(ServiceTier tier, int input, string dollars)
    {
        var price = new ModelPrice
        {
            Input = 2, Output = 10, Above = [new() { Tokens = 1000, Input = 22, Output = 50 }],
            Batch = new() { Factor = 0.5m }, Flex = new() { Input = 1, Output = 6 }, Priority = new() { Factor = 2, Above = [new() { Tokens = 1000, Input = 42 }] },
        };

        Assert.Equal(Dollars(dollars), price.CostOf(new TokenUsage(input, 100) { Tier = tier }));
    }

    [Fact]
    public void A_region_multiplies_what_tokens_cost_and_nothing_else()
    {
        var price = new ModelPrice { Input = 10, Request = 1, Regions = { ["us"] = 1.1m } };

        Assert.Equal(12m, price.CostOf(new TokenUsage(100_000, 0)) + 10);
        Assert.Equal(2.1m, price.CostOf(new TokenUsage(100_000, 0) { Region = "us" }));
    }

    [Fact]
    public void Sums_are_bounded()
    {
        var most = new TokenUsage(int.MaxValue, int.MaxValue) { WebSearches = int.MaxValue };

        Assert.Equal((int.MaxValue, int.MaxValue, int.MaxValue), ((most + most).Input, (most + most).Output, (most + most).WebSearches));
        Assert.Equal(new TokenUsage(11, 22, 3, 4, 5) { AudioInput = 6, Tier = ServiceTier.Flex, Model = "m" }, new TokenUsage(1, 2, 3, 4, 5) + new TokenUsage(10, 20) { AudioInput = 6, Tier = ServiceTier.Flex, Model = "m" });
    }

    private static decimal Dollars(string text) => decimal.Parse(text, System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>Some prices, of which those of longer prompts and of dearer tiers are not lower.</summary>
    private static ModelPrice PriceOf(Random random)
    {
        var price = new ModelPrice
        {
            Input = Some(), CachedInput = Perhaps(), CacheWrite = Perhaps(), CacheWriteHour = Perhaps(), Output = Some(), Reasoning = Perhaps(), AudioInput = Perhaps(), CachedAudioInput = Perhaps(),
            AudioOutput = Perhaps(), ImageInput = Perhaps(), CachedImageInput = Perhaps(), ImageOutput = Perhaps(), Request = Perhaps(), WebSearch = Perhaps(),
        };
        if (random.Next(2) == 0)
        {
            price.Above.Add(new() { Tokens = 200_000, Input = price.Input * 2, CachedInput = price.CachedInput * 2, CacheWrite = price.CacheWrite * 2, Output = price.Output * 1.5m });
        }

        (price.Batch, price.Fast) = (random.Next(2) == 0 ? new() { Factor = 0.5m } : null, random.Next(2) == 0 ? new() { Factor = 6 } : null);
        if (random.Next(2) == 0)
        {
            price.Regions["us"] = 1.1m;
        }

        return price;

        decimal Some() => random.Next(0, 100_000) / 1000m;
        decimal? Perhaps() => random.Next(3) == 0 ? Some() : null;
    }
}
