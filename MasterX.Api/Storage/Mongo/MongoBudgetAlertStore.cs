using MasterX.Api.Calls;
using MongoDB.Bson.Serialization.Attributes;
using MongoDB.Driver;

namespace MasterX.Api.Storage.Mongo;

internal sealed class MongoBudgetAlertStore(MongoDatabase database) : IBudgetAlertStore
{
    private static readonly FilterDefinitionBuilder<BudgetAlertDocument> Where = Builders<BudgetAlertDocument>.Filter;
    private static readonly UpdateDefinitionBuilder<BudgetAlertDocument> Set = Builders<BudgetAlertDocument>.Update;

    public Task<bool> TryAddAsync(BudgetAlert alert, CancellationToken cancellationToken) => MongoDatabase.GuardedAsync(async () =>
    {
        try
        {
            await database.BudgetAlerts.InsertOneAsync(BudgetAlertDocument.Of(alert), options: null, cancellationToken);
            return true;
        }
        catch (MongoWriteException known) when (MongoDatabase.IsDuplicate(known))
        {
            return false;
        }
    });

    public Task<IReadOnlyList<BudgetAlert>> ListDueAsync(DateTimeOffset now, int limit, CancellationToken cancellationToken) => MongoDatabase.GuardedAsync<IReadOnlyList<BudgetAlert>>(async () =>
    {
        var found = await database.BudgetAlerts.Find(Where.Lte(alert => alert.NextAt, now.UtcDateTime)).SortBy(alert => alert.NextAt).Limit(limit).ToListAsync(cancellationToken);
        return [.. found.Select(alert => alert.ToAlert())];
    });

    public Task<bool> TryChangeAsync(BudgetAlert known, BudgetAlert changed, CancellationToken cancellationToken) => MongoDatabase.GuardedAsync(async () =>
    {
        var asKnown = Where.Eq(alert => alert.Id, known.Id) & Where.Eq(alert => alert.Attempts, known.Attempts) & Where.Eq(alert => alert.NextAt, known.NextAt?.UtcDateTime) & Where.Eq(alert => alert.SentAt, null);
        var change = Set.Set(alert => alert.Attempts, changed.Attempts).Set(alert => alert.NextAt, changed.NextAt?.UtcDateTime)
            .Set(alert => alert.SentBy, changed.SentBy).Set(alert => alert.SentAt, changed.SentAt?.UtcDateTime);
        return (await database.BudgetAlerts.UpdateOneAsync(asKnown, change, cancellationToken: cancellationToken)).MatchedCount == 1;
    });

    public Task<int> DeleteOlderThanAsync(DateTimeOffset time, int limit, CancellationToken cancellationToken) => MongoDatabase.GuardedAsync(async () =>
    {
        var old = await database.BudgetAlerts.Find(Where.Lt(alert => alert.CreatedAt, time.UtcDateTime)).Limit(limit).Project(alert => alert.Id).ToListAsync(cancellationToken);
        return old.Count == 0 ? 0 : (int)(await database.BudgetAlerts.DeleteManyAsync(Where.In(alert => alert.Id, old), cancellationToken)).DeletedCount;
    });
}

/// <summary>What was crossed in a budget, as it is stored.</summary>
[BsonIgnoreExtraElements]
internal sealed class BudgetAlertDocument
{
    [BsonId]
    public required string Id { get; init; }

    public required string MessageId { get; init; }

    public required DateTime CreatedAt { get; init; }

    public required string Body { get; init; }

    public required int Attempts { get; init; }

    public DateTime? NextAt { get; init; }

    public string? SentBy { get; init; }

    public DateTime? SentAt { get; init; }

    public static BudgetAlertDocument Of(BudgetAlert alert) => new()
    {
        Id = alert.Id,
        MessageId = alert.MessageId,
        CreatedAt = alert.CreatedAt.UtcDateTime,
        Body = alert.Body,
        Attempts = alert.Attempts,
        NextAt = alert.NextAt?.UtcDateTime,
        SentBy = alert.SentBy,
        SentAt = alert.SentAt?.UtcDateTime,
    };

    public BudgetAlert ToAlert() => new(Id, MessageId, CreatedAt.AsUtc(), Body, Attempts, NextAt.AsUtc(), SentBy, SentAt.AsUtc());
}
