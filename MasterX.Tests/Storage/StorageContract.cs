using MasterX.Api.Ai;
using MasterX.Api.Keys;
using MasterX.Api.Storage;
using MasterX.Api.Users;

namespace MasterX.Tests.Storage;

/// <summary>What every storage has to do, whatever it is made of.</summary>
public abstract partial class StorageContract : IAsyncLifetime
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 24, 12, 0, 0, 123, TimeSpan.Zero);

    private protected abstract IDatabase Database { get; }

    private protected abstract IUserStore Users { get; }

    private protected abstract IGenerationStore Generations { get; }

    private protected abstract IKeyStore Keys { get; }

    private protected abstract IUsageStore Usage { get; }

    private protected abstract IIdempotencyStore Records { get; }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public virtual async ValueTask InitializeAsync() => await Database.InitializeAsync(Token);

    public virtual ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task Initializing_again_changes_nothing()
    {
        var user = User("again@example.com");
        Assert.True(await Users.TryAddAsync(user, Token));

        await Database.InitializeAsync(Token);
        await Database.PingAsync(Token);
        Assert.Null(await Database.ProbeAsync(Token));
        Assert.Null(await Database.ProbeAsync(Token));

        Assert.Equal(user, await Users.FindAsync(null, user.Id, Token));
    }

    [Fact]
    public async Task A_user_is_read_back_as_it_was_added_by_its_key_and_by_nobody_elses()
    {
        var user = User("Test@Test.com");

        Assert.True(await Users.TryAddAsync(user, Token));

        Assert.Equal(user, await Users.FindAsync(null, user.Id, Token));
        Assert.Equal(user, await Users.FindAsync("key_1", user.Id, Token));
        Assert.Null(await Users.FindAsync("key_2", user.Id, Token));
        Assert.Null(await Users.FindAsync(null, "usr_nobody", Token));
    }

    [Theory]
    [InlineData("same@example.com", "SAME@example.com")]
    [InlineData("same@example.com", " same@example.com ")]
    [InlineData("\u00c9@example.com", "\u00e9@example.com")]
    public async Task An_address_is_taken_whatever_its_case(string first, string second)
    {
        Assert.True(await Users.TryAddAsync(User(first), Token));
        Assert.False(await Users.TryAddAsync(User(second), Token));
    }

    [Fact]
    public async Task An_address_of_another_keys_user_is_free()
    {
        var user = User("same@example.com");
        var other = User("other@example.com") with { OwnerId = "key_2" };
        Assert.True(await Users.TryAddAsync(user, Token));
        Assert.True(await Users.TryAddAsync(other, Token));

        Assert.True(await Users.TryAddAsync(User("SAME@example.com") with { OwnerId = "key_3" }, Token));
        Assert.Equal(ChangeResult.Done, await Users.UpdateAsync(other with { Email = "same@example.com", Version = 2 }, Token));

        var third = User("third@example.com");
        Assert.True(await Users.TryAddAsync(third, Token));
        Assert.Equal(ChangeResult.Taken, await Users.UpdateAsync(third with { Email = "Same@example.com", Version = 2 }, Token));
    }

    [Fact]
    public async Task An_id_is_taken_too()
    {
        var user = User("one@example.com");
        Assert.True(await Users.TryAddAsync(user, Token));

        Assert.False(await Users.TryAddAsync(user with { Email = "two@example.com" }, Token));
    }

    [Fact]
    public async Task Of_fifty_who_want_one_address_at_once_one_gets_it()
    {
        var won = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => Task.Run(() => Users.TryAddAsync(User("race@example.com"), Token), Token)));

        Assert.Single(won, true);
    }

    [Fact]
    public async Task A_change_is_made_to_the_version_it_was_made_from_and_to_no_other()
    {
        var user = User("first@example.com");
        await Users.TryAddAsync(user, Token);
        var changed = user with { Name = "changed", Email = "changed@example.com", UpdatedAt = Noon.AddSeconds(1), Version = 2 };

        Assert.Equal(ChangeResult.Done, await Users.UpdateAsync(changed, Token));
        Assert.Equal(ChangeResult.Conflict, await Users.UpdateAsync(changed with { Name = "from the old version" }, Token));
        Assert.Equal(ChangeResult.NotFound, await Users.UpdateAsync(User("nobody@example.com") with { Version = 2 }, Token));

        Assert.Equal(changed, await Users.FindAsync(null, user.Id, Token));
        Assert.True(await Users.TryAddAsync(User("first@example.com"), Token));
    }

    [Fact]
    public async Task Of_twenty_changes_to_one_version_at_once_one_is_made()
    {
        var user = User("contested@example.com");
        await Users.TryAddAsync(user, Token);

        var results = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => Task.Run(() => Users.UpdateAsync(user with { Name = $"change {i}", Version = 2 }, Token), Token)));

        Assert.Single(results, ChangeResult.Done);
        Assert.Equal(19, results.Count(result => result == ChangeResult.Conflict));
    }

    [Fact]
    public async Task A_change_to_an_address_that_is_taken_is_not_made()
    {
        var (one, two) = (User("one@example.com"), User("two@example.com"));
        await Users.TryAddAsync(one, Token);
        await Users.TryAddAsync(two, Token);

        Assert.Equal(ChangeResult.Taken, await Users.UpdateAsync(two with { Email = "ONE@example.com", Version = 2 }, Token));

        Assert.Equal(two, await Users.FindAsync(null, two.Id, Token));
    }

    [Fact]
    public async Task A_user_is_deleted_once_and_only_as_the_version_that_was_meant()
    {
        var user = User("gone@example.com");
        await Users.TryAddAsync(user, Token);

        Assert.Equal(ChangeResult.Conflict, await Users.DeleteAsync(user.Id, 2, Token));
        Assert.Equal(ChangeResult.Done, await Users.DeleteAsync(user.Id, 1, Token));
        Assert.Equal(ChangeResult.NotFound, await Users.DeleteAsync(user.Id, null, Token));

        Assert.Null(await Users.FindAsync(null, user.Id, Token));
        Assert.True(await Users.TryAddAsync(User("gone@example.com"), Token));
    }

    [Fact]
    public async Task Users_are_listed_newest_first_by_key_and_found_by_the_beginning_of_name_or_address()
    {
        var users = new[] { ("key_1", "Ada Lovelace", "ada@example.com"), ("key_1", "Grace Hopper", "grace@example.com"), ("key_2", "Adam", "first@example.com"), ("key_1", "Zo\u00eb", "adjunct@example.com") }
            .Select((user, i) => new User(Id("usr", i), user.Item1, user.Item2, user.Item3, Noon, Noon, 1)).ToArray();
        foreach (var user in users)
        {
            await Users.TryAddAsync(user, Token);
        }

        Assert.Equal([users[3], users[2], users[1], users[0]], await Users.ListAsync(null, null, null, 10, Token));
        Assert.Equal([users[3], users[2], users[0]], await Users.ListAsync(null, "AD", null, 10, Token));
        Assert.Equal([users[3], users[0]], await Users.ListAsync("key_1", "ad", null, 10, Token));
        Assert.Equal([users[0]], await Users.ListAsync("key_1", "ad", users[3].Id, 10, Token));
        Assert.Equal([users[3]], await Users.ListAsync(null, "zo\u00cb", null, 10, Token));
        Assert.Empty(await Users.ListAsync(null, "{\"$gt\":\"\"}", null, 10, Token));
        Assert.Empty(await Users.ListAsync(null, "%", null, 10, Token));
        Assert.Empty(await Users.ListAsync(null, ".*", null, 10, Token));
    }

    [Theory]
    [InlineData("\U0001F600 emoji and \u6f22\u5b57")]
    [InlineData("nul \0 inside")]
    [InlineData("line\r\nend\ttab")]
    [InlineData("'; DROP TABLE users; --")]
    [InlineData("{\"$gt\":\"\"}")]
    [InlineData("$where: sleep(1000)")]
    [InlineData("16 KB")]
    public async Task Unusual_text_comes_back_unchanged(string text)
    {
        text = text == "16 KB" ? string.Concat(Enumerable.Repeat("0123456789abcde\u00e9", 1024)) : text;
        var user = User($"{Guid.NewGuid():N}@example.com") with { Name = text };
        var generation = Generation("key_1", 1) with { Prompt = text, Content = text };

        await Users.TryAddAsync(user, Token);
        await AddAsync(generation);

        Assert.Equal(text, (await Users.FindAsync(null, user.Id, Token))!.Name);
        Assert.Equal(text, (await Generations.FindAsync("key_1", generation.Id, Token))!.Prompt);
    }

    [Fact]
    public async Task A_generation_is_read_back_whole_by_its_own_key_and_by_nobody_elses()
    {
        var generation = Generation("key_1", 1);
        await AddAsync(generation);

        Assert.Equivalent(generation, await Generations.FindAsync("key_1", generation.Id, Token), strict: true);
        Assert.Equivalent(generation, await Generations.FindAsync(null, generation.Id, Token), strict: true);
        Assert.Null(await Generations.FindAsync("key_2", generation.Id, Token));
    }

    [Fact]
    public async Task Pages_are_stable_while_rows_are_added()
    {
        const string Key = "key_paged";
        var added = Enumerable.Range(0, 250).Select(i => Generation(Key, i)).ToArray();
        foreach (var generation in added)
        {
            await AddAsync(generation);
        }

        // One page beyond the driver's first batch of 101, then one that begins where it ended, with newer rows come in between.
        var first = await Generations.ListAsync(new() { OwnerId = Key }, null, 150, Token);
        await AddAsync(Generation(Key, 1000));
        var second = await Generations.ListAsync(new() { OwnerId = Key }, first.Next, 150, Token);

        Assert.Equal(added.Reverse().Select(generation => generation.Id), first.Items.Concat(second.Items).Select(generation => generation.Id));
        Assert.Equal((first.Items[^1].Id, null), (first.Next, second.Next));
        Assert.Equal(251, (await Generations.ListAsync(new(), null, 1000, Token)).Items.Count);
    }

    [Fact]
    public async Task Generations_are_found_by_what_stands_in_them_page_by_page_and_deleted()
    {
        var added = Enumerable.Range(0, 12).Select(i => Generation("key_1", i) with
        {
            UserId = null, Provider = i % 2 == 0 ? "gemini" : "groq", Model = $"m{i % 3}", RequestedModel = "auto", Success = i != 4, Prompt = i < 6 ? "What is \u00c4rger?" : "p", CreatedAt = Noon.AddMinutes(i),
        }).ToArray();
        await Calls.SettleAsync([.. added.Select(generation => new MasterX.Api.Calls.Settlement(Call(), [Spent(0.5m)], Generation: generation))], Token);
        await AddAsync(Generation("key_2", 20));
        GenerationFilter own = new() { OwnerId = "key_1" };

        Assert.Equal([10, 8, 6, 4, 2, 0], await FindAsync(own with { Provider = "gemini" }));
        Assert.Equal([11, 8, 5, 2], await FindAsync(own with { Model = "m2" }));
        Assert.Equal(12, (await FindAsync(own with { Model = "auto" })).Count);
        Assert.Equal([4], await FindAsync(own with { Success = false }));
        Assert.Equal([5, 4, 3, 2, 1, 0], await FindAsync(own with { Search = "\u00e4RGER" }));
        Assert.Equal([3, 2], await FindAsync(own with { From = Noon.AddMinutes(2), Until = Noon.AddMinutes(4) }));
        Assert.Equal([20], await FindAsync(new() { UserId = "usr_1" }));

        // What is found is in a page as soon as it is full; the cursor is of what was looked at last.
        Assert.Equal(2, await Generations.DeleteAsync([added[2].Id, added[3].Id, "gen_none"], Token));
        Assert.Equal([5, 4, 1, 0], await FindAsync(own with { Search = "\u00e4rger" }));
        Assert.Equal(6m, (await Usage.ListAsync("key_1", null, NoonsDay, NoonsDay, Token)).Single().CostUsd);

        async Task<List<int>> FindAsync(GenerationFilter filter)
        {
            List<int> found = [];
            string? before = null;
            do
            {
                var page = await Generations.ListAsync(filter, before, 2, Token);
                Assert.InRange(page.Items.Count, 0, 2);
                found.AddRange(page.Items.Select(generation => (int)Math.Round((Identifier.TimeOf(generation.Id) - Noon).TotalMilliseconds)));
                before = page.Next;
            }
            while (before is not null);

            return found;
        }
    }

    [Fact]
    public async Task What_was_generated_for_a_user_is_deleted_or_keeps_its_numbers_alone()
    {
        var (one, other) = (Generation("key_1", 1), Generation("key_1", 2) with { UserId = "usr_2" });
        var gone = Generation("key_1", 3) with { UserId = "usr_3" };
        foreach (var generation in new[] { one, other, gone })
        {
            await AddAsync(generation);
        }

        Assert.Equal(1, await Generations.AnonymizeOfUserAsync("usr_1", Token));
        Assert.Equal(0, await Generations.AnonymizeOfUserAsync("usr_1", Token));
        Assert.Equal(1, await Generations.DeleteOfUserAsync("usr_3", Token));

        Assert.Equivalent(one with { UserId = null, Prompt = "", System = null, Content = "" }, await Generations.FindAsync(null, one.Id, Token), strict: true);
        Assert.Equivalent(other, await Generations.FindAsync(null, other.Id, Token), strict: true);
        Assert.Null(await Generations.FindAsync(null, gone.Id, Token));
    }

    [Fact]
    public async Task What_has_had_its_time_is_removed_a_few_at_a_time()
    {
        for (var i = 0; i < 5; i++)
        {
            await AddAsync(Generation("key_1", i) with { CreatedAt = Noon.AddDays(-1) });
            await Records.TryBeginAsync(Record($"{i}") with { Id = $"key_1/{i}", ExpiresAt = Noon, HeldUntil = Noon }, Token);
        }

        List<int> removed = [];
        for (var i = 0; i < 4; i++)
        {
            removed.Add(await Generations.DeleteOlderThanAsync(Noon, 2, Token));

            // MongoDB removes these by itself too.
            Assert.InRange(await Records.DeleteExpiredAsync(Noon, 2, Token), 0, 2);
        }

        Assert.Equal([2, 2, 1, 0], removed);
        Assert.Null(await Records.FindAsync("key_1/0", Token));
    }

    [Fact]
    public async Task What_is_older_than_a_time_is_removed()
    {
        var (old, kept) = (Generation("key_1", 1) with { CreatedAt = Noon.AddMilliseconds(-1) }, Generation("key_1", 2));
        await AddAsync(old);
        await AddAsync(kept);

        Assert.Equal(1, await Generations.DeleteOlderThanAsync(Noon, 500, Token));

        Assert.Equal([kept.Id], (await Generations.ListAsync(new(), null, 10, Token)).Items.Select(generation => generation.Id));
    }

    [Fact]
    public async Task A_key_is_found_by_its_hash_and_its_id()
    {
        var key = Key(1) with { Scopes = [ConsumerScopes.Generate, ConsumerScopes.Admin], ExpiresAt = Noon.AddDays(1), RequestsPerMinute = 60, MaxConcurrency = 4, MonthlyBudgetUsd = 12.345678m };
        await Keys.TryAddAsync(key, Token);

        Assert.Equivalent(key, await Keys.FindByHashAsync(key.Hash, Token), strict: true);
        Assert.Equivalent(key, await Keys.FindAsync(key.Id, Token), strict: true);
        Assert.Null(await Keys.FindByHashAsync(ConsumerKeyHash.Of("another").ToString(), Token));
    }

    [Fact]
    public async Task A_key_is_revoked_once_and_its_last_use_never_moves_back()
    {
        var (key, other) = (Key(1), Key(2));
        await Keys.TryAddAsync(key, Token);
        await Keys.TryAddAsync(other, Token);

        Assert.True(await Keys.RevokeAsync(key.Id, Noon.AddHours(1), Token));
        Assert.True(await Keys.RevokeAsync(key.Id, Noon.AddHours(2), Token));
        Assert.False(await Keys.RevokeAsync("key_nobody", Noon, Token));
        await Keys.TouchAsync(key.Id, Noon.AddHours(3), Token);
        await Keys.TouchAsync(key.Id, Noon.AddHours(2), Token);

        Assert.Equivalent(key with { RevokedAt = Noon.AddHours(1), LastUsedAt = Noon.AddHours(3) }, await Keys.FindAsync(key.Id, Token), strict: true);
        Assert.Equal([other.Id, key.Id], (await Keys.ListAsync(null, null, 10, Token)).Select(known => known.Id));
        Assert.Equal([key.Id], (await Keys.ListAsync(null, other.Id, 10, Token)).Select(known => known.Id));
    }

    [Fact]
    public async Task A_cancelled_call_does_nothing()
    {
        var user = User("cancelled@example.com");

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Users.TryAddAsync(user, new CancellationToken(canceled: true)));

        Assert.Null(await Users.FindAsync(null, user.Id, Token));
    }

    private static User User(string email) => new(Identifier.New("usr"), "key_1", "test", email, Noon, Noon, 1);

    private static ConsumerKey Key(int number) => new()
    {
        Id = Id("key", number),
        Hash = ConsumerKeyHash.Of($"key {number}").ToString(),
        Preview = "mx_12345",
        Name = "a consumer",
        Scopes = [ConsumerScopes.Generate],
        CreatedAt = Noon,
    };

    /// <summary>Ids that sort by number, as those made one after the other do.</summary>
    private static string Id(string prefix, int number) => Identifier.Of(prefix, Guid.CreateVersion7(Noon.AddMilliseconds(number)));

    private static Generation Generation(string keyId, int number) => new()
    {
        Id = Id("gen", number),
        OwnerId = keyId,
        UserId = "usr_1",
        CreatedAt = Noon,
        Prompt = "prompt",
        System = "system",
        Success = true,
        Content = "content",
        Confidence = 0.87,
        Provider = "gemini",
        Model = "m",
        Usage = new(1, 2, 3),
        Cost = 0.000123456789m,
        Attempts = [new("gemini", "m", "success", 200, 12)],
        Cached = false,
        LatencyMs = 34,
    };
}
