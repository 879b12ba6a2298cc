using System.Text.Json.Nodes;
using MasterX.Api.Audit;
using MasterX.Api.Storage;
using MasterX.Tests.Hosts;

namespace MasterX.Tests.Storage;

/// <summary>What every storage has to do about the log of admins' acts.</summary>
public abstract partial class StorageContract
{
    private protected abstract IAuditStore Audit { get; }

    [Fact]
    public async Task An_act_that_is_done_leaves_one_entry_and_one_that_is_refused_none()
    {
        var (key, project, user) = (Key(1), Project(1), User("audited@example.com"));
        await Users.TryAddAsync(user, Token);

        Assert.True(await Projects.TryAddAsync(project, Act("project.create", project.Id), Token));
        Assert.False(await Projects.TryAddAsync(project, Act("project.create", project.Id), Token));
        Assert.False(await Keys.TryAddAsync(Key(2) with { ProjectId = "proj_nobody" }, Act("key.create", "key_2"), Token));
        Assert.True(await Keys.TryAddAsync(key, Act("key.create", key.Id), Token));
        Assert.Equal(ChangeResult.Conflict, await Keys.UpdateAsync(key with { Version = 5 }, Act("key.update", key.Id), Token));
        Assert.Equal(ChangeResult.Done, await Keys.UpdateAsync(key with { Version = 2 }, Act("key.update", key.Id), Token));
        Assert.Equal(ChangeResult.Done, await Projects.UpdateAsync(project with { Version = 2 }, Act("project.update", project.Id), Token));
        Assert.Equal(ChangeResult.Conflict, await Projects.UpdateAsync(project with { Version = 2 }, Act("project.update", project.Id), Token));
        Assert.True(await Keys.RevokeAsync(key.Id, Noon, Act("key.revoke", key.Id), Token));
        Assert.True(await Keys.RevokeAsync(key.Id, Noon, Act("key.revoke", key.Id), Token));
        Assert.False(await Keys.RevokeAsync("key_nobody", Noon, Act("key.revoke", "key_nobody"), Token));
        Assert.Equal(ChangeResult.Conflict, await Users.DeleteAsync(user.Id, 7, Act("user.erase", user.Id), Token));
        Assert.Equal(ChangeResult.Done, await Users.DeleteAsync(user.Id, user.Version, Act("user.erase", user.Id), Token));
        await Audit.AppendAsync(Act("project.delete", project.Id), Token);

        var entries = await Audit.ReadAsync(AuditFilter.All, 0, 100, Token);
        Assert.Equal(
            [(1, "project.create", project.Id), (2, "key.create", key.Id), (3, "key.update", key.Id), (4, "project.update", project.Id), (5, "key.revoke", key.Id), (6, "user.erase", user.Id), (7, "project.delete", project.Id)],
            entries.Select(entry => (entry.Sequence, entry.Action, entry.Target)));
        var document = JsonNode.Parse(entries[1].ToJson())!;
        Assert.Equal(("key_admin", "an admin", "192.0.2.1", "done", "1", "2"), (
            (string?)document["actor"]!["id"], (string?)document["actor"]!["name"], (string?)document["address"], (string?)document["outcome"], document["changes"]![0]!["before"]!.ToString(), document["changes"]![0]!["after"]!.ToString()));
        Assert.Equal((true, 7, 7), await VerifiedAsync());
    }

    [Fact]
    public async Task Entries_are_found_by_who_what_to_what_and_when_and_paged()
    {
        for (var i = 0; i < 5; i++)
        {
            await Audit.AppendAsync(Act(i % 2 == 0 ? "key.create" : "key.revoke", $"key_{i}") with { At = Noon.AddHours(i), ActorId = i < 3 ? "key_a" : "key_b" }, Token);
        }

        Assert.Equal([5, 4], (await Audit.ListAsync(AuditFilter.All, null, 2, Token)).Select(entry => entry.Sequence));
        Assert.Equal([3, 2], (await Audit.ListAsync(AuditFilter.All, 4, 2, Token)).Select(entry => entry.Sequence));
        Assert.Equal([3, 4, 5], (await Audit.ReadAsync(AuditFilter.All, 2, 10, Token)).Select(entry => entry.Sequence));
        Assert.Equal([3, 1], (await Audit.ListAsync(new AuditFilter(ActorId: "key_a", Action: "key.create"), null, 10, Token)).Select(entry => entry.Sequence));
        Assert.Equal([4], (await Audit.ListAsync(new AuditFilter(Target: "key_3"), null, 10, Token)).Select(entry => entry.Sequence));
        Assert.Equal([2, 3], (await Audit.ReadAsync(new AuditFilter(Noon.AddHours(1), Noon.AddHours(3)), 0, 10, Token)).Select(entry => entry.Sequence));
    }

    [Fact]
    public async Task Many_who_write_at_once_write_one_chain()
    {
        await Task.WhenAll(Enumerable.Range(0, 12).Select(i => Task.Run(() => Audit.AppendAsync(Act("key.create", $"key_{i}"), Token))));

        Assert.Equal((true, 12, 12), await VerifiedAsync());
        Assert.Equal(12, (await Audit.ReadAsync(AuditFilter.All, 0, 100, Token)).Select(entry => entry.Target).Distinct().Count());
    }

    [Fact]
    public async Task What_has_had_its_time_is_taken_from_the_beginning_and_the_chain_goes_on_from_there()
    {
        var time = new ShiftedTime();
        var log = new AuditLog(Audit, time);
        for (var i = 0; i < 4; i++)
        {
            await Audit.AppendAsync(Act("key.create", $"key_{i}") with { At = i < 3 ? time.GetUtcNow().AddDays(-10) : Identifier.Now(time) }, Token);
        }

        await log.KeepAsync(0, Token);
        Assert.Equal(4, (await Audit.ReadAsync(AuditFilter.All, 0, 100, Token)).Count);
        await log.KeepAsync(7, Token);
        await log.KeepAsync(7, Token);

        Assert.Equal([4, 5], (await Audit.ReadAsync(AuditFilter.All, 0, 100, Token)).Select(entry => entry.Sequence));
        Assert.Equal((true, 2, 5), await VerifiedAsync());

        time.Advance(TimeSpan.FromDays(30));
        await log.KeepAsync(7, Token);
        var left = Assert.Single(await Audit.ReadAsync(AuditFilter.All, 0, 100, Token));
        Assert.Equal((6, AuditEntry.Cut), (left.Sequence, left.Action));
        await log.KeepAsync(7, Token);
        Assert.Equal((true, 1, 6), await VerifiedAsync());
    }

    private protected static AuditAct Act(string action, string target) => new(
        Identifier.New("act"), Noon, "key_admin", "an admin", action, target, "192.0.2.1", "0123456789abcdef0123456789abcdef", [new AuditChange("requests_per_minute", 1, 2)]);

    private async Task<(bool Intact, long Entries, long Last)> VerifiedAsync()
    {
        var found = await new AuditLog(Audit, TimeProvider.System).VerifyAsync(Token);
        return (found.Intact, found.Entries, found.Last);
    }
}
