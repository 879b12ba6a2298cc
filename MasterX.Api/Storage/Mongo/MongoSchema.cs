using MongoDB.Bson;
using MongoDB.Driver;

namespace MasterX.Api.Storage.Mongo;

/// <summary>
/// Collections, their validators and their indexes; applying it again changes nothing. The unique indexes are what keeps an address from being taken twice, so the service
/// does not start without them. The rest makes things faster or safer: a server that has no such thing is told of in the log, and used all the same.
/// </summary>
internal static partial class MongoSchema
{
    public const string Users = "users", Generations = "generations", Keys = "keys", Usage = "usage", Idempotency = "idempotency", Calls = "calls", Budgets = "budgets", Instances = "instances", Probes = "probes", Projects = "projects", BudgetAlerts = "budget_alerts", Audit = "audit", AuditNotes = "audit_notes";

    /// <summary>Fields that every document of a collection has, with their BSON types (<see href="https://www.mongodb.com/docs/manual/core/schema-validation/"/>).</summary>
    private static readonly Dictionary<string, (string Field, string Type)[]> Required = new()
    {
        [Users] = [("_id", "string"), (nameof(UserDocument.KeyId), "string"), (nameof(UserDocument.Name), "string"), (nameof(UserDocument.Email), "string"), (nameof(UserDocument.EmailNormalized), "string"), (nameof(UserDocument.CreatedAt), "date"), (nameof(UserDocument.Version), "long")],
        [Generations] = [("_id", "string"), (nameof(GenerationDocument.KeyId), "string"), (nameof(GenerationDocument.CreatedAt), "date"), (nameof(GenerationDocument.Document), "string")],
        [Keys] = [("_id", "string"), (nameof(KeyDocument.Hash), "string"), (nameof(KeyDocument.Name), "string"), (nameof(KeyDocument.Scopes), "array"), (nameof(KeyDocument.CreatedAt), "date")],
        [Usage] = [("_id", "string"), (nameof(UsageDocument.KeyId), "string"), (nameof(UsageDocument.Day), "string"), (nameof(UsageDocument.Requests), "long"), (nameof(UsageDocument.Cost), "long")],
        [Calls] = [("_id", "string"), (nameof(CallDocument.KeyId), "string"), (nameof(CallDocument.Day), "string"), (nameof(CallDocument.State), "int"), (nameof(CallDocument.Document), "string"), (nameof(CallDocument.Spent), "array")],
        [Projects] = [("_id", "string"), (nameof(ProjectDocument.Version), "long"), (nameof(ProjectDocument.IsClosing), "bool"), (nameof(ProjectDocument.Document), "string")],
        [BudgetAlerts] = [("_id", "string"), (nameof(BudgetAlertDocument.MessageId), "string"), (nameof(BudgetAlertDocument.Body), "string")],
        [Audit] = [("_id", "long"), (nameof(AuditDocument.ActId), "string"), (nameof(AuditDocument.At), "date"), (nameof(AuditDocument.Document), "string"), (nameof(AuditDocument.Hash), "string")],
        [AuditNotes] = [("_id", "string"), (nameof(AuditNote.At), "date"), (nameof(AuditNote.Act), "string")],
        [Budgets] = [("_id", "string"), ("Spent", "long"), ("Held", "long")],
        [Idempotency] = [("_id", "string"), (nameof(IdempotencyDocument.RequestHash), "string"), (nameof(IdempotencyDocument.HeldUntil), "date"), (nameof(IdempotencyDocument.ExpiresAt), "date")],
    };

