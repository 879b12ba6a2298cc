using MasterX.Api.Idempotency;
using MongoDB.Bson.Serialization.Attributes;
using MongoDB.Driver;

namespace MasterX.Api.Storage.Mongo;

internal sealed class MongoIdempotencyStore(MongoDatabase database) : IIdempotencyStore
{
    private static readonly FilterDefinitionBuilder<IdempotencyDocument> Where = Builders<IdempotencyDocument>.Filter;

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

    public Task<bool> TryReplaceAsync(IdempotencyRecord record, DateTimeOffset heldUntil, CancellationToken cancellationToken) => MongoDatabase.GuardedAsync(async () =>
    {
        var held = Where.Eq(known => known.Id, record.Id) & Where.Eq(known => known.HeldUntil, heldUntil.UtcDateTime) & Where.Eq(known => known.Answer, null);
        return (await database.Idempotency.ReplaceOneAsync(held, IdempotencyDocument.Of(record), cancellationToken: cancellationToken)).MatchedCount == 1;
    });

    public Task<IdempotencyRecord?> FindAsync(string id, CancellationToken cancellationToken) => MongoDatabase.GuardedAsync(async () =>
        (await database.Idempotency.Find(Where.Eq(record => record.Id, id)).FirstOrDefaultAsync(cancellationToken))?.ToRecord());

    public Task DeleteAsync(string id, CancellationToken cancellationToken) =>
        MongoDatabase.GuardedAsync(() => database.Idempotency.DeleteOneAsync(Where.Eq(record => record.Id, id), cancellationToken));

    public Task<int> DeleteExpiredAsync(DateTimeOffset now, int limit, CancellationToken cancellationToken) => MongoDatabase.GuardedAsync(async () =>
    {
        var expired = Where.Lte(record => record.ExpiresAt, now.UtcDateTime);
        var ids = await database.Idempotency.Find(expired).Limit(limit).Project(record => record.Id).ToListAsync(cancellationToken);

        // Expired still: a record may have been begun anew in between.
        return ids.Count == 0 ? 0 : (int)(await database.Idempotency.DeleteManyAsync(Where.In(record => record.Id, ids) & expired, cancellationToken)).DeletedCount;
    });
}

/// <summary>A request that may come again, as it is stored.</summary>
[BsonIgnoreExtraElements]
internal sealed class IdempotencyDocument
{
    [BsonId]
    public required string Id { get; init; }

    public required string RequestHash { get; init; }

    public required string ResourceId { get; init; }

    public required DateTime HeldUntil { get; init; }

    public required DateTime ExpiresAt { get; init; }

    [BsonIgnoreIfNull]
    public byte[]? Answer { get; init; }

    public static IdempotencyDocument Of(IdempotencyRecord record) => new()
    {
        Id = record.Id,
        RequestHash = record.RequestHash,
        ResourceId = record.ResourceId.ToString("N"),
        HeldUntil = record.HeldUntil.UtcDateTime,
        ExpiresAt = record.ExpiresAt.UtcDateTime,
        Answer = record.Answer,
    };

    public IdempotencyRecord ToRecord() => new()
    {
        Id = Id,
        RequestHash = RequestHash,
        ResourceId = Guid.ParseExact(ResourceId, "N"),
        HeldUntil = HeldUntil.AsUtc(),
        ExpiresAt = ExpiresAt.AsUtc(),
        Answer = Answer,
    };
}
