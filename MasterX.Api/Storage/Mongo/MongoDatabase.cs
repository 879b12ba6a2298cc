using MasterX.Api.Ai;
using MasterX.Api.Keys;
using MasterX.Api.Users;
using MongoDB.Bson;
using MongoDB.Bson.Serialization.Attributes;
using MongoDB.Driver;

namespace MasterX.Api.Storage.Mongo;

/// <summary>A database in MongoDB, with its collections and the translation of the driver's exceptions.</summary>
internal sealed class MongoDatabase(IMongoDatabase database) : IDatabase
{
    public string Kind => "mongo";

    public IMongoCollection<UserDocument> Users { get; } = database.GetCollection<UserDocument>("users");

    public IMongoCollection<GenerationDocument> Generations { get; } = database.GetCollection<GenerationDocument>("generations");

    public IMongoCollection<KeyDocument> Keys { get; } = database.GetCollection<KeyDocument>("keys");

    public Task InitializeAsync(CancellationToken cancellationToken) => GuardedAsync(async () =>
    {
        await Users.Indexes.CreateOneAsync(
            new CreateIndexModel<UserDocument>(Builders<UserDocument>.IndexKeys.Ascending(user => user.EmailNormalized), new CreateIndexOptions { Unique = true, Name = "email_unique" }), cancellationToken: cancellationToken);
        await Keys.Indexes.CreateOneAsync(
            new CreateIndexModel<KeyDocument>(Builders<KeyDocument>.IndexKeys.Ascending(key => key.Hash), new CreateIndexOptions { Unique = true, Name = "hash_unique" }), cancellationToken: cancellationToken);
        await Generations.Indexes.CreateOneAsync(
            new CreateIndexModel<GenerationDocument>(Builders<GenerationDocument>.IndexKeys.Ascending(generation => generation.KeyId).Descending(generation => generation.Id), new CreateIndexOptions { Name = "by_key" }), cancellationToken: cancellationToken);
        return true;
    });

    public Task PingAsync(CancellationToken cancellationToken) =>
        GuardedAsync(() => database.RunCommandAsync<BsonDocument>(new BsonDocument("ping", 1), cancellationToken: cancellationToken));

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
}

/// <summary>A user as it is stored.</summary>
internal sealed class UserDocument
{
    [BsonId]
    public required string Id { get; init; }

    public required string Name { get; init; }

    public required string Email { get; init; }

    public required string EmailNormalized { get; init; }

    public required DateTime CreatedAt { get; init; }

    public static UserDocument Of(User user) => new()
    {
        Id = user.Id,
        Name = user.Name,
        Email = user.Email,
        EmailNormalized = User.NormalizeEmail(user.Email),
        CreatedAt = user.CreatedAt.UtcDateTime,
    };

    public User ToUser() => new(Id, Name, Email, new DateTimeOffset(CreatedAt, TimeSpan.Zero));
}

/// <summary>A key as it is stored.</summary>
internal sealed class KeyDocument
{
    [BsonId]
    public required string Id { get; init; }

    public required string Hash { get; init; }

    public required string Name { get; init; }

    public required IReadOnlyList<string> Scopes { get; init; }

    public required DateTime CreatedAt { get; init; }

    public required DateTime? ExpiresAt { get; init; }

    public static KeyDocument Of(ConsumerKey key) => new()
    {
        Id = key.Id,
        Hash = key.Hash,
        Name = key.Name,
        Scopes = key.Scopes,
        CreatedAt = key.CreatedAt.UtcDateTime,
        ExpiresAt = key.ExpiresAt?.UtcDateTime,
    };

    public ConsumerKey ToKey() => new(Id, Hash, Name, Scopes, new DateTimeOffset(CreatedAt, TimeSpan.Zero), ExpiresAt is { } end ? new DateTimeOffset(end, TimeSpan.Zero) : null);
}

/// <summary>A generation as it is stored: what is searched by in fields of their own, the rest as one JSON text, the same as in the embedded database.</summary>
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
        KeyId = generation.KeyId,
        UserId = generation.UserId,
        CreatedAt = generation.CreatedAt.UtcDateTime,
        Document = System.Text.Json.JsonSerializer.Serialize(generation),
    };

    public Generation ToGeneration() => System.Text.Json.JsonSerializer.Deserialize<Generation>(Document)!;
}
