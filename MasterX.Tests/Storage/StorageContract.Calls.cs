using MasterX.Api.Ai;
using MasterX.Api.Calls;
using MasterX.Api.Storage;

namespace MasterX.Tests.Storage;

/// <summary>What every storage has to do about money: each call is booked once, and no budget is held beyond its limit.</summary>
public abstract partial class StorageContract
{
    private static DateOnly NoonsDay => DateOnly.FromDateTime(Noon.UtcDateTime);
    private static string November => BudgetPeriod.IdOf("key_1", Noon);

    private protected abstract ICallStore Calls { get; }

    [Fact]
    public async Task A_generation_is_written_together_with_what_it_has_spent()
    {
        var (call, generation) = (Call(), Generation("key_1", 1));
        await AddUserAsync(generation.UserId!);
        await Calls.OpenAsync([call], Token);

        await Calls.SettleAsync([new(call, [Spent(0.5m), Spent(0.25m, estimated: true)], Generation: generation)], Token);

        Assert.Equivalent(generation, await Generations.FindAsync("key_1", generation.Id, Token), strict: true);
        Assert.Equal([new("key_1", NoonsDay, 1, 20, 40, 0.75m, 1, 0)], await Usage.ListAsync("key_1", null, NoonsDay, NoonsDay, Token));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Of_what_was_generated_while_its_user_was_erased_nothing_is_kept_but_what_it_has_cost(bool keepsNumbers)
    {
        var (call, generation) = (Call(), Generation("key_1", 1));
        await AddUserAsync(generation.UserId!);
        await Calls.OpenAsync([call], Token);
        await Users.DeleteAsync(generation.UserId!, null, Token);

        for (var i = 0; i < 2; i++)
        {
            await Calls.SettleAsync([new(call, [Spent(0.5m)], Generation: generation, KeepsOfErased: keepsNumbers)], Token);
        }

        Assert.Equivalent(keepsNumbers ? generation.Anonymized() : null, await Generations.FindAsync(null, generation.Id, Token), strict: true);
        Assert.Equal([new("key_1", NoonsDay, 1, 10, 20, 0.5m, 0, 0)], await Usage.ListAsync("key_1", null, NoonsDay, NoonsDay, Token));
    }

    [Fact]
    public async Task A_call_is_booked_once_however_often_and_by_how_many()
    {
        var calls = Enumerable.Range(0, 20).Select(_ => Call(reserved: 0.1m)).ToArray();
        await Calls.OpenAsync(calls, Token);

        await Task.WhenAll(Enumerable.Range(0, 5).SelectMany(_ => calls.Select(call => Task.Run(() => Calls.SettleAsync([new(call, [Spent(0.000000123456m)])], Token), Token))));

        Assert.Equal([new("key_1", NoonsDay, 20, 200, 400, 20 * 0.000000123456m, 0, 0)], await Usage.ListAsync("key_1", null, NoonsDay, NoonsDay, Token));
        Assert.Equal((20 * 0.000000123456m, 0m), await Calls.ReadBudgetAsync(November, Token));
    }

    [Fact]
    public async Task What_is_known_takes_the_place_of_what_was_assumed_and_never_the_other_way()
    {
        var call = Call(reserved: 0.5m);
        await Calls.OpenAsync([call], Token);

        await Calls.SettleAsync([new(call, [Spent(0.5m, estimated: true)], CallState.Assumed)], Token);
        Assert.Equal((0.5m, 0m), await Calls.ReadBudgetAsync(November, Token));
        await Calls.SettleAsync([new(call, [Spent(0.125m)])], Token);
        await Calls.SettleAsync([new(call, [Spent(0.5m, estimated: true)], CallState.Assumed)], Token);

        Assert.Equal((0.125m, 0m), await Calls.ReadBudgetAsync(November, Token));
        Assert.Equal([new("key_1", NoonsDay, 1, 10, 20, 0.125m, 0, 0)], await Usage.ListAsync(null, null, NoonsDay, NoonsDay, Token));
    }

    [Fact]
    public async Task A_call_whose_opening_was_never_written_is_booked_all_the_same()
    {
        await Calls.SettleAsync([new(Call(), [Spent(0.5m)]), new(Call(), [])], Token);

        Assert.Equal([new("key_1", NoonsDay, 1, 10, 20, 0.5m, 0, 0)], await Usage.ListAsync("key_1", null, NoonsDay, NoonsDay, Token));
    }

    [Fact]
    public async Task What_has_no_price_is_told_as_such_and_adds_nothing()
    {
        await Calls.SettleAsync([new(Call(), [Spent(null)])], Token);

        Assert.Equal([new("key_1", NoonsDay, 1, 10, 20, 0, 0, 1)], await Usage.ListAsync("key_1", null, NoonsDay, NoonsDay, Token));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Of_two_hundred_calls_at_once_on_a_budget_worth_five_five_pass(bool together)
    {
        var calls = Enumerable.Range(0, 200).Select(_ => Call(reserved: 0.2m, limit: 1)).ToArray();

        var openings = together
            ? await Calls.OpenAsync(calls, Token)
            : [.. (await Task.WhenAll(calls.Select(call => Task.Run(() => Calls.OpenAsync([call], Token), Token)))).Select(opened => opened.Single())];

        Assert.Equal(5, openings.Count(opening => opening.IsAllowed));
        Assert.Equal([0m, 0.2m, 0.4m, 0.6m, 0.8m], openings.Where(opening => opening.IsAllowed).Select(opening => opening.LeftUsd!.Value).Order());
        Assert.All(openings.Where(opening => !opening.IsAllowed), opening => Assert.Equal(0, opening.LeftUsd));
        Assert.Equal((0m, 1m), await Calls.ReadBudgetAsync(November, Token));
        await Calls.SettleAsync([.. calls.Where((_, i) => openings[i].IsAllowed).Select(call => new Settlement(call, [Spent(0.1m)]))], Token);
        Assert.Equal((0.5m, 0m), await Calls.ReadBudgetAsync(November, Token));
    }

    /// <summary>Nobody can say what it will cost; but one at a time, no budget is passed by more than one call.</summary>
    [Fact]
    public async Task A_call_without_a_bound_is_let_through_alone_on_what_is_left()
    {
        Call[] calls = [Call(reserved: 5, limit: 1, bound: false), Call(reserved: 5, limit: 1, bound: false), Call(reserved: 5, limit: 1)];

        Assert.True((await Calls.OpenAsync([calls[0]], Token)).Single().IsAllowed);
        Assert.False((await Calls.OpenAsync([calls[1]], Token)).Single().IsAllowed);
        Assert.False((await Calls.OpenAsync([calls[2]], Token)).Single().IsAllowed);
        await Calls.SettleAsync([new(calls[0], [Spent(0.25m)])], Token);
        Assert.True((await Calls.OpenAsync([Call(reserved: 5, limit: 1, bound: false)], Token)).Single().IsAllowed);
    }

    [Fact]
    public async Task A_budget_begins_with_what_its_key_has_spent_in_the_month_before_it_had_one()
    {
        var (before, month) = (Call() with { At = new(2026, 10, 31, 23, 59, 59, TimeSpan.Zero) }, Call());
        await Calls.SettleAsync([new(before, [Spent(0.5m)]), new(month, [Spent(0.75m)])], Token);

        Assert.Equal((0.75m, 0m), await Calls.ReadBudgetAsync(November, Token));
        Assert.True((await Calls.OpenAsync([Call(reserved: 0.25m, limit: 1)], Token)).Single().IsAllowed);
        Assert.False((await Calls.OpenAsync([Call(reserved: 0.000000000001m, limit: 1)], Token)).Single().IsAllowed);
    }

    [Fact]
    public async Task Of_two_budgets_both_are_held_or_none()
    {
        Reservation scarce = new("key_1/2026-12", 0.5m, 0.25m, true);
        var call = Call(reserved: 0.5m, limit: 1);

        Assert.False((await Calls.OpenAsync([call with { Reserved = [.. call.Reserved, scarce] }], Token)).Single().IsAllowed);

        Assert.Equal((0m, 0m), await Calls.ReadBudgetAsync(November, Token));
        Assert.Equal((0m, 0m), await Calls.ReadBudgetAsync(scarce.BudgetId, Token));
    }

    [Fact]
    public async Task Open_calls_of_processes_that_say_nothing_any_more_are_found()
    {
        var (dead, alive, settled) = (Call() with { Instance = "dead" }, Call() with { Instance = "alive" }, Call() with { Instance = "dead" });
        await Calls.OpenAsync([dead, alive, settled], Token);
        await Calls.SettleAsync([new(settled, [])], Token);
        await Calls.KeepAliveAsync("dead", Noon.AddSeconds(-1), Token);
        await Calls.KeepAliveAsync("alive", Noon.AddSeconds(1), Token);

        Assert.Equal([dead.Id], (await Calls.ListOrphansAsync(Noon, 10, Token)).Select(call => call.Id));
        Assert.Equivalent(dead, (await Calls.ListOrphansAsync(Noon, 10, Token)).Single(), strict: true);
        Assert.Equal(2, (await Calls.ListOrphansAsync(Noon.AddSeconds(2), 10, Token)).Count);
    }

    /// <summary>
    /// Hundreds of calls of three keys are opened, booked, assumed, booked again, or forgotten by a process that dies, in any order and at the
    /// same time. In the end every call is in the sums once, and every budget has spent what its calls have, and holds what is still open.
    /// </summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task Whatever_order_things_come_in_the_sums_are_those_of_the_calls(int seed)
    {
        var random = new Random(seed);
        var truth = new Dictionary<string, decimal>();
        var held = new Dictionary<string, decimal>();
        List<Task> running = [];
        foreach (var key in new[] { "key_a", "key_b", "key_c" })
        {
            for (var i = 0; i < 40; i++)
            {
                var call = Call(reserved: random.Next(1, 100) / 1000m, limit: 2, key: key);
                var cost = random.Next(0, 100) / 1000m;
                var (fate, repeats) = (random.Next(5), random.Next(1, 3));
                running.Add(Task.Run(
                    async () =>
                    {
                        if (!(await Calls.OpenAsync([call], Token)).Single().IsAllowed)
                        {
                            return;
                        }

                        lock (truth)
                        {
                            truth[key] = truth.GetValueOrDefault(key) + (fate == 0 ? 0 : cost);
                            held[key] = held.GetValueOrDefault(key) + (fate == 0 ? call.Reserved[0].CostUsd : 0);
                        }

                        var known = new Settlement(call, [Spent(cost)]);
                        var assumed = new Settlement(call, [Spent(fate == 2 ? cost : 1.5m, estimated: true)], CallState.Assumed);
                        for (var repeat = 0; repeat < repeats; repeat++)
                        {
                            // 0: forgotten. 1: booked. 2: assumed. 3: assumed, then known. 4: both at once.
                            await (fate switch
                            {
                                0 => Task.CompletedTask,
                                1 => Calls.SettleAsync([known], Token),
                                2 => Calls.SettleAsync([assumed], Token),
                                3 => Calls.SettleAsync([assumed], Token).ContinueWith(_ => Calls.SettleAsync([known], Token), TaskScheduler.Default).Unwrap(),
                                _ => Task.WhenAll(Calls.SettleAsync([known], Token), Calls.SettleAsync([assumed], Token)),
                            });
                        }
                    },
                    Token));
            }
        }

        await Task.WhenAll(running);

        await Calls.RepairAsync(DateTimeOffset.MaxValue, Token);
        foreach (var key in truth.Keys)
        {
            Assert.Equal((truth[key], held[key]), await Calls.ReadBudgetAsync(BudgetPeriod.IdOf(key, Noon), Token));
            Assert.Equal(truth[key], (await Usage.ListAsync(key, null, NoonsDay, NoonsDay, Token)).Sum(day => day.CostUsd));
        }
    }

    [Fact]
    public async Task Usage_is_listed_by_day_and_by_key()
    {
        await Calls.SettleAsync(
            [new(Call(), [Spent(0.5m)]), new(Call(key: "key_2"), [Spent(0.25m)]), new(Call() with { At = Noon.AddDays(1) }, [Spent(0)])], Token);
        UsageRecord[] all = [new("key_1", NoonsDay, 1, 10, 20, 0.5m, 0, 0), new("key_2", NoonsDay, 1, 10, 20, 0.25m, 0, 0), new("key_1", NoonsDay.AddDays(1), 1, 10, 20, 0m, 0, 0)];

        Assert.Equal(all, await Usage.ListAsync(null, null, NoonsDay, NoonsDay.AddDays(1), Token));
        Assert.Equal([all[0], all[2]], await Usage.ListAsync("key_1", null, NoonsDay.AddDays(-5), NoonsDay.AddDays(5), Token));
        Assert.Equal([all[2]], await Usage.ListAsync(null, null, NoonsDay.AddDays(1), NoonsDay.AddDays(1), Token));
        Assert.Equal(3, (await Usage.ListAsync(null, null, DateOnly.MinValue, DateOnly.MaxValue, Token)).Count);
    }

    private static Call Call(decimal? reserved = null, decimal limit = 100, bool bound = true, string key = "key_1") => new()
    {
        Id = Identifier.New("call"),
        KeyId = key,
        At = Noon,
        Instance = "api_1",
        Model = "m",
        Expected = new(1, 2, reserved),
        Reserved = reserved is { } amount ? [new(BudgetPeriod.IdOf(key, Noon), amount, limit, bound)] : [],
    };

    private static Spending Spent(decimal? cost, bool estimated = false) => new("gemini", "m", "success", 10, 20, 1, 2, 3, cost, estimated);

    private async Task AddAsync(Generation generation)
    {
        await AddUserAsync(generation.UserId!);
        await Calls.SettleAsync([new(Call(key: generation.OwnerId), [], Generation: generation)], Token);
    }

    private Task<bool> AddUserAsync(string id) => Users.TryAddAsync(User($"{id}@example.com") with { Id = id }, Token);
}
