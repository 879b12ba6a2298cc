using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using MasterX.Api.Calls;
using MasterX.Tests.Hosts;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace MasterX.Tests.Api;

/// <summary>What is held for several calls at once: as much as they may cost, for as long as they need it, and never what somebody else would miss.</summary>
public sealed class AllotmentTests : IDisposable
{
    private static readonly BudgetLimit[] Budgets = [new("key_1/2026-11", 1000)];
    private readonly FakeTimeProvider _time = new();
    private readonly ConcurrentQueue<string> _freed = new();
    private readonly Allotments _allotments;

    public AllotmentTests() => _allotments = new(_time, holder =>
    {
        _freed.Enqueue(holder.Id);
        _allotments!.Freed(holder.Id);
    });

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void Calls_far_from_each_other_are_held_one_by_one()
    {
        for (var i = 0; i < 5; i++)
        {
            Assert.Null(_allotments.Propose("key_1", Budgets, 0.001m));
            _allotments.Opened("key_1", Budgets, 1000);
            _time.Advance(TimeSpan.FromMilliseconds(60));
        }
    }

    [Theory]
    [InlineData(1000, 1, 10.0)]
    [InlineData(1000, 2, null)]
    [InlineData(1000, 0.001, 0.064)]
    [InlineData(1, 0.001, 0.01)]
    [InlineData(0.7, 0.001, null)]
    public void Only_a_small_part_of_what_is_left_is_held_back(double left, double cost, double? held)
    {
        _allotments.Propose("key_1", Budgets, (decimal)cost);
        _allotments.Opened("key_1", Budgets, (decimal)left);

        Assert.Equal((decimal?)held, _allotments.Propose("key_1", Budgets, (decimal)cost));
    }

    [Fact]
    public void What_is_left_is_told_as_if_each_were_held_by_itself()
    {
        var holder = Begin(0.064m, left: 999);

        Assert.Equal(999.063m, Draw("a", 0.001m));
        Assert.Equal(999.062m, Draw("b", 0.001m));
        Assert.Equal(0.062m, _allotments.UnneededIn(Budgets[0].BudgetId));
        _allotments.Return("a", 0.0004m);
        Assert.Equal(999.0616m, Draw("c", 0.001m));
        Assert.Equal(0, _allotments.UnneededIn("key_2/2026-11"));
        Assert.NotNull(holder);
    }

    /// <summary>It would be spent twice: what was drawn is in what is spent when it comes back.</summary>
    [Fact]
    public void What_was_drawn_is_not_drawn_again()
    {
        Begin(0.008m, left: 999);

        for (var i = 0; i < 8; i++)
        {
            Assert.NotNull(Draw($"{i}", 0.001m));
            _allotments.Return($"{i}", 0.001m);
        }

        Assert.Null(Draw("one more", 0.001m));
    }

    [Fact]
    public void It_is_free_again_when_all_that_drew_are_booked_and_nobody_draws_any_more()
    {
        var holder = Begin(0.064m, left: 999);
        Draw("a", 0.001m);
        Draw("b", 0.001m);

        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.Null(Draw("late", 0.001m));
        _allotments.Return("a", 0);
        Assert.Empty(_freed);
        _allotments.Return("b", 0);
        _allotments.Return("b", 0);

        Assert.Equal([holder.Id], _freed);
        Assert.Equal(0, _allotments.UnneededIn(Budgets[0].BudgetId));
    }

    [Fact]
    public void One_that_nobody_draws_from_is_free_soon()
    {
        var holder = Begin(0.064m, left: 999);

        for (var i = 0; i < 3; i++)
        {
            _time.Advance(TimeSpan.FromMilliseconds(50));
        }

        Assert.Equal([holder.Id], _freed);
    }

    [Fact]
    public void A_budget_that_refuses_a_call_gets_back_what_is_held_for_those_to_come()
    {
        var holder = Begin(0.064m, left: 999);

        _allotments.Stop("key_2/2026-11");
        Assert.Empty(_freed);
        _allotments.Stop(Budgets[0].BudgetId);

        Assert.Equal([holder.Id], _freed);
    }

    [Fact]
    public void When_no_calls_come_any_more_nothing_is_held_for_them()
    {
        var holder = Begin(0.064m, left: 999);

        _allotments.Stop();

        Assert.Equal([holder.Id], _freed);
        Assert.Null(Draw("late", 0.001m));
    }

    [Fact]
    public void Nobody_draws_from_what_was_held_under_another_limit()
    {
        Begin(0.064m, left: 999);

        Assert.Null(_allotments.TryDraw(Call("a"), [Budgets[0] with { LimitUsd = 1 }], 0.001m));
        Assert.Null(_allotments.Propose("key_1", [Budgets[0] with { LimitUsd = 1 }], 0.001m));
    }

