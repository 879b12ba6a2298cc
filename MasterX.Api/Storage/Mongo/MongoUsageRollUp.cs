using MasterX.Api.Calls;
using MongoDB.Bson;
using MongoDB.Driver;

namespace MasterX.Api.Storage.Mongo;

/// <summary>
/// Puts sums in the place of calls of days long gone, without a transaction:
/// <code>
///  sum     of some calls of a key's day, added to the day's document, which names these calls as pending: one change, and only if the document is still as it was before the calls were read
///  delete  the calls that are pending, and then their names: whoever reads in between leaves them out, and whoever comes after a process that died does it first
/// </code>
/// </summary>
internal sealed class MongoUsageRollUp(MongoDatabase database)
{
    private const string Version = nameof(UsageDocument.Version), Pending = nameof(UsageDocument.Pending);

    /// <returns>How many calls it was; 0 when there are none any more.</returns>
    public async Task<int> RunAsync(DateOnly before, int limit, CancellationToken cancellationToken)
    {
        foreach (var cut in await database.Usage.Find(new BsonDocument($"{Pending}.0", new BsonDocument("$exists", true))).ToListAsync(cancellationToken))
        {
            await DeletePendingAsync(cut.Id, cut.Version, cut.Pending!, cancellationToken);
        }

        var booked = new BsonDocument("$gt", (int)CallState.Open);

        // Callers who come with tokens are in no collection that says whose a sum of theirs would be: their records stay.
        var withKeys = new BsonArray { new BsonDocument("KeyId", new BsonDocument("$lt", "oidc:")), new BsonDocument("KeyId", new BsonDocument("$gte", "oidc;")) };
        var old = new BsonDocument { { "Day", new BsonDocument("$lt", MongoUsageStore.Text(before)) }, { "State", booked }, { "$or", withKeys } };
        if (await database.Calls.Find(old).Limit(1).FirstOrDefaultAsync(cancellationToken) is not { KeyId: var keyId, Day: var day })
        {
            return 0;
        }

        // First how the day stands, then its calls.
        var known = await database.Usage.Find(new BsonDocument { { "KeyId", keyId }, { "Day", day } }).FirstOrDefaultAsync(cancellationToken);
        if (known?.Pending is { Length: > 0 } pending)
        {
            // Another has just added some, which are still there: they are not to be added again.
            await DeletePendingAsync(known.Id, known.Version, pending, cancellationToken);
            return pending.Length;
        }

        var calls = await database.Calls.Find(new BsonDocument { { "KeyId", keyId }, { "Day", day }, { "State", booked } }).Limit(limit).ToListAsync(cancellationToken);
        var (id, ids) = (known?.Id ?? $"{keyId}/{day}", calls.Select(call => call.Id).ToArray());
        if (ids.Length > 0 && await TryAddAsync(id, keyId, day, known, calls, ids, cancellationToken))
        {
            await DeletePendingAsync(id, (known?.Version ?? 0) + 1, ids, cancellationToken);
        }

        // Where another was first, it is looked at anew.
        return Math.Max(1, ids.Length);
    }

    private async Task<bool> TryAddAsync(string id, string keyId, string day, UsageDocument? known, List<CallDocument> calls, string[] ids, CancellationToken cancellationToken)
    {
        var spent = calls.SelectMany(call => call.Spent).ToArray();
        var more = new BsonDocument
        {
            { nameof(UsageDocument.Requests), (long)calls.Count(call => call.Spent.Length > 0) }, { nameof(UsageDocument.Attempts), (long)spent.Length },
            { nameof(UsageDocument.InputTokens), spent.Sum(attempt => attempt.InputTokens) }, { nameof(UsageDocument.OutputTokens), spent.Sum(attempt => attempt.OutputTokens) },
            { nameof(UsageDocument.CachedInputTokens), spent.Sum(attempt => attempt.CachedInputTokens) }, { nameof(UsageDocument.ReasoningTokens), spent.Sum(attempt => attempt.ReasoningTokens) },
            { nameof(UsageDocument.Cost), spent.Sum(attempt => attempt.Cost) }, { nameof(UsageDocument.Estimated), spent.Sum(attempt => attempt.Estimated) },
            { nameof(UsageDocument.Unpriced), spent.Sum(attempt => attempt.Unpriced) }, { Version, 1L },
        };
        try
        {
            // With no document yet, it is made by the first of those who try.
            var result = await database.Usage.UpdateOneAsync(
                new BsonDocument { { "_id", id }, { Version, known is { Version: > 0 and var version } ? (BsonValue)version : new BsonDocument("$exists", false) } },
                new BsonDocument { { "$inc", more }, { "$set", new BsonDocument { { "KeyId", keyId }, { "Day", day }, { Pending, new BsonArray(ids) } } } },
                new UpdateOptions { IsUpsert = known is null }, cancellationToken);
            return result.MatchedCount == 1 || result.UpsertedId is not null;
        }
        catch (MongoWriteException raced) when (MongoDatabase.IsDuplicate(raced))
        {
            return false;
        }
    }

    private async Task DeletePendingAsync(string id, long version, string[] ids, CancellationToken cancellationToken)
    {
        await database.Calls.DeleteManyAsync(Builders<CallDocument>.Filter.In(call => call.Id, ids), cancellationToken);
        await database.Usage.UpdateOneAsync(
            new BsonDocument { { "_id", id }, { Version, version } }, new BsonDocument { { "$unset", new BsonDocument(Pending, "") }, { "$inc", new BsonDocument(Version, 1L) } }, cancellationToken: cancellationToken);
    }
}
