using System.Text.Json;
using MasterX.Api.Ai;

namespace MasterX.Api.Storage.Embedded;

/// <summary>What is searched by stands in columns; the rest is one JSON document.</summary>
internal sealed class EmbeddedGenerationStore(EmbeddedDatabase database) : IGenerationStore
{
    public Task AddAsync(Generation generation, CancellationToken cancellationToken) => database.WriteAsync(
        connection => connection.Command(
            "INSERT INTO generations (id, key_id, user_id, created_at, document) VALUES ($id, $key, $user, $created, $document)",
            ("$id", generation.Id), ("$key", generation.KeyId), ("$user", generation.UserId), ("$created", generation.CreatedAt.ToUnixTimeMilliseconds()),
            ("$document", JsonSerializer.Serialize(generation))).Run(),
        cancellationToken);

    public Task<Generation?> FindAsync(string keyId, string id, CancellationToken cancellationToken) => database.ReadAsync(
        connection => connection.Command("SELECT document FROM generations WHERE id = $id AND key_id = $key", ("$id", id), ("$key", keyId))
            .First(row => Read(row.GetString(0))),
        cancellationToken);

    public Task<IReadOnlyList<Generation>> ListAsync(string keyId, string? before, int limit, CancellationToken cancellationToken) => database.ReadAsync<IReadOnlyList<Generation>>(
        connection => connection.Command(
            "SELECT document FROM generations WHERE key_id = $key AND ($before IS NULL OR id < $before) ORDER BY id DESC LIMIT $limit",
            ("$key", keyId), ("$before", before), ("$limit", limit)).All(row => Read(row.GetString(0))),
        cancellationToken);

    private static Generation Read(string document) => JsonSerializer.Deserialize<Generation>(document)!;
}
