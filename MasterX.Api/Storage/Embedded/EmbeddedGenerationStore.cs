using System.Text.Json;
using MasterX.Api.Ai;
using Microsoft.Data.Sqlite;

namespace MasterX.Api.Storage.Embedded;

/// <summary>What is searched by stands in columns; the rest is one JSON document.</summary>
internal sealed class EmbeddedGenerationStore(EmbeddedDatabase database) : IGenerationStore
{
    public static void Add(EmbeddedConnection connection, Generation generation) => connection.Command(
        "INSERT INTO generations (id, key_id, user_id, created_at, document) VALUES ($id, $key, $user, $created, $document) ON CONFLICT DO NOTHING",
        ("$id", generation.Id), ("$key", generation.OwnerId), ("$user", generation.UserId), ("$created", generation.CreatedAt.ToUnixTimeMilliseconds()),
        ("$document", JsonSerializer.Serialize(generation))).Run();

    public Task<Generation?> FindAsync(string? ownerId, string id, CancellationToken cancellationToken) => database.ReadAsync(
        connection => connection.Command("SELECT document FROM generations WHERE id = $id AND ($key IS NULL OR key_id = $key)", ("$id", id), ("$key", ownerId)).First(Read),
        cancellationToken);

    public Task<GenerationPage> ListAsync(GenerationFilter filter, string? before, int limit, CancellationToken cancellationToken) => database.ReadAsync(
        connection =>
        {
            // By an owner's own index where one is named; read row by row, only as far as the page goes.
            using var rows = connection.Command(
                $"""
                SELECT document FROM generations
                WHERE {(filter.OwnerId is null ? "$key IS NULL" : "key_id = $key")} AND ($before IS NULL OR id < $before) AND ($user IS NULL OR user_id = $user)
                    AND ($from IS NULL OR created_at >= $from) AND ($until IS NULL OR created_at < $until)
                ORDER BY id DESC
                """,
                ("$key", filter.OwnerId), ("$before", before), ("$user", filter.UserId), ("$from", filter.From?.ToUnixTimeMilliseconds()), ("$until", filter.Until?.ToUnixTimeMilliseconds())).ExecuteReader();
            var page = new GenerationPage.Collector(filter, limit);
            while (rows.Read() && page.TryAdd(Read(rows)))
            {
                // The next one.
            }

            return page.ToPage();
        },
        cancellationToken);

    public Task<int> DeleteAsync(IReadOnlyList<string> ids, CancellationToken cancellationToken) => database.WriteAsync(
        connection => connection.Command("DELETE FROM generations WHERE id IN (SELECT value FROM json_each($ids))", ("$ids", JsonSerializer.Serialize(ids))).Run(), cancellationToken);

    public async Task EraseOfOwnerAsync(string ownerId, bool keepsNumbers, CancellationToken cancellationToken)
    {
        string? last = null;
        while (await database.WriteAsync(connection => Erase(connection, ownerId, keepsNumbers, last), cancellationToken) is { } next)
        {
            last = next;
        }
    }

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

    /// <summary>Some at a time, so that others' writes get their turn in between.</summary>
    /// <returns>Up to where; <see langword="null"/> when there are no more.</returns>
    private static string? Erase(EmbeddedConnection connection, string ownerId, bool keepsNumbers, string? after)
    {
        var found = connection.Command(
            "SELECT document FROM generations WHERE key_id = $key AND ($after IS NULL OR id > $after) ORDER BY id LIMIT $limit", ("$key", ownerId), ("$after", after), ("$limit", Retention.Step)).All(Read);
        foreach (var generation in found)
        {
            if (keepsNumbers)
            {
                connection.Command("UPDATE generations SET user_id = NULL, document = $document WHERE id = $id", ("$id", generation.Id), ("$document", JsonSerializer.Serialize(generation.Anonymized()))).Run();
            }
            else
            {
                connection.Command("DELETE FROM generations WHERE id = $id", ("$id", generation.Id)).Run();
            }
        }

        return found.Count > 0 ? found[^1].Id : null;
    }

    private static Generation Read(SqliteDataReader row) => JsonSerializer.Deserialize<Generation>(row.GetString(0))!;
}
