using MasterX.Api.Calls;
using MasterX.Api.Keys;
using MasterX.Api.Projects;
using MasterX.Api.Storage;

namespace MasterX.Tests.Storage;

/// <summary>What every storage has to do about projects, their keys, and what is told of budgets.</summary>
public abstract partial class StorageContract
{
    private protected abstract IProjectStore Projects { get; }

    private protected abstract IBudgetAlertStore Alerts { get; }

    [Fact]
    public async Task A_project_is_read_back_as_it_was_added_and_changed_from_the_version_it_was_read_in()
    {
        var (project, other) = (Project(1), Project(2));
        Assert.True(await Projects.TryAddAsync(project, Token));
        Assert.False(await Projects.TryAddAsync(project with { Name = "again" }, Token));
        await Projects.TryAddAsync(other, Token);

        Assert.Equivalent(project, await Projects.FindAsync(project.Id, Token), strict: true);
        Assert.Null(await Projects.FindAsync("proj_nobody", Token));
        Assert.Equal([other.Id, project.Id], (await Projects.ListAsync(null, 10, Token)).Select(known => known.Id));
        Assert.Equal([project.Id], (await Projects.ListAsync(other.Id, 10, Token)).Select(known => known.Id));

        var changed = project with { Name = "changed", MonthlyBudgetUsd = 0.5m, Models = ["openai/*"], Version = 2 };
        Assert.Equal(ChangeResult.Done, await Projects.UpdateAsync(changed, Token));
        Assert.Equal(ChangeResult.Conflict, await Projects.UpdateAsync(changed, Token));
        Assert.Equal(ChangeResult.NotFound, await Projects.UpdateAsync(Project(3) with { Version = 2 }, Token));
        Assert.Equivalent(changed, await Projects.FindAsync(project.Id, Token), strict: true);

        Assert.Equal(ChangeResult.Conflict, await Projects.DeleteAsync(project.Id, 1, Token));
        Assert.Equal(ChangeResult.Done, await Projects.DeleteAsync(project.Id, 2, Token));
        Assert.Equal(ChangeResult.NotFound, await Projects.DeleteAsync(project.Id, 2, Token));
    }

    [Fact]
    public async Task A_key_is_added_to_a_project_that_is_there_and_to_no_other()
    {
        var (open, closing) = (Project(1), Project(2) with { IsClosing = true });
        await Projects.TryAddAsync(open, Token);
        await Projects.TryAddAsync(closing, Token);
        var (key, late, lost) = (Key(1) with { ProjectId = open.Id }, Key(2) with { ProjectId = closing.Id }, Key(3) with { ProjectId = "proj_nobody" });

        Assert.True(await Keys.TryAddAsync(key, Token));
        Assert.False(await Keys.TryAddAsync(late, Token));
        Assert.False(await Keys.TryAddAsync(lost, Token));
        Assert.True(await Keys.TryAddAsync(Key(4), Token));

        Assert.Null(await Keys.FindAsync(late.Id, Token));
        Assert.Null(await Keys.FindByHashAsync(lost.Hash, Token));
        Assert.Equal([key.Id], (await Keys.ListAsync(open.Id, null, 10, Token)).Select(known => known.Id));
        Assert.True(await Keys.HasAnyAsync(open.Id, Token));
        await Keys.RevokeAsync(key.Id, Noon, Token);
        Assert.False(await Keys.HasAnyAsync(open.Id, Token));
    }

    /// <summary>One of both sees the other: never is there a key whose project is gone.</summary>
    [Fact]
    public async Task Of_a_key_that_is_added_and_a_project_that_is_closed_at_once_one_gives_way()
    {
        for (var round = 0; round < 20; round++)
        {
            var project = Project(round);
            await Projects.TryAddAsync(project, Token);
            var adding = Task.Run(() => Keys.TryAddAsync(Key(round) with { ProjectId = project.Id }, Token), Token);
            var closing = Task.Run(
                async () =>
                {
                    await Projects.UpdateAsync(project with { IsClosing = true, Version = 2 }, Token);
                    return await Keys.HasAnyAsync(project.Id, Token);
                },
                Token);

            var (added, seen) = (await adding, await closing);

            Assert.True(!added || seen, "A key was added to a project that has seen none.");
        }
    }

