using MasterX.Api.Users;
using MongoDB.Driver;

namespace MasterX.Api.Storage.Mongo;

internal sealed class MongoUserStore(MongoDatabase database) : IUserStore
{
    public Task<bool> TryAddAsync(User user, CancellationToken cancellationToken) => MongoDatabase.GuardedAsync(async () =>
    {
        try
        {
            await database.Users.InsertOneAsync(UserDocument.Of(user), options: null, cancellationToken);
            return true;
        }
        catch (MongoWriteException taken) when (taken.WriteError?.Category == ServerErrorCategory.DuplicateKey)
        {
            return false;
        }
    });

    public Task<User?> FindAsync(string id, CancellationToken cancellationToken) => MongoDatabase.GuardedAsync(async () =>
        (await database.Users.Find(user => user.Id == id).FirstOrDefaultAsync(cancellationToken))?.ToUser());
}
