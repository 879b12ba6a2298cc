using MasterX.AiGateway.Limits;
using MasterX.AiGateway.Providers;
using MasterX.AiGateway.Providers.Keys;

namespace MasterX.Tests.Gateway;

/// <summary>Which key a conversation goes to.</summary>
public sealed class KeyOrderTests
{
    private const int Conversations = 20_000;

    [Fact]
    public void Keys_have_conversations_by_their_weight()
    {
        using var limits = Limits(1, 1, 2);

        var firsts = Firsts(limits).GroupBy(key => key.Index).ToDictionary(key => key.Key, key => key.Count() / (double)Conversations);

        Assert.Equal(0.25, firsts[0], 0.02);
        Assert.Equal(0.25, firsts[1], 0.02);
        Assert.Equal(0.50, firsts[2], 0.02);
    }

    [Fact]
    public void A_key_that_goes_moves_its_own_conversations_only_and_to_all_others()
    {
        using var all = Limits(1, 1, 2);
        using var fewer = Limits(1, 1);

        var moved = Firsts(all).Zip(Firsts(fewer)).Where(pair => pair.First.Index != pair.Second.Index).ToArray();

        Assert.All(moved, pair => Assert.Equal(2, pair.First.Index));
        Assert.Equal(0.5, moved.Count(pair => pair.Second.Index == 0) / (double)moved.Length, 0.02);
    }

    [Fact]
    public void The_place_of_a_key_in_the_configuration_makes_no_difference()
    {
        ProviderKey[] keys = [.. Enumerable.Range(0, 3).Select(index => Key(index))];
        ProviderKey[] reversed = [.. keys.Reverse()];

        Assert.All(
            Enumerable.Range(0, 100), conversation => Assert.Equal(KeyOrder.Of(keys, (ulong)conversation), KeyOrder.Of(reversed, (ulong)conversation)));
    }

    private static ProviderKey Key(int index) =>
        new(index, $"key {index}", 1, new KeyLimits(new ProviderOptions { RequestsPerMinute = 0 }, null, TimeProvider.System), isOnly: false);

    private static ProviderKey[] Firsts(ProviderLimits limits) =>
        [.. Enumerable.Range(0, Conversations).Select(conversation => KeyOrder.Of(limits.Keys.Span, (ulong)conversation)[0])];

    private static ProviderLimits Limits(params double[] weights)
    {
        var options = new ProviderOptions();
        foreach (var weight in weights)
        {
            options.ApiKeys.Add(new ProviderKeyOptions { Key = $"key {options.ApiKeys.Count}", Weight = weight });
        }

        return new ProviderLimits(options, TimeProvider.System);
    }
}
