using MasterX.Api.Idempotency;

namespace MasterX.Tests.Storage;

/// <summary>What every storage has to do about requests that may come again: every step is taken by their holder, once.</summary>
public abstract partial class StorageContract
{
    [Fact]
    public async Task Of_twenty_who_begin_one_request_at_once_one_has_it()
    {
        var begun = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => Task.Run(() => Records.TryBeginAsync(Record($"hash {i}"), Token), Token)));

        var winner = Assert.Single(Enumerable.Range(0, 20), i => begun[i] is null);
        Assert.All(begun.OfType<IdempotencyRecord>(), record => Assert.Equal($"hash {winner}", record.RequestHash));
    }

    [Fact]
    public async Task A_request_is_held_answered_and_given_up_by_its_holder_alone_and_once_answered_by_nobody()
    {
        var record = Record("hash");
        await Records.TryBeginAsync(record, Token);
        var (longer, other) = (record with { HeldUntil = record.HeldUntil.AddSeconds(5) }, record with { Holder = IdempotencyRecord.NewHolder(), Answer = [9] });
        var answered = longer with { Answer = [0, 1, 2, 255] };

        Assert.True(await Records.TryHoldAsync(longer, Token));
        Assert.Equivalent(longer, await Records.FindAsync(record.Id, Token), strict: true);
        Assert.False(await Records.TryHoldAsync(other, Token));
        Assert.False(await Records.TryAnswerAsync(other, Token));
        Assert.False(await Records.TryGiveUpAsync(other, Token));
        Assert.True(await Records.TryAnswerAsync(answered, Token));
        Assert.False(await Records.TryAnswerAsync(answered with { Answer = [1] }, Token));
        Assert.False(await Records.TryHoldAsync(longer, Token));
        Assert.False(await Records.TryGiveUpAsync(record, Token));

        Assert.Equivalent(answered, await Records.FindAsync(record.Id, Token), strict: true);
    }

    [Fact]
    public async Task Of_twenty_who_take_a_request_over_at_once_one_has_it_and_its_old_holder_has_not()
    {
        var old = Record("hash");
        await Records.TryBeginAsync(old, Token);
        var takers = Enumerable.Range(0, 20).Select(_ => old with { Holder = IdempotencyRecord.NewHolder(), HeldUntil = old.HeldUntil.AddSeconds(5) }).ToArray();

        var taken = await Task.WhenAll(takers.Select(taker => Task.Run(() => Records.TryTakeOverAsync(taker, old, Token), Token)));

        var winner = takers[Assert.Single(Enumerable.Range(0, 20), i => taken[i])];
        Assert.Equivalent(winner, await Records.FindAsync(old.Id, Token), strict: true);
        Assert.False(await Records.TryHoldAsync(old, Token));
        Assert.False(await Records.TryAnswerAsync(old with { Answer = [1] }, Token));
        Assert.False(await Records.TryGiveUpAsync(old, Token));
        Assert.True(await Records.TryAnswerAsync(winner with { Answer = [2] }, Token));
    }

    [Theory]
    [InlineData(false, true)]
    [InlineData(true, false)]
    public async Task A_request_that_was_held_longer_or_answered_since_it_was_read_is_not_taken_over(bool isAnswered, bool isHeldLonger)
    {
        var read = Record("hash");
        await Records.TryBeginAsync(read, Token);
        var now = read with { HeldUntil = isHeldLonger ? read.HeldUntil.AddSeconds(5) : read.HeldUntil, Answer = isAnswered ? [1] : null };
        Assert.True(isAnswered ? await Records.TryAnswerAsync(now, Token) : await Records.TryHoldAsync(now, Token));

        Assert.False(await Records.TryTakeOverAsync(read with { Holder = IdempotencyRecord.NewHolder() }, read, Token));

        // As it is now, it can be: when its day is over, an answered one too.
        Assert.True(await Records.TryTakeOverAsync(read with { Holder = IdempotencyRecord.NewHolder() }, now, Token));
    }

    [Fact]
    public async Task A_record_is_forgotten_when_it_is_given_up_or_has_expired_and_nobody_is_at_it()
    {
        var end = Noon.AddYears(50);
        var (givenUp, expired) = (Record("1"), Record("2") with { Id = "key_1/expired", ExpiresAt = end, HeldUntil = end });
        var (kept, underWay) = (Record("3") with { Id = "key_1/kept" }, Record("4") with { Id = "key_1/under-way", ExpiresAt = end });
        foreach (var record in new[] { givenUp, expired, kept, underWay })
        {
            await Records.TryBeginAsync(record, Token);
        }

        Assert.True(await Records.TryGiveUpAsync(givenUp, Token));
        await Records.DeleteExpiredAsync(end, 500, Token);

        Assert.Null(await Records.FindAsync(givenUp.Id, Token));
        Assert.Null(await Records.FindAsync(expired.Id, Token));
        Assert.NotNull(await Records.FindAsync(kept.Id, Token));
        Assert.NotNull(await Records.FindAsync(underWay.Id, Token));
    }

    [Fact]
    public async Task Answers_that_tell_of_a_user_go_with_the_user()
    {
        var user = User("told-of@example.com");
        await Users.TryAddAsync(user, Token);
        var (told, other, late) = (Record("1"), Record("2") with { Id = "key_1/other" }, Record("3") with { Id = "key_1/late" });
        foreach (var record in new[] { told, other, late })
        {
            await Records.TryBeginAsync(record, Token);
        }

        Assert.True(await Records.TryAnswerAsync(told with { UserId = user.Id, Answer = [1] }, Token));
        Assert.True(await Records.TryAnswerAsync(other with { Answer = [1] }, Token));
        Assert.Equal(user.Id, (await Records.FindAsync(told.Id, Token))!.UserId);
        await Users.DeleteAsync(user.Id, null, Token);
        Assert.Equal(1, await Records.DeleteOfUserAsync(user.Id, Token));

        // Was under way while the user was erased.
        Assert.True(await Records.TryAnswerAsync(late with { UserId = user.Id, Answer = [1] }, Token));

        Assert.Null(await Records.FindAsync(told.Id, Token));
        Assert.Null(await Records.FindAsync(late.Id, Token));
        Assert.NotNull(await Records.FindAsync(other.Id, Token));
    }

    /// <summary>Far in the future, so that a server that removes what has expired leaves it alone.</summary>
    private static IdempotencyRecord Record(string hash) => new()
    {
        Id = "key_1/name",
        RequestHash = hash,
        ResourceId = Guid.CreateVersion7(Noon),
        Holder = IdempotencyRecord.NewHolder(),
        HeldUntil = Noon.AddYears(100),
        ExpiresAt = Noon.AddYears(100),
    };
}
