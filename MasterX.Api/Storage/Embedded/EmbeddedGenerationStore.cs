using System.Text.Json;
using MasterX.Api.Ai;
using Microsoft.Data.Sqlite;

namespace MasterX.Api.Storage.Embedded;

/// <summary>What is searched by stands in columns; the rest is one JSON document.</summary>
internal sealed class EmbeddedGenerationStore(EmbeddedDatabase database) : IGenerationStore
{
    public static void Add(EmbeddedConnection connection, Generation generation) => connection.Command(
        "INSERT INTO generations (id, key_id, user_id, created_at, document) VALUES ($id, $key, $user, $created, $document) ON CONFLICT DO NOTHING",
        ("$id", generation.Id), ("$key", generation.KeyId), ("$user", generation.UserId), ("$created", generation.CreatedAt.ToUnixTimeMilliseconds()),
        ("$document", JsonSerializer.Serialize(generation))).Run();

    public Task<Generation?> FindAsync(string? keyId, string id, CancellationToken cancellationToken) => database.ReadAsync(
        connection => connection.Command("SELECT document FROM generations WHERE id = $id AND ($key IS NULL OR key_id = $key)", ("$id", id), ("$key", keyId)).First(Read),
        cancellationToken);

    public Task<IReadOnlyList<Generation>> ListAsync(string? keyId, string? before, int limit, CancellationToken cancellationToken) => database.ReadAsync<IReadOnlyList<Generation>>(
        connection => connection.Command(
            "SELECT document FROM generations WHERE ($key IS NULL OR key_id = $key) AND ($before IS NULL OR id < $before) ORDER BY id DESC LIMIT $limit",
            ("$key", keyId), ("$before", before), ("$limit", limit)).All(Read),
        cancellationToken);

    public Task<int> DeleteOfUserAsync(string userId, CancellationToken cancellationToken) => database.WriteAsync(
        connection => connection.Command("DELETE FROM generations WHERE user_id = $user", ("$user", userId)).Run(), cancellationToken);

    public Task<int> AnonymizeOfUserAsync(string userId, CancellationToken cancellationToken) => database.WriteAsync(
        connection =>
        {
            var found = connection.Command("SELECT document FROM generations WHERE user_id = $user", ("$user", userId)).All(Read);
            foreach (var generation in found)
            {
                connection.Command("UPDATE generations SET user_id = NULL, document = $document WHERE id = $id", ("$id", generation.Id), ("$document", JsonSerializer.Serialize(generation.Anonymized()))).Run();
            }

            return found.Count;
        },
        cancellationToken);

    public Task<int> DeleteOlderThanAsync(DateTimeOffset time, int limit, CancellationToken cancellationToken) => database.WriteAsync(
        connection => connection.Command(
            "DELETE FROM generations WHERE rowid IN (SELECT rowid FROM generations WHERE created_at < $time LIMIT $limit)", ("$time", time.ToUnixTimeMilliseconds()), ("$limit", limit)).Run(),
        cancellationToken);

    private static Generation Read(SqliteDataReader row) => JsonSerializer.Deserialize<Generation>(row.GetString(0))!;
}