    [Fact]
    public async Task A_key_is_changed_from_the_version_it_was_read_in_and_opens_by_both_its_hashes()
    {
        var key = Key(1);
        await Keys.TryAddAsync(key, Token);
        await Keys.TouchAsync(key.Id, Noon.AddHours(1), Token);
        var changed = key with
        {
            Name = "changed", Scopes = [ConsumerScopes.Admin], ExpiresAt = Noon.AddDays(9), RequestsPerMinute = 5, MaxConcurrency = 6, MonthlyBudgetUsd = 7.5m, DailyBudgetUsd = 0.000000000001m,
            BudgetWarnAt = [0.5m, 0.85m], Models = ["auto", "openai/*", "\"quoted\" \u00e9"], Routes = ["/v1/chat/completions"], Counted = BudgetKinds.Day | BudgetKinds.Month,
            Hash = ConsumerKeyHash.Of("new").ToString(), Preview = "mx_new12", PreviousHash = key.Hash, PreviousUntil = Noon.AddDays(1), RotatedBy = "rot_1", Version = 2,
        };

        Assert.Equal(ChangeResult.Done, await Keys.UpdateAsync(changed, Token));
        Assert.Equal(ChangeResult.Conflict, await Keys.UpdateAsync(changed, Token));
        Assert.Equal(ChangeResult.NotFound, await Keys.UpdateAsync(Key(2) with { Version = 2 }, Token));

        var expected = changed with { LastUsedAt = Noon.AddHours(1) };
        Assert.Equivalent(expected, await Keys.FindByHashAsync(changed.Hash, Token), strict: true);
        Assert.Equivalent(expected, await Keys.FindByHashAsync(key.Hash, Token), strict: true);

        Assert.Equal(ChangeResult.Done, await Keys.UpdateAsync(key with { Hash = changed.Hash, Version = 3 }, Token));
        Assert.Null(await Keys.FindByHashAsync(key.Hash, Token));
        Assert.Equivalent(key with { Hash = changed.Hash, Version = 3, LastUsedAt = Noon.AddHours(1) }, await Keys.FindAsync(key.Id, Token), strict: true);

        await Keys.RevokeAsync(key.Id, Noon, Token);
        Assert.Equal(ChangeResult.NotFound, await Keys.UpdateAsync(key with { Version = 4 }, Token));
    }

    [Fact]
    public async Task What_is_spent_by_a_projects_keys_is_the_keys_and_the_projects()
    {
        await Calls.SettleAsync(
            [
                new(Call(key: "key_1") with { ProjectId = "proj_1" }, [Spent(0.5m)]), new(Call(key: "key_2") with { ProjectId = "proj_1" }, [Spent(0.25m)]),
                new(Call(key: "key_3") with { ProjectId = "proj_2" }, [Spent(2)]), new(Call(key: "key_4"), [Spent(4)]),
            ],
            Token);
        foreach (var number in new[] { 1, 2, 3 })
        {
            var project = number < 3 ? "proj_1" : "proj_2";
            await Projects.TryAddAsync(Project(1) with { Id = project }, Token);
            await Keys.TryAddAsync(Key(number) with { Id = $"key_{number}", ProjectId = project }, Token);
        }

        Assert.Equal([("key_1", 0.5m, "proj_1"), ("key_2", 0.25m, "proj_1")], await ListAsync("proj_1", null));
        Assert.Equal([("key_2", 0.25m, "proj_1")], await ListAsync("proj_1", "key_2"));
        Assert.Equal([("key_4", 4m, null)], await ListAsync("key_4", null));
        Assert.Empty(await ListAsync("key_4", "key_1"));
        Assert.Equal([("key_1", 0.5m, "proj_1")], await ListAsync(null, "key_1"));
        Assert.Equal(4, (await ListAsync(null, null)).Count());
        Assert.Equal((0.75m, 0m), await Calls.ReadBudgetAsync(BudgetPeriod.IdOf("proj_1", Noon), Token));
        Assert.Equal((0.75m, 0m), await Calls.ReadBudgetAsync(BudgetPeriod.IdOf("proj_1", Noon, BudgetKinds.Day), Token));
        Assert.Equal((0m, 0m), await Calls.ReadBudgetAsync(BudgetPeriod.IdOf("proj_1", Noon.AddDays(1), BudgetKinds.Day), Token));
        Assert.Equal((4m, 0m), await Calls.ReadBudgetAsync(BudgetPeriod.IdOf("key_4", Noon, BudgetKinds.Day), Token));

        async Task<IEnumerable<(string, decimal, string?)>> ListAsync(string? owner, string? key) =>
            (await Usage.ListAsync(owner, key, NoonsDay, NoonsDay, Token)).Select(day => (day.KeyId, day.CostUsd, day.ProjectId));
    }