    [Fact]
    public void Too_little_that_is_left_is_not_held_back()
    {
        Assert.Null(_allotments.Propose("key_1", Budgets, 0.001m));
        _allotments.Opened("key_1", Budgets, 1000);

        Assert.False(_allotments.Begin(Call("holder") with { Reserved = [Budgets[0].Hold(0.064m, true)] }, leftUsd: 0.5m));
        Assert.Null(Draw("a", 0.001m));
    }

    /// <summary>Some keep drawing, some return, in any order and at once: what is drawn at the same time is never more than is held, and each is freed once.</summary>
    [Fact]
    public async Task Whatever_happens_at_once_no_more_is_drawn_than_is_held()
    {
        var holders = new ConcurrentDictionary<string, decimal>();
        var drawn = 0;
        await Task.WhenAll(Enumerable.Range(0, 8).Select(worker => Task.Run(
            () =>
            {
                for (var i = 0; i < 2000; i++)
                {
                    var id = $"{worker}-{i}";
                    if (Draw(id, 0.001m) is null && _allotments.Propose("key_1", Budgets, 0.001m) is { } amount)
                    {
                        var holder = Call($"holder-{id}") with { Reserved = [Budgets[0].Hold(amount, true)] };
                        holders[holder.Id] = amount;
                        Assert.True(_allotments.Begin(holder, 900));
                    }
                    else
                    {
                        _allotments.Opened("key_1", Budgets, 1000);
                        Interlocked.Increment(ref drawn);
                    }

                    _allotments.Return(id, 0.001m);
                }
            },
            Token)));
        _time.Advance(TimeSpan.FromSeconds(2));
        _time.Advance(TimeSpan.FromSeconds(2));

        Assert.True(holders.Count > 10, $"{holders.Count} allotments");
        Assert.True(drawn > 8);
        Assert.Equal(holders.Keys.Order(), _freed.Order());
    }

    /// <summary>Through the door: hundreds of calls at once on a budget with room for them, and then it has spent what they have, and holds nothing.</summary>
    [Fact]
    public async Task A_budget_of_which_many_calls_are_paid_at_once_has_spent_what_they_have_and_holds_nothing()
    {
        await using var provider = await ScriptedProvider.StartAsync(context => ScriptedProvider.JsonAsync(context, ScriptedProvider.Completion));
        await using var api = new ApiHost(gateway: new GatewayHost(
            ("Gateway:Providers:openai:BaseUrl", provider.Url), ("Gateway:Providers:openai:RequestsPerMinute", "0"), ("Gateway:Prices:m:Input", "1"), ("Gateway:Prices:m:Output", "2")));
        var (_, _, client) = await api.MakeKeyAsync(new { monthly_budget_usd = 1000, requests_per_minute = 100_000, max_concurrency = 1000 });
        using var consumer = client;
        object question = new { model = "openai/m", max_tokens = 50, messages = new[] { new { role = "user", content = "hello" } } };

        await Parallel.ForEachAsync(Enumerable.Range(0, 400), new ParallelOptions { MaxDegreeOfParallelism = 16, CancellationToken = Token }, async (_, _) =>
        {
            using var answer = await consumer.SendAsync("POST", "/v1/chat/completions", question);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            Assert.InRange(decimal.Parse(answer.Headers.GetValues(CallServices.LeftHeader).Single(), System.Globalization.CultureInfo.InvariantCulture), 998, 1000);
        });

        await api.Services.GetRequiredService<CallBook>().FlushAsync(TimeSpan.FromSeconds(30), Token);
        JsonElement budget = default;
        await ApiCalls.UntilAsync(
            async () => (budget = (await consumer.GetJsonAsync("/api/keys/self")).GetProperty("budget")).GetProperty("held_usd").GetDecimal() == 0, "nothing is held", () => budget.ToString());
        var usage = (await api.Http.GetJsonAsync("/api/usage")).GetProperty("total");
        Assert.Equal(400, usage.GetProperty("requests").GetInt32());
        Assert.Equal(usage.GetProperty("cost_usd").GetDecimal(), budget.GetProperty("spent_usd").GetDecimal());
    }

    public void Dispose() => _allotments.Dispose();

    private Call Begin(decimal amount, decimal left)
    {
        _allotments.Propose("key_1", Budgets, 0.001m);
        _allotments.Opened("key_1", Budgets, 1000);
        Assert.NotNull(_allotments.Propose("key_1", Budgets, 0.001m));
        var holder = Call("holder") with { Reserved = [Budgets[0].Hold(amount, true)], IsAllotment = true };
        Assert.True(_allotments.Begin(holder, left));
        return holder;
    }

    private decimal? Draw(string id, decimal cost) => _allotments.TryDraw(Call(id), Budgets, cost);

    private static Call Call(string id) => new() { Id = id, KeyId = "key_1", At = DateTimeOffset.UnixEpoch, Instance = "api_1", Expected = default };
}
