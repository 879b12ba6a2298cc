using MongoDB.Bson;
using MongoDB.Driver;

namespace MasterX.Api.Storage.Mongo;

/// <summary>A database in MongoDB, with its collections and the translation of the driver's exceptions. No transaction is needed: every change is of one document.</summary>
internal sealed class MongoDatabase(IMongoDatabase database, ILogger<MongoDatabase> logger) : IDatabase
{
    public string Kind => "mongo";

    public IMongoCollection<UserDocument> Users { get; } = database.GetCollection<UserDocument>(MongoSchema.Users);

    public IMongoCollection<GenerationDocument> Generations { get; } = database.GetCollection<GenerationDocument>(MongoSchema.Generations);

    public IMongoCollection<ProjectDocument> Projects { get; } = database.GetCollection<ProjectDocument>(MongoSchema.Projects);

    public IMongoCollection<AuditDocument> Audit { get; } = database.GetCollection<AuditDocument>(MongoSchema.Audit);

    /// <summary>What admins have begun, and is not in the log yet.</summary>
    public IMongoCollection<AuditNote> AuditNotes { get; } = database.GetCollection<AuditNote>(MongoSchema.AuditNotes);

    public IMongoCollection<KeyDocument> Keys { get; } = database.GetCollection<KeyDocument>(MongoSchema.Keys);

    public IMongoCollection<UsageDocument> Usage { get; } = database.GetCollection<UsageDocument>(MongoSchema.Usage);

    public IMongoCollection<CallDocument> Calls { get; } = database.GetCollection<CallDocument>(MongoSchema.Calls);

    /// <summary>Each with what is spent and held, in picodollars, and what each open call holds under the call's id.</summary>
    public IMongoCollection<BsonDocument> Budgets { get; } = database.GetCollection<BsonDocument>(MongoSchema.Budgets);

    public IMongoCollection<BudgetAlertDocument> BudgetAlerts { get; } = database.GetCollection<BudgetAlertDocument>(MongoSchema.BudgetAlerts);

    public IMongoCollection<InstanceDocument> Instances { get; } = database.GetCollection<InstanceDocument>(MongoSchema.Instances);

    public IMongoCollection<IdempotencyDocument> Idempotency { get; } = database.GetCollection<IdempotencyDocument>(MongoSchema.Idempotency);

    public Task InitializeAsync(CancellationToken cancellationToken) => GuardedAsync(() => MongoSchema.ApplyAsync(database, logger, cancellationToken));

    public Task PingAsync(CancellationToken cancellationToken) =>
        GuardedAsync(() => database.RunCommandAsync<BsonDocument>(new BsonDocument("ping", 1), cancellationToken: cancellationToken));

    /// <summary>Only a primary takes a write, and it is acknowledged when a majority has it: the write concern of the client.</summary>
    public Task<string?> ProbeAsync(CancellationToken cancellationToken) => GuardedAsync(async () =>
    {
        await database.GetCollection<BsonDocument>(MongoSchema.Probes).UpdateOneAsync(
            new BsonDocument("_id", "write"), new BsonDocument("$set", new BsonDocument("Mark", Guid.NewGuid().ToString("N"))), new UpdateOptions { IsUpsert = true }, cancellationToken);
        return (string?)null;
    });

    /// <summary>The server's storage engine uses such room again, and gives it back by its own <c>compact</c>.</summary>
    public Task<bool> ShrinkAsync(CancellationToken cancellationToken) => Task.FromResult(false);

    /// <inheritdoc cref="GuardedAsync{T}"/>
    public static Task GuardedAsync(Func<Task> work) => GuardedAsync(async () =>
    {
        await work();
        return true;
    });

    /// <exception cref="StorageException">MongoDB cannot be reached or refuses; the message says what to do.</exception>
    public static async Task<T> GuardedAsync<T>(Func<Task<T>> work)
    {
        try
        {
            return await work();
        }
        catch (MongoAuthenticationException error)
        {
            throw new StorageException("MongoDB refuses the user name or password of MONGO_URL (ConnectionStrings__masterx).", error);
        }
        catch (Exception error) when (error is TimeoutException or MongoConnectionException)
        {
            throw new StorageException("MongoDB cannot be reached. Check that it runs and that MONGO_URL (ConnectionStrings__masterx) points to it.", error);
        }
        catch (MongoException error)
        {
            throw new StorageException($"MongoDB refuses: {error.Message}", error);
        }
    }

    /// <summary>Whether a write was refused because another document has what must be unique.</summary>
    public static bool IsDuplicate(MongoWriteException error) => error.WriteError?.Category == ServerErrorCategory.DuplicateKey;
}