    /// <summary>Of a project's budget worth five, over keys that have budgets of their own beside it, for the day and the month.</summary>
    [Theory]
    [InlineData(1, false)]
    [InlineData(2, false)]
    [InlineData(3, true)]
    public async Task Of_two_hundred_calls_at_once_of_several_keys_on_a_projects_budget_worth_five_five_pass(int seed, bool together)
    {
        var random = new Random(seed);
        string[] keys = ["key_a", "key_b", "key_c", "key_d"];
        string Shared(BudgetKinds kind) => BudgetPeriod.IdOf("proj_1", Noon, kind);
        var calls = Enumerable.Range(0, 200).Select(_ => keys[random.Next(keys.Length)]).Select(key => Call(key: key) with
        {
            ProjectId = "proj_1",
            Reserved =
            [
                new(BudgetPeriod.IdOf(key, Noon, BudgetKinds.Day), 0.2m, 100, true), new(BudgetPeriod.IdOf(key, Noon), 0.2m, 200, true),
                new(Shared(BudgetKinds.Day), 0.2m, 1, true), new(Shared(BudgetKinds.Month), 0.2m, 3, true),
            ],
        }).ToArray();

        var openings = together
            ? await Calls.OpenAsync(calls, Token)
            : [.. (await Task.WhenAll(calls.Select(call => Task.Run(() => Calls.OpenAsync([call], Token), Token)))).Select(opened => opened.Single())];

        var passed = calls.Where((_, i) => openings[i].IsAllowed).ToArray();
        Assert.Equal(5, passed.Length);
        Assert.All(openings.Where(opening => !opening.IsAllowed), opening => Assert.Equal((0, Shared(BudgetKinds.Day)), (opening.LeftUsd, opening.RefusedBy)));
        Assert.Equal((0m, 1m), await Calls.ReadBudgetAsync(Shared(BudgetKinds.Day), Token));
        Assert.Equal((0m, 1m), await Calls.ReadBudgetAsync(Shared(BudgetKinds.Month), Token));
        foreach (var key in keys)
        {
            // Nothing is held of those that were refused.
            var held = 0.2m * passed.Count(call => call.KeyId == key);
            Assert.Equal((0m, held), await Calls.ReadBudgetAsync(BudgetPeriod.IdOf(key, Noon), Token));
            Assert.Equal((0m, held), await Calls.ReadBudgetAsync(BudgetPeriod.IdOf(key, Noon, BudgetKinds.Day), Token));
        }

        await Calls.SettleAsync([.. passed.Select(call => new Settlement(call, [Spent(0.15m)]))], Token);
        Assert.Equal((0.75m, 0m), await Calls.ReadBudgetAsync(Shared(BudgetKinds.Day), Token));
        Assert.Equal((0.75m, 0m), await Calls.ReadBudgetAsync(Shared(BudgetKinds.Month), Token));
        Assert.True((await Calls.OpenAsync([passed[0] with { Id = Identifier.New("call") }], Token)).Single().IsAllowed);
    }

