using MasterX.Api.Ai;
using MongoDB.Driver;

namespace MasterX.Api.Storage.Mongo;

internal sealed class MongoGenerationStore(MongoDatabase database) : IGenerationStore
{
    public Task AddAsync(Generation generation, CancellationToken cancellationToken) => MongoDatabase.GuardedAsync(async () =>
    {
        await database.Generations.InsertOneAsync(GenerationDocument.Of(generation), options: null, cancellationToken);
        return true;
    });

    public Task<Generation?> FindAsync(string keyId, string id, CancellationToken cancellationToken) => MongoDatabase.GuardedAsync(async () =>
        (await database.Generations.Find(generation => generation.Id == id && generation.KeyId == keyId).FirstOrDefaultAsync(cancellationToken))?.ToGeneration());

    public Task<IReadOnlyList<Generation>> ListAsync(string keyId, string? before, int limit, CancellationToken cancellationToken) => MongoDatabase.GuardedAsync<IReadOnlyList<Generation>>(async () =>
    {
        var filter = Builders<GenerationDocument>.Filter.Eq(generation => generation.KeyId, keyId);
        if (before is not null)
        {
            filter &= Builders<GenerationDocument>.Filter.Lt(generation => generation.Id, before);
        }

        var found = await database.Generations.Find(filter).SortByDescending(generation => generation.Id).Limit(limit).ToListAsync(cancellationToken);
        return [.. found.Select(generation => generation.ToGeneration())];
    });
}
