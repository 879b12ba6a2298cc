using MasterX.Api.Keys;
using MasterX.Api.Usage;
using MongoDB.Bson.Serialization.Attributes;
using MongoDB.Driver;

namespace MasterX.Api.Storage.Mongo;

internal sealed class MongoKeyStore(MongoDatabase database) : IKeyStore
{
    private static readonly FilterDefinitionBuilder<KeyDocument> Where = Builders<KeyDocument>.Filter;
    private static readonly UpdateDefinitionBuilder<KeyDocument> Set = Builders<KeyDocument>.Update;

    public Task AddAsync(ConsumerKey key, CancellationToken cancellationToken) =>
        MongoDatabase.GuardedAsync(() => database.Keys.InsertOneAsync(KeyDocument.Of(key), options: null, cancellationToken));

    public Task<ConsumerKey?> FindByHashAsync(string hash, CancellationToken cancellationToken) => MongoDatabase.GuardedAsync(async () =>
        (await database.Keys.Find(Where.Eq(key => key.Hash, hash)).FirstOrDefaultAsync(cancellationToken))?.ToKey());

    public Task<ConsumerKey?> FindAsync(string id, CancellationToken cancellationToken) => MongoDatabase.GuardedAsync(async () =>
        (await database.Keys.Find(Where.Eq(key => key.Id, id)).FirstOrDefaultAsync(cancellationToken))?.ToKey());

    public Task<IReadOnlyList<ConsumerKey>> ListAsync(string? before, int limit, CancellationToken cancellationToken) => MongoDatabase.GuardedAsync<IReadOnlyList<ConsumerKey>>(async () =>
    {
        var filter = before is null ? Where.Empty : Where.Lt(key => key.Id, before);
        var found = await database.Keys.Find(filter).SortByDescending(key => key.Id).Limit(limit).ToListAsync(cancellationToken);
        return [.. found.Select(key => key.ToKey())];
    });

    public Task<bool> RevokeAsync(string id, DateTimeOffset time, CancellationToken cancellationToken) => MongoDatabase.GuardedAsync(async () =>
    {
        var known = Where.Eq(key => key.Id, id);
        var revoked = await database.Keys.UpdateOneAsync(known & Where.Eq(key => key.RevokedAt, null), Set.Set(key => key.RevokedAt, time.UtcDateTime), cancellationToken: cancellationToken);
        return revoked.MatchedCount == 1 || await database.Keys.Find(known).AnyAsync(cancellationToken);
    });

    public Task TouchAsync(string id, DateTimeOffset time, CancellationToken cancellationToken) => MongoDatabase.GuardedAsync(() =>
        database.Keys.UpdateOneAsync(Where.Eq(key => key.Id, id), Set.Max(key => key.LastUsedAt, time.UtcDateTime), cancellationToken: cancellationToken));
}

/// <summary>A key as it is stored.</summary>
[BsonIgnoreExtraElements]
internal sealed class KeyDocument
{
    [BsonId]
    public required string Id { get; init; }

    public required string Hash { get; init; }

    public required string Preview { get; init; }

    public required string Name { get; init; }

    public required IReadOnlyList<string> Scopes { get; init; }

    public required DateTime CreatedAt { get; init; }

    [BsonIgnoreIfNull]
    public DateTime? ExpiresAt { get; init; }

    [BsonIgnoreIfNull]
    public DateTime? RevokedAt { get; init; }

    [BsonIgnoreIfNull]
    public DateTime? LastUsedAt { get; init; }

    [BsonIgnoreIfNull]
    public int? RequestsPerMinute { get; init; }

    [BsonIgnoreIfNull]
    public int? MaxConcurrency { get; init; }

    /// <summary>In picodollars.</summary>
    [BsonIgnoreIfNull]
    public long? MonthlyBudget { get; init; }

    public static KeyDocument Of(ConsumerKey key) => new()
    {
        Id = key.Id,
        Hash = key.Hash,
        Preview = key.Preview,
        Name = key.Name,
        Scopes = key.Scopes,
        CreatedAt = key.CreatedAt.UtcDateTime,
        ExpiresAt = key.ExpiresAt?.UtcDateTime,
        RevokedAt = key.RevokedAt?.UtcDateTime,
        LastUsedAt = key.LastUsedAt?.UtcDateTime,
        RequestsPerMinute = key.RequestsPerMinute,
        MaxConcurrency = key.MaxConcurrency,
        MonthlyBudget = key.MonthlyBudgetUsd is { } budget ? Picodollars.Of(budget) : null,
    };

    public ConsumerKey ToKey() => new()
    {
        Id = Id,
        Hash = Hash,
        Preview = Preview,
        Name = Name,
        Scopes = Scopes,
        CreatedAt = CreatedAt.AsUtc(),
        ExpiresAt = ExpiresAt.AsUtc(),
        RevokedAt = RevokedAt.AsUtc(),
        LastUsedAt = LastUsedAt.AsUtc(),
        RequestsPerMinute = RequestsPerMinute,
        MaxConcurrency = MaxConcurrency,
        MonthlyBudgetUsd = MonthlyBudget is { } budget ? Picodollars.ToDollars(budget) : null,
    };
}
