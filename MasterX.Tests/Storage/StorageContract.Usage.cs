using MasterX.Api.Usage;

namespace MasterX.Tests.Storage;

/// <summary>What every storage has to do about sums of what was spent: by whatever they are asked for, all of it is in them once.</summary>
public abstract partial class StorageContract
{
    private static readonly UsageQuery ThatDay = UsageQuery.OfDays(NoonsDay, NoonsDay);

    [Fact]
    public async Task Usage_is_added_up_by_what_is_asked_for()
    {
        await AddFourCallsAsync();

        Assert.Equal(["gemini 2 2 0.75", "groq 2 3 0.07"], await SumAsync(ThatDay with { Groups = UsageGroups.Provider }, sum => sum.Provider));
        Assert.Equal(["gemini/m 2 2 0.75", "groq/big 2 2 0.05", "groq/m 0 1 0.02"], await SumAsync(ThatDay with { Groups = UsageGroups.Provider | UsageGroups.Model }, sum => $"{sum.Provider}/{sum.Model}"));
        Assert.Equal(["12 3 4 0.77", "13 1 1 0.05"], await SumAsync(ThatDay with { Groups = UsageGroups.Hour }, sum => sum.Hour));
        Assert.Equal([" 4 5 0.82"], await SumAsync(ThatDay with { Groups = UsageGroups.None }, sum => sum.KeyId));
        Assert.Equal(["/ 1 1 0.00", "prod/search 2 3 0.77", "test/search 1 1 0.05"], await SumAsync(
            ThatDay with { Groups = UsageGroups.None, TagNames = ["env.name", "team"] }, sum => string.Join('/', sum.Tags)));
        Assert.Equal(["key_1 3 4 0.77", "key_2 1 1 0.05"], await SumAsync(ThatDay with { Groups = UsageGroups.Key }, sum => sum.KeyId));

        var all = Assert.Single(await Usage.SumAsync(ThatDay with { Groups = UsageGroups.None }, Token));
        Assert.Equal((50, 100, 5, 15), (all.InputTokens, all.OutputTokens, all.CachedInputTokens, all.ReasoningTokens));
    }

    [Fact]
    public async Task Usage_is_told_of_what_is_asked_for_alone_and_no_more_rows_than_that()
    {
        await AddFourCallsAsync();
        var none = ThatDay with { Groups = UsageGroups.None };

        Assert.Equal([" 0 1 0.02"], await SumAsync(none with { Provider = "groq", Model = "m" }, sum => sum.KeyId));
        Assert.Equal([" 2 3 0.77"], await SumAsync(none with { Tag = new("env.name", "prod") }, sum => sum.KeyId));
        Assert.Empty(await SumAsync(none with { Tag = new("env", "prod") }, sum => sum.KeyId));
        Assert.Equal([" 1 1 0.05"], await SumAsync(none with { From = Noon.AddHours(1) }, sum => sum.KeyId));
        Assert.Equal([" 3 4 0.77"], await SumAsync(none with { Until = Noon.AddMilliseconds(1) }, sum => sum.KeyId));
        Assert.Empty(await SumAsync(none with { Until = Noon }, sum => sum.KeyId));
        Assert.Single(await Usage.SumAsync(ThatDay with { Groups = UsageGroups.Key, Limit = 1 }, Token));
    }

    /// <summary>More than are read at once, with several attempts of one call among them.</summary>
    [Fact]
    public async Task What_a_projects_calls_have_spent_is_read_attempt_by_attempt()
    {
        var calls = Enumerable.Range(0, 600).Select(i => Call(key: $"key_{i % 3}") with { ProjectId = "proj_1", Tags = new Dictionary<string, string> { ["n"] = $"{i}" }, At = Noon.AddMilliseconds(i / 7) }).ToArray();
        await Calls.SettleAsync([.. calls.Select(call => new MasterX.Api.Calls.Settlement(call, [Spent(0.5m), Spent(null, estimated: true)])), new(Call(), [Spent(1)])], Token);

        List<SpendingRecord> read = [];
        await foreach (var record in Usage.ReadAsync("proj_1", Token))
        {
            read.Add(record);
        }

        Assert.Equal(calls.SelectMany(call => new[] { (call.Id, 0), (call.Id, 1) }).Order(), read.Select(record => (record.CallId, record.Attempt)).Order());
        var (first, number) = (calls[42], read.FindIndex(record => record.CallId == calls[42].Id && record.Attempt == 1));
        Assert.Equal((first.KeyId, first.At, Spent(null, estimated: true)), (read[number].KeyId, read[number].At, read[number].Spent));
        Assert.Equal("42", read[number].Tags?["n"]);
    }

