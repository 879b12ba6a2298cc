using MasterX.Api.Ai;
using MasterX.Api.Keys;
using MasterX.Api.Storage;
using MasterX.Api.Users;

namespace MasterX.Tests.Storage;

/// <summary>What every storage has to do, whatever it is made of.</summary>
public abstract class StorageContract : IAsyncLifetime
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 24, 12, 0, 0, 123, TimeSpan.Zero);

    private protected abstract IDatabase Database { get; }

    private protected abstract IUserStore Users { get; }

    private protected abstract IGenerationStore Generations { get; }

    private protected abstract IKeyStore Keys { get; }

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

        Assert.Equal(user, await Users.FindAsync(user.Id, Token));
    }

    [Fact]
    public async Task A_user_is_read_back_as_it_was_added()
    {
        var user = User("Test@Test.com");

        Assert.True(await Users.TryAddAsync(user, Token));

        Assert.Equal(user, await Users.FindAsync(user.Id, Token));
        Assert.Null(await Users.FindAsync("usr_nobody", Token));
    }

    [Theory]
    [InlineData("same@example.com", "SAME@example.com")]
    [InlineData("\u00c9@example.com", "\u00e9@example.com")]
    public async Task An_address_is_taken_whatever_its_case(string first, string second)
    {
        Assert.True(await Users.TryAddAsync(User(first), Token));
        Assert.False(await Users.TryAddAsync(User(second), Token));
    }

    [Fact]
    public async Task Of_fifty_who_want_one_address_at_once_one_gets_it()
    {
        var won = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => Task.Run(() => Users.TryAddAsync(User("race@example.com"), Token), Token)));

        Assert.Single(won, true);
    }

    [Theory]
    [InlineData("😀 emoji and 漢字")]
    [InlineData("'; DROP TABLE users; --")]
    [InlineData("""{"$gt":""}""")]
    [InlineData("line\r\nend\ttab")]
    public async Task Unusual_text_comes_back_unchanged(string text)
    {
        var user = User($"{Guid.NewGuid():N}@example.com") with { Name = text };
        var generation = Generation("key", 1) with { Prompt = text, Content = text };

        Assert.True(await Users.TryAddAsync(user, Token));
        await Generations.AddAsync(generation, Token);

        Assert.Equal(text, (await Users.FindAsync(user.Id, Token))!.Name);
        Assert.Equal(text, (await Generations.FindAsync("key", generation.Id, Token))!.Content);
    }

    [Fact]
    public async Task A_generation_is_read_back_whole_by_its_own_key_only()
    {
        var generation = Generation("mine", 1);
        await Generations.AddAsync(generation, Token);

        Assert.Equivalent(generation, await Generations.FindAsync("mine", generation.Id, Token), strict: true);
        Assert.Null(await Generations.FindAsync("other", generation.Id, Token));
        Assert.Empty(await Generations.ListAsync("other", null, 10, Token));
    }

    [Fact]
    public async Task Pages_are_newest_first_and_stable_while_rows_are_added()
    {
        var key = Identifier.New("key");
        var added = Enumerable.Range(0, 250).Select(number => Generation(key, number)).ToArray();
        foreach (var generation in added)
        {
            await Generations.AddAsync(generation, Token);
        }

        // One page beyond the driver's first batch of 101, then one that begins where it ended, with newer rows come in between.
        var first = await Generations.ListAsync(key, null, 150, Token);
        await Generations.AddAsync(Generation(key, 1000), Token);
        var second = await Generations.ListAsync(key, first[^1].Id, 150, Token);

        Assert.Equal(added.Reverse().Select(generation => generation.Id), first.Concat(second).Select(generation => generation.Id));
    }

    [Fact]
    public async Task A_key_is_found_by_its_hash()
    {
        var key = new ConsumerKey(Identifier.New("key"), ConsumerKeyHash.Of(Guid.NewGuid().ToString()), "a consumer", [ConsumerScopes.Generate, ConsumerScopes.Admin], Noon, Noon.AddDays(1));
        await Keys.AddAsync(key, Token);

        var found = await Keys.FindByHashAsync(key.Hash, Token);

        Assert.Equivalent(key, found, strict: true);
        Assert.Null(await Keys.FindByHashAsync(ConsumerKeyHash.Of("another"), Token));
    }

    [Fact]
    public async Task A_cancelled_call_does_nothing()
    {
        var user = User("cancelled@example.com");

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Users.TryAddAsync(user, new CancellationToken(canceled: true)));

        Assert.Null(await Users.FindAsync(user.Id, Token));
    }

    private static User User(string email) => new(Identifier.New("usr"), "test", email, Noon);

    /// <summary>Ids that sort by number, as those made one after the other do.</summary>
    private static Generation Generation(string keyId, int number) => new()
    {
        Id = $"gen_{Guid.CreateVersion7(Noon.AddMilliseconds(number)):N}",
        KeyId = keyId,
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
