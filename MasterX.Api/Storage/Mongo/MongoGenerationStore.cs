using System.Text.Json;
using MasterX.Api.Ai;
using MongoDB.Bson.Serialization.Attributes;
using MongoDB.Driver;

namespace MasterX.Api.Storage.Mongo;

internal sealed class MongoGenerationStore(MongoDatabase database) : IGenerationStore
{
    private static readonly FilterDefinitionBuilder<GenerationDocument> Where = Builders<GenerationDocument>.Filter;

    public Task<Generation?> FindAsync(string? ownerId, string id, CancellationToken cancellationToken) => MongoDatabase.GuardedAsync(async () =>
        (await database.Generations.Find(Where.Eq(generation => generation.Id, id) & OfOwner(ownerId)).FirstOrDefaultAsync(cancellationToken))?.ToGeneration());

    public Task<GenerationPage> ListAsync(GenerationFilter filter, string? before, int limit, CancellationToken cancellationToken) => MongoDatabase.GuardedAsync(async () =>
    {
        var asked = OfOwner(filter.OwnerId);
        if (before is not null)
        {
            asked &= Where.Lt(generation => generation.Id, before);
        }

        if (filter.UserId is { } userId)
        {
            asked &= Where.Eq(generation => generation.UserId, userId);
        }

        if (filter.From is { } from)
        {
            asked &= Where.Gte(generation => generation.CreatedAt, from.UtcDateTime);
        }

        if (filter.Until is { } until)
        {
            asked &= Where.Lt(generation => generation.CreatedAt, until.UtcDateTime);
        }

        // Read only as far as the page goes.
        var page = new GenerationPage.Collector(filter, limit);
        using var found = await database.Generations.Find(asked, new FindOptions { BatchSize = limit + 1 }).SortByDescending(generation => generation.Id).ToCursorAsync(cancellationToken);
        var goesOn = true;
        while (goesOn && await found.MoveNextAsync(cancellationToken))
        {
            goesOn = found.Current.All(generation => page.TryAdd(generation.ToGeneration()));
        }

        return page.ToPage();
    });

    public Task<int> DeleteAsync(IReadOnlyList<string> ids, CancellationToken cancellationToken) => DeleteAsync(Where.In(generation => generation.Id, ids), cancellationToken);

    public Task EraseOfOwnerAsync(string ownerId, bool keepsNumbers, CancellationToken cancellationToken) => keepsNumbers
        ? MongoDatabase.GuardedAsync(async () =>
        {
            // One after the other, each a change of one document: begun again after a failure, it does them again.
            using var found = await database.Generations.Find(OfOwner(ownerId)).ToCursorAsync(cancellationToken);
            while (await found.MoveNextAsync(cancellationToken))
            {
                foreach (var generation in found.Current)
                {
                    await database.Generations.ReplaceOneAsync(Where.Eq(known => known.Id, generation.Id), GenerationDocument.Of(generation.ToGeneration().Anonymized()), cancellationToken: cancellationToken);
                }
            }
        })
        : DeleteAsync(Where.Eq(generation => generation.KeyId, ownerId), cancellationToken);

    public Task<int> DeleteOfUserAsync(string userId, CancellationToken cancellationToken) => DeleteAsync(Where.Eq(generation => generation.UserId, userId), cancellationToken);

    public Task<int> AnonymizeOfUserAsync(string userId, CancellationToken cancellationToken) => MongoDatabase.GuardedAsync(async () =>
    {
        // One after the other, each a change of one document: begun again after a failure, it finds what is left.
        var changed = 0;
        while (await database.Generations.Find(Where.Eq(generation => generation.UserId, userId)).FirstOrDefaultAsync(cancellationToken) is { } generation)
        {
            await database.Generations.ReplaceOneAsync(Where.Eq(known => known.Id, generation.Id), GenerationDocument.Of(generation.ToGeneration().Anonymized()), cancellationToken: cancellationToken);
            changed++;
        }

        return changed;
    });

    public Task<int> DeleteOlderThanAsync(DateTimeOffset time, int limit, CancellationToken cancellationToken) => MongoDatabase.GuardedAsync(async () =>
    {
        var old = await database.Generations.Find(Where.Lt(generation => generation.CreatedAt, time.UtcDateTime)).Limit(limit).Project(generation => generation.Id).ToListAsync(cancellationToken);
        return old.Count == 0 ? 0 : (int)(await database.Generations.DeleteManyAsync(Where.In(generation => generation.Id, old), cancellationToken)).DeletedCount;
    });

    private Task<int> DeleteAsync(FilterDefinition<GenerationDocument> filter, CancellationToken cancellationToken) => MongoDatabase.GuardedAsync(async () =>
        (int)(await database.Generations.DeleteManyAsync(filter, cancellationToken)).DeletedCount);

    private static FilterDefinition<GenerationDocument> OfOwner(string? ownerId) => ownerId is null ? Where.Empty : Where.Eq(generation => generation.KeyId, ownerId);
}

/// <summary>A generation as it is stored: what is searched by in fields of their own, the rest as one JSON text, the same as in the embedded database.</summary>
[BsonIgnoreExtraElements]
internal sealed class GenerationDocument
{
    [BsonId]
    public required string Id { get; init; }

    public required string KeyId { get; init; }

    public required string? UserId { get; init; }

    public required DateTime CreatedAt { get; init; }

    public required string Document { get; init; }

    public static GenerationDocument Of(Generation generation) => new()
    {
        Id = generation.Id,
        KeyId = generation.OwnerId,
        UserId = generation.UserId,
        CreatedAt = generation.CreatedAt.UtcDateTime,
        Document = JsonSerializer.Serialize(generation),
    };

    public Generation ToGeneration() => JsonSerializer.Deserialize<Generation>(Document)!;
}
