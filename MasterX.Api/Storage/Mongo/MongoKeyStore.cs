using MasterX.Api.Keys;
using MongoDB.Driver;

namespace MasterX.Api.Storage.Mongo;

internal sealed class MongoKeyStore(MongoDatabase database) : IKeyStore
{
    public Task AddAsync(ConsumerKey key, CancellationToken cancellationToken) => MongoDatabase.GuardedAsync(async () =>
    {
        await database.Keys.InsertOneAsync(KeyDocument.Of(key), options: null, cancellationToken);
        return true;
    });

    public Task<ConsumerKey?> FindByHashAsync(string hash, CancellationToken cancellationToken) => MongoDatabase.GuardedAsync(async () =>
        (await database.Keys.Find(key => key.Hash == hash).FirstOrDefaultAsync(cancellationToken))?.ToKey());
}