    /// <summary>However far it has come, and whoever does it at the same time.</summary>
    [Fact]
    public async Task Records_of_days_long_gone_become_sums_and_nothing_is_lost_or_told_twice()
    {
        await Projects.TryAddAsync(Project(1) with { Id = "proj_1" }, Token);
        await Keys.TryAddAsync(Key(1) with { Id = "key_1", ProjectId = "proj_1" }, Token);
        await Calls.SettleAsync(
            [.. Enumerable.Range(0, 30).Select(i => new MasterX.Api.Calls.Settlement(
                Call(key: $"key_{i % 3}") with { ProjectId = i % 3 == 1 ? "proj_1" : null, At = Noon.AddDays(i % 2) }, i == 29 ? [] : [Spent(0.5m), Spent(null, estimated: true)]))],
            Token);
        var days = UsageQuery.OfDays(NoonsDay, NoonsDay.AddDays(1));
        var before = await AllAsync();

        while (await Usage.RollUpAsync(NoonsDay.AddDays(1), 3, Token) > 0)
        {
            Assert.Equal(before, await AllAsync());
        }

        Assert.Equal(before, await AllAsync());
        Assert.Equal(14, (await Usage.SumAsync(days with { Groups = UsageGroups.None, Provider = "gemini" }, Token)).Single().Requests);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(
            async () =>
            {
                while (await Usage.RollUpAsync(NoonsDay.AddDays(2), 2, Token) > 0)
                {
                    // Until there are none.
                }
            },
            Token)));
        Assert.Equal(before, await AllAsync());
        Assert.Empty(await Usage.SumAsync(days with { Provider = "gemini" }, Token));
        Assert.Equal((5m, "proj_1"), (await Usage.SumAsync(days with { OwnerId = "proj_1", Groups = UsageGroups.Project }, Token)).Select(sum => (sum.CostUsd, sum.ProjectId)).Single());

        async Task<IEnumerable<string>> AllAsync() =>
            [.. (await Usage.SumAsync(days, Token)).Select(sum =>
                $"{sum.ProjectId} {sum.KeyId} {sum.Day:o} {sum.Requests} {sum.Attempts} {sum.InputTokens} {sum.OutputTokens} {sum.CachedInputTokens} {sum.ReasoningTokens} {sum.CostUsd:0.00} {sum.Estimated} {sum.Unpriced}")];
    }

    /// <summary>Three at noon, one of which took two providers, and one an hour later.</summary>
    private async Task AddFourCallsAsync()
    {
        var search = new Dictionary<string, string> { ["team"] = "search", ["env.name"] = "prod" };
        var test = new Dictionary<string, string> { ["team"] = "search", ["env.name"] = "test" };
        await Calls.SettleAsync(
            [
                new(Call() with { Tags = search }, [Spent(0.5m), Spent(0.02m) with { Provider = "groq" }]),
                new(Call() with { Tags = search }, [Spent(0.25m)]),
                new(Call(), [Spent(0) with { Provider = "groq", Model = "big" }]),
                new(Call(key: "key_2") with { Tags = test, At = Noon.AddHours(1) }, [Spent(0.05m) with { Provider = "groq", Model = "big" }]),
            ],
            Token);
    }

    private async Task<IEnumerable<string>> SumAsync(UsageQuery query, Func<UsageSum, object?> name) =>
        (await Usage.SumAsync(query, Token)).Select(sum => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{name(sum)} {sum.Requests} {sum.Attempts} {sum.CostUsd:0.00}"));
}