    public static async Task ApplyAsync(IMongoDatabase database, ILogger logger, CancellationToken cancellationToken)
    {
        foreach (var (collection, fields) in Required)
        {
            await TryAsync(logger, $"the validator of {collection}", () => ValidateAsync(database, collection, Validator(fields), cancellationToken));
        }

        // First the new one, which the old one's documents satisfy: at no moment is there none.
        await IndexAsync<UserDocument>(database, Users, "email_unique_by_key", index => index.Ascending(user => user.KeyId).Ascending(user => user.EmailNormalized), cancellationToken, unique: true);
        await DropIndexAsync(database, Users, "email_unique", cancellationToken);
        await TryIndexAsync<UserDocument>("by_email", Users, index => index.Ascending(user => user.EmailNormalized));
        await IndexAsync<KeyDocument>(database, Keys, "hash_unique", index => index.Ascending(key => key.Hash), cancellationToken, unique: true);
        await IndexAsync<AuditDocument>(database, Audit, "act_unique", index => index.Ascending(entry => entry.ActId), cancellationToken, unique: true);
        await TryIndexAsync<AuditDocument>("by_time", Audit, index => index.Ascending(entry => entry.At));
        await TryIndexAsync<AuditDocument>("by_target", Audit, index => index.Ascending(entry => entry.Target).Ascending(entry => entry.Sequence));
        await TryIndexAsync<AuditDocument>("by_action", Audit, index => index.Ascending(entry => entry.Action).Ascending(entry => entry.Sequence));
        await TryIndexAsync<UserDocument>("by_key", Users, index => index.Ascending(user => user.KeyId).Descending(user => user.Id));
        await TryIndexAsync<UserDocument>("by_name", Users, index => index.Ascending(user => user.NameNormalized));
        await TryIndexAsync<GenerationDocument>("by_key", Generations, index => index.Ascending(generation => generation.KeyId).Descending(generation => generation.Id));
        await TryIndexAsync<GenerationDocument>("by_user", Generations, index => index.Ascending(generation => generation.UserId));
        await TryIndexAsync<GenerationDocument>("by_time", Generations, index => index.Ascending(generation => generation.CreatedAt));
        await TryIndexAsync<UsageDocument>("by_key", Usage, index => index.Ascending(usage => usage.KeyId).Ascending(usage => usage.Day));
        await TryIndexAsync<CallDocument>("by_key", Calls, index => index.Ascending(call => call.KeyId).Ascending(call => call.Day));
        await TryIndexAsync<CallDocument>("by_project", Calls, index => index.Ascending(call => call.ProjectId).Ascending(call => call.Day));
        await TryIndexAsync<KeyDocument>("by_previous_hash", Keys, index => index.Ascending(key => key.PreviousHash));
        await TryIndexAsync<KeyDocument>("by_project", Keys, index => index.Ascending(key => key.ProjectId).Descending(key => key.Id));
        await TryIndexAsync<BudgetAlertDocument>("by_due", BudgetAlerts, index => index.Ascending(alert => alert.NextAt));
        await TryIndexAsync<CallDocument>("by_day", Calls, index => index.Ascending(call => call.Day));
        await TryIndexAsync<CallDocument>("by_state", Calls, index => index.Ascending(call => call.State).Ascending(call => call.Id));

        await TryIndexAsync<IdempotencyDocument>("by_user", Idempotency, index => index.Ascending(record => record.UserId));

        // MongoDB removes them by itself once they have expired; where it does not, the retention worker does.
        await TryIndexAsync<IdempotencyDocument>("by_expiry", Idempotency, index => index.Ascending(record => record.ExpiresAt), expires: true);

        Task TryIndexAsync<T>(string name, string collection, Func<IndexKeysDefinitionBuilder<T>, IndexKeysDefinition<T>> keys, bool expires = false) =>
            TryAsync(logger, $"the index {name} of {collection}", () => IndexAsync(database, collection, name, keys, cancellationToken, expires: expires));
    }

    private static async Task IndexAsync<T>(
        IMongoDatabase database, string collection, string name, Func<IndexKeysDefinitionBuilder<T>, IndexKeysDefinition<T>> keys, CancellationToken cancellationToken, bool unique = false, bool expires = false)
    {
        // Not unique is left unsaid rather than said to be false.
        var options = new CreateIndexOptions { Name = name, Unique = unique ? true : null, ExpireAfter = expires ? TimeSpan.Zero : null };
        await database.GetCollection<T>(collection).Indexes.CreateOneAsync(new CreateIndexModel<T>(keys(Builders<T>.IndexKeys), options), cancellationToken: cancellationToken);
    }

    /// <summary>An index of earlier versions, which would forbid what is allowed now.</summary>
    private static async Task DropIndexAsync(IMongoDatabase database, string collection, string name, CancellationToken cancellationToken)
    {
        const int NamespaceNotFound = 26, IndexNotFound = 27;
        try
        {
            await database.GetCollection<BsonDocument>(collection).Indexes.DropOneAsync(name, cancellationToken);
        }
        catch (MongoCommandException gone) when (gone.Code is NamespaceNotFound or IndexNotFound)
        {
            // As it should be.
        }
    }

    private static async Task ValidateAsync(IMongoDatabase database, string collection, BsonDocument validator, CancellationToken cancellationToken)
    {
        const int NamespaceExists = 48;
        try
        {
            await RunAsync("create");
        }
        catch (MongoCommandException exists) when (exists.Code == NamespaceExists)
        {
            await RunAsync("collMod");
        }

        Task RunAsync(string command) => database.RunCommandAsync<BsonDocument>(
            new BsonDocument { { command, collection }, { "validator", validator }, { "validationLevel", "moderate" } }, cancellationToken: cancellationToken);
    }

    private static BsonDocument Validator((string Field, string Type)[] fields) => new("$jsonSchema", new BsonDocument
    {
        { "bsonType", "object" },
        { "required", new BsonArray(fields.Select(field => field.Field)) },
        { "properties", new BsonDocument(fields.Select(field => new BsonElement(field.Field, new BsonDocument("bsonType", field.Type)))) },
    });

    private static async Task TryAsync(ILogger logger, string what, Func<Task> work)
    {
        try
        {
            await work();
        }
        catch (MongoCommandException refused)
        {
            LogRefused(logger, what, refused.CodeName ?? refused.Message);
        }
    }

    [LoggerMessage(42, LogLevel.Warning, "MongoDB does not take {What}: {Reason}. It is used without")]
    private static partial void LogRefused(ILogger logger, string what, string reason);
}