    /// <summary>What is generated in a project that was deleted meanwhile is not kept, as with users.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Of_what_was_generated_while_its_project_was_deleted_nothing_is_kept_but_what_it_has_cost(bool keepsNumbers)
    {
        var generation = Generation("proj_gone", 1) with { UserId = null };
        var call = Call() with { ProjectId = "proj_gone" };
        await Calls.OpenAsync([call], Token);

        await Calls.SettleAsync([new(call, [Spent(0.5m)], Generation: generation, KeepsOfErased: keepsNumbers)], Token);

        Assert.Equivalent(keepsNumbers ? generation.Anonymized() : null, await Generations.FindAsync(null, generation.Id, Token), strict: true);
        Assert.Equal(0.5m, (await Usage.ListAsync(null, "key_1", NoonsDay, NoonsDay, Token)).Single().CostUsd);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_an_owner_has_is_erased_and_what_others_have_is_not(bool keepsNumbers)
    {
        var (own, others) = (Generation("key_1", 1), Generation("key_12", 2));
        await AddAsync(own);
        await AddAsync(others);
        var (record, kept) = (Record("key_1/a"), Record("key_12/a"));
        await Records.TryBeginAsync(record, Token);
        await Records.TryBeginAsync(kept, Token);

        await Generations.EraseOfOwnerAsync("key_1", keepsNumbers, Token);
        await Records.DeleteOfOwnerAsync("key_1", Token);

        Assert.Equivalent(keepsNumbers ? own.Anonymized() : null, await Generations.FindAsync(null, own.Id, Token), strict: true);
        Assert.Equivalent(others, await Generations.FindAsync(null, others.Id, Token), strict: true);
        Assert.Null(await Records.FindAsync(record.Id, Token));
        Assert.NotNull(await Records.FindAsync(kept.Id, Token));

        static MasterX.Api.Idempotency.IdempotencyRecord Record(string id) =>
            new() { Id = id, RequestHash = "h", ResourceId = Guid.CreateVersion7(Noon), Holder = "holder", HeldUntil = Noon, ExpiresAt = DateTimeOffset.UtcNow.AddDays(1) };
    }

    [Fact]
    public async Task Budgets_of_a_month_that_is_over_are_forgotten_but_for_what_is_held()
    {
        string[] budgets = [BudgetPeriod.IdOf("key_1", Noon), BudgetPeriod.IdOf("key_1", Noon, BudgetKinds.Day), BudgetPeriod.IdOf("key_1", Noon.AddMonths(1))];
        var (booked, held) = (Call() with { Reserved = [.. budgets.Select(budget => new Reservation(budget, 0.5m, 1, true))] }, Call(reserved: 0.25m, key: "proj_2026-11"));
        await Calls.OpenAsync([booked, held], Token);
        await Calls.SettleAsync([new(booked, [])], Token);

        Assert.Equal(0, await Calls.DeleteBudgetsAsync(NoonsDay.AddMonths(-1), Token));
        Assert.Equal(2, await Calls.DeleteBudgetsAsync(NoonsDay, Token));
        Assert.Equal(1, await Calls.DeleteBudgetsAsync(NoonsDay.AddMonths(1), Token));
        Assert.Equal((0m, 0.25m), await Calls.ReadBudgetAsync(held.Reserved[0].BudgetId, Token));
    }

    [Fact]
    public async Task What_is_told_of_a_budget_is_told_by_one_and_once()
    {
        var alert = new BudgetAlert("key_1/2026-11@0.5", "msg_1", Noon, """{"a":"é"}""", 0, Noon, null, null);
        var added = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => Task.Run(() => Alerts.TryAddAsync(alert with { MessageId = $"msg_{i}" }, Token), Token)));
        Assert.Single(added, true);
        await Alerts.TryAddAsync(alert with { Id = "key_1/2026-11@0.8", NextAt = null }, Token);
        await Alerts.TryAddAsync(alert with { Id = "key_1/2026-11@1", NextAt = Noon.AddSeconds(1) }, Token);

        Assert.Empty(await Alerts.ListDueAsync(Noon.AddMilliseconds(-1), 10, Token));
        var due = (await Alerts.ListDueAsync(Noon, 10, Token)).Single();
        Assert.Equal(alert with { MessageId = due.MessageId }, due);

        var claims = await Task.WhenAll(Enumerable.Range(1, 20).Select(i => Task.Run(() => Alerts.TryChangeAsync(due, due with { Attempts = 1, NextAt = Noon.AddSeconds(i) }, Token), Token)));
        Assert.Single(claims, true);
        var held = (await Alerts.ListDueAsync(Noon.AddMinutes(1), 10, Token)).Single(known => known.Attempts == 1);
        Assert.False(await Alerts.TryChangeAsync(due, due with { Attempts = 2 }, Token));
        Assert.True(await Alerts.TryChangeAsync(held, held with { NextAt = null, SentBy = "api_1", SentAt = Noon }, Token));
        Assert.Equal(["key_1/2026-11@1"], (await Alerts.ListDueAsync(Noon.AddMinutes(1), 10, Token)).Select(known => known.Id));

        Assert.Equal(0, await Alerts.DeleteOlderThanAsync(Noon, 10, Token));
        Assert.Equal(2, await Alerts.DeleteOlderThanAsync(Noon.AddSeconds(1), 2, Token));
        Assert.Equal(1, await Alerts.DeleteOlderThanAsync(Noon.AddSeconds(1), 2, Token));
    }

    private static Project Project(int number) => new()
    {
        Id = Id("proj", number), Name = "a project", CreatedAt = Noon, UpdatedAt = Noon, Seal = "c2VhbA==", RequestsPerMinute = 60, MaxConcurrency = 4, DailyBudgetUsd = 1.5m, BudgetWarnAt = [0.5m, 0.8m],
        Routes = ["/v1/messages"], KeepGenerations = true,
    };
}
