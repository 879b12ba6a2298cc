using MasterX.Api.Idempotency;
using MongoDB.Bson.Serialization.Attributes;
using MongoDB.Driver;

namespace MasterX.Api.Storage.Mongo;

/// <summary>Every step is a change of one document that names the holder it is made from.</summary>
internal sealed class MongoIdempotencyStore(MongoDatabase database) : IIdempotencyStore
{
    private static readonly FilterDefinitionBuilder<IdempotencyDocument> Where = Builders<IdempotencyDocument>.Filter;
    private static readonly UpdateDefinitionBuilder<IdempotencyDocument> Set = Builders<IdempotencyDocument>.Update;

    public async Task<IdempotencyRecord?> TryBeginAsync(IdempotencyRecord record, CancellationToken cancellationToken)
    {
        var added = await MongoDatabase.GuardedAsync(async () =>
        {
            try
            {
                await database.Idempotency.InsertOneAsync(IdempotencyDocument.Of(record), options: null, cancellationToken);
                return true;
            }
            catch (MongoWriteException known) when (MongoDatabase.IsDuplicate(known))
            {
                return false;
            }
        });

        // Gone in between, it is begun by whoever asks again.
        return added ? null : await FindAsync(record.Id, cancellationToken) ?? await TryBeginAsync(record, cancellationToken);
    }

    public Task<bool> TryTakeOverAsync(IdempotencyRecord record, IdempotencyRecord known, CancellationToken cancellationToken) => MongoDatabase.GuardedAsync(async () =>
    {
        // Records of an earlier version have no holder.
        var holder = known.Holder.Length == 0 ? Where.In(held => held.Holder, ["", null!]) : Where.Eq(held => held.Holder, known.Holder);
        var answered = known.Answer is null ? Where.Eq(held => held.Answer, null) : Where.Ne(held => held.Answer, null);
        var asKnown = Where.Eq(held => held.Id, record.Id) & holder & answered & Where.Eq(held => held.HeldUntil, known.HeldUntil.UtcDateTime);
        return (await database.Idempotency.ReplaceOneAsync(asKnown, IdempotencyDocument.Of(record), cancellationToken: cancellationToken)).MatchedCount == 1;
    });

    public Task<bool> TryHoldAsync(IdempotencyRecord record, CancellationToken cancellationToken) => MongoDatabase.GuardedAsync(async () =>
        (await database.Idempotency.UpdateOneAsync(
            HeldBy(record), Set.Set(known => known.HeldUntil, record.HeldUntil.UtcDateTime).Set(known => known.ExpiresAt, record.ExpiresAt.UtcDateTime), cancellationToken: cancellationToken)).MatchedCount == 1);

    /// <summary>Written first, and looked at the user then: whoever erases the user deletes it first, and what tells of the user then. One of both finds the answer.</summary>
    public Task<bool> TryAnswerAsync(IdempotencyRecord record, CancellationToken cancellationToken) => MongoDatabase.GuardedAsync(async () =>
    {
        var answer = Set.Set(known => known.HeldUntil, record.HeldUntil.UtcDateTime).Set(known => known.UserId, record.UserId).Set(known => known.Answer, record.Answer);
        var answered = (await database.Idempotency.UpdateOneAsync(HeldBy(record), answer, cancellationToken: cancellationToken)).MatchedCount == 1;
        if (answered && record.UserId is { } userId && !await database.Users.Find(user => user.Id == userId).AnyAsync(cancellationToken))
        {
            await database.Idempotency.DeleteOneAsync(Where.Eq(known => known.Id, record.Id) & Where.Eq(known => known.Holder, record.Holder), cancellationToken);
        }

        return answered;
    });

    public Task<IdempotencyRecord?> FindAsync(string id, CancellationToken cancellationToken) => MongoDatabase.GuardedAsync(async () =>
        (await database.Idempotency.Find(Where.Eq(record => record.Id, id)).FirstOrDefaultAsync(cancellationToken))?.ToRecord());

    public Task<bool> TryGiveUpAsync(IdempotencyRecord record, CancellationToken cancellationToken) => MongoDatabase.GuardedAsync(async () =>
        (await database.Idempotency.DeleteOneAsync(HeldBy(record), cancellationToken)).DeletedCount == 1);

    public Task DeleteOfOwnerAsync(string ownerId, CancellationToken cancellationToken) => MongoDatabase.GuardedAsync(() =>
        database.Idempotency.DeleteManyAsync(Where.Gte(record => record.Id, $"{ownerId}/") & Where.Lt(record => record.Id, $"{ownerId}0"), cancellationToken));

    public Task<int> DeleteOfUserAsync(string userId, CancellationToken cancellationToken) => MongoDatabase.GuardedAsync(async () =>
        (int)(await database.Idempotency.DeleteManyAsync(Where.Eq(record => record.UserId, userId), cancellationToken)).DeletedCount);

    /// <summary>One that is under way is not forgotten: its holder says over and over that it lives.</summary>
    public Task<int> DeleteExpiredAsync(DateTimeOffset now, int limit, CancellationToken cancellationToken) => MongoDatabase.GuardedAsync(async () =>
    {
        var expired = Where.Lte(record => record.ExpiresAt, now.UtcDateTime) & Where.Lte(record => record.HeldUntil, now.UtcDateTime);
        var ids = await database.Idempotency.Find(expired).Limit(limit).Project(record => record.Id).ToListAsync(cancellationToken);

        // Expired still: a record may have been begun anew in between.
        return ids.Count == 0 ? 0 : (int)(await database.Idempotency.DeleteManyAsync(Where.In(record => record.Id, ids) & expired, cancellationToken)).DeletedCount;
    });

    /// <summary>The record, as long as it is its holder's and not answered.</summary>
    private static FilterDefinition<IdempotencyDocument> HeldBy(IdempotencyRecord record) =>
        Where.Eq(known => known.Id, record.Id) & Where.Eq(known => known.Holder, record.Holder) & Where.Eq(known => known.Answer, null);
}

/// <summary>A request that may come again, as it is stored.</summary>
[BsonIgnoreExtraElements]
internal sealed class IdempotencyDocument
{
    [BsonId]
    public required string Id { get; init; }

    public required string RequestHash { get; init; }

    public required string ResourceId { get; init; }

    public string Holder { get; init; } = "";

    public required DateTime HeldUntil { get; init; }

    public required DateTime ExpiresAt { get; init; }

    [BsonIgnoreIfNull]
    public string? UserId { get; init; }

    [BsonIgnoreIfNull]
    public byte[]? Answer { get; init; }

    public static IdempotencyDocument Of(IdempotencyRecord record) => new()
    {
        Id = record.Id,
        RequestHash = record.RequestHash,
        ResourceId = record.ResourceId.ToString("N"),
        Holder = record.Holder,
        HeldUntil = record.HeldUntil.UtcDateTime,
        UserId = record.UserId,
        ExpiresAt = record.ExpiresAt.UtcDateTime,
        Answer = record.Answer,
    };

    public IdempotencyRecord ToRecord() => new()
    {
        Id = Id,
        RequestHash = RequestHash,
        ResourceId = Guid.ParseExact(ResourceId, "N"),
        Holder = Holder,
        HeldUntil = HeldUntil.AsUtc(),
        UserId = UserId,
        ExpiresAt = ExpiresAt.AsUtc(),
        Answer = Answer,
    };
}
