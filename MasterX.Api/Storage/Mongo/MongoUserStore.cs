using MasterX.Api.Audit;
using MasterX.Api.Users;
using MongoDB.Bson.Serialization.Attributes;
using MongoDB.Driver;

namespace MasterX.Api.Storage.Mongo;

internal sealed class MongoUserStore(MongoDatabase database) : IUserStore
{
    private static readonly FilterDefinitionBuilder<UserDocument> Where = Builders<UserDocument>.Filter;

    public Task<bool> TryAddAsync(User user, CancellationToken cancellationToken) => MongoDatabase.GuardedAsync(async () =>
    {
        try
        {
            await database.Users.InsertOneAsync(UserDocument.Of(user), options: null, cancellationToken);
            return true;
        }
        catch (MongoWriteException taken) when (MongoDatabase.IsDuplicate(taken))
        {
            return false;
        }
    });

    public Task<User?> FindAsync(string? ownerId, string id, CancellationToken cancellationToken) => MongoDatabase.GuardedAsync(async () =>
        (await database.Users.Find(Where.Eq(user => user.Id, id) & OfOwner(ownerId)).FirstOrDefaultAsync(cancellationToken))?.ToUser());

    public Task<IReadOnlyList<User>> ListAsync(string? ownerId, string? prefix, string? before, int limit, CancellationToken cancellationToken) => MongoDatabase.GuardedAsync<IReadOnlyList<User>>(async () =>
    {
        var filter = OfOwner(ownerId);
        if (before is not null)
        {
            filter &= Where.Lt(user => user.Id, before);
        }

        if (prefix is not null)
        {
            var start = User.Normalize(prefix);
            var end = start + TextRange.Last;
            filter &= (Where.Gte(user => user.NameNormalized, start) & Where.Lt(user => user.NameNormalized, end))
                | (Where.Gte(user => user.EmailNormalized, start) & Where.Lt(user => user.EmailNormalized, end));
        }

        var found = await database.Users.Find(filter).SortByDescending(user => user.Id).Limit(limit).ToListAsync(cancellationToken);
        return [.. found.Select(user => user.ToUser())];
    });

    public Task<ChangeResult> UpdateAsync(User user, CancellationToken cancellationToken) => MongoDatabase.GuardedAsync(async () =>
    {
        try
        {
            var changed = await database.Users.ReplaceOneAsync(Where.Eq(known => known.Id, user.Id) & Where.Eq(known => known.Version, user.Version - 1), UserDocument.Of(user), cancellationToken: cancellationToken);
            return changed.MatchedCount == 1 ? ChangeResult.Done : await MissingAsync(user.Id, cancellationToken);
        }
        catch (MongoWriteException taken) when (MongoDatabase.IsDuplicate(taken))
        {
            return ChangeResult.Taken;
        }
    });

    public Task<ChangeResult> DeleteAsync(string id, long? version, AuditAct? act, CancellationToken cancellationToken) =>
        MongoDatabase.GuardedAsync(() => database.AuditedAsync(act, () => DeleteCoreAsync(id, version, cancellationToken), result => result == ChangeResult.Done));

    private async Task<ChangeResult> DeleteCoreAsync(string id, long? version, CancellationToken cancellationToken)
    {
        var filter = Where.Eq(user => user.Id, id);
        if (version is { } asked)
        {
            filter &= Where.Eq(user => user.Version, asked);
        }

        var deleted = await database.Users.DeleteOneAsync(filter, cancellationToken);
        return deleted.DeletedCount == 1 ? ChangeResult.Done : await MissingAsync(id, cancellationToken);
    }

    private static FilterDefinition<UserDocument> OfOwner(string? ownerId) => ownerId is null ? Where.Empty : Where.Eq(user => user.KeyId, ownerId);

    private async Task<ChangeResult> MissingAsync(string id, CancellationToken cancellationToken) =>
        await database.Users.Find(Where.Eq(user => user.Id, id)).AnyAsync(cancellationToken) ? ChangeResult.Conflict : ChangeResult.NotFound;
}

/// <summary>A user as it is stored.</summary>
[BsonIgnoreExtraElements]
internal sealed class UserDocument
{
    [BsonId]
    public required string Id { get; init; }

    public required string KeyId { get; init; }

    public required string Name { get; init; }

    public required string NameNormalized { get; init; }

    public required string Email { get; init; }

    public required string EmailNormalized { get; init; }

    public required DateTime CreatedAt { get; init; }

    public required DateTime UpdatedAt { get; init; }

    public required long Version { get; init; }

    public static UserDocument Of(User user) => new()
    {
        Id = user.Id,
        KeyId = user.OwnerId,
        Name = user.Name,
        NameNormalized = User.Normalize(user.Name),
        Email = user.Email,
        EmailNormalized = User.Normalize(user.Email),
        CreatedAt = user.CreatedAt.UtcDateTime,
        UpdatedAt = user.UpdatedAt.UtcDateTime,
        Version = user.Version,
    };

    public User ToUser() => new(Id, KeyId, Name, Email, CreatedAt.AsUtc(), UpdatedAt.AsUtc(), Version);
}
