using MasterX.Api.Keys;
using MasterX.Api.Usage;
using Microsoft.Data.Sqlite;

namespace MasterX.Api.Storage.Embedded;

internal sealed class EmbeddedKeyStore(EmbeddedDatabase database) : IKeyStore
{
    private const string Columns = "id, hash, preview, name, scopes, created_at, expires_at, revoked_at, last_used_at, requests_per_minute, max_concurrency, monthly_budget";

    public Task AddAsync(ConsumerKey key, CancellationToken cancellationToken) => database.WriteAsync(
        connection => connection.Command(
            $"INSERT INTO keys ({Columns}) VALUES ($id, $hash, $preview, $name, $scopes, $created, $expires, $revoked, $used, $rate, $concurrency, $budget)",
            ("$id", key.Id), ("$hash", key.Hash), ("$preview", key.Preview), ("$name", key.Name), ("$scopes", string.Join(' ', key.Scopes)),
            ("$created", key.CreatedAt.ToUnixTimeMilliseconds()), ("$expires", key.ExpiresAt?.ToUnixTimeMilliseconds()), ("$revoked", key.RevokedAt?.ToUnixTimeMilliseconds()),
            ("$used", key.LastUsedAt?.ToUnixTimeMilliseconds()), ("$rate", key.RequestsPerMinute), ("$concurrency", key.MaxConcurrency),
            ("$budget", key.MonthlyBudgetUsd is { } budget ? Picodollars.Of(budget) : null)).Run(),
        cancellationToken);

    public Task<ConsumerKey?> FindByHashAsync(string hash, CancellationToken cancellationToken) => database.ReadAsync(
        connection => connection.Command($"SELECT {Columns} FROM keys WHERE hash = $hash", ("$hash", hash)).First(Read), cancellationToken);

    public Task<ConsumerKey?> FindAsync(string id, CancellationToken cancellationToken) => database.ReadAsync(
        connection => connection.Command($"SELECT {Columns} FROM keys WHERE id = $id", ("$id", id)).First(Read), cancellationToken);

    public Task<IReadOnlyList<ConsumerKey>> ListAsync(string? before, int limit, CancellationToken cancellationToken) => database.ReadAsync<IReadOnlyList<ConsumerKey>>(
        connection => connection.Command($"SELECT {Columns} FROM keys WHERE $before IS NULL OR id < $before ORDER BY id DESC LIMIT $limit", ("$before", before), ("$limit", limit)).All(Read),
        cancellationToken);

    public Task<bool> RevokeAsync(string id, DateTimeOffset time, CancellationToken cancellationToken) => database.WriteAsync(
        connection => connection.Command("UPDATE keys SET revoked_at = coalesce(revoked_at, $time) WHERE id = $id", ("$id", id), ("$time", time.ToUnixTimeMilliseconds())).Run() == 1,
        cancellationToken);

    public Task TouchAsync(string id, DateTimeOffset time, CancellationToken cancellationToken) => database.WriteAsync(
        connection => connection.Command("UPDATE keys SET last_used_at = max(coalesce(last_used_at, 0), $time) WHERE id = $id", ("$id", id), ("$time", time.ToUnixTimeMilliseconds())).Run(),
        cancellationToken);

    private static ConsumerKey Read(SqliteDataReader row) => new()
    {
        Id = row.GetString(0),
        Hash = row.GetString(1),
        Preview = row.GetString(2),
        Name = row.Text(3),
        Scopes = row.GetString(4).Split(' ', StringSplitOptions.RemoveEmptyEntries),
        CreatedAt = row.Time(5),
        ExpiresAt = row.TimeOrNull(6),
        RevokedAt = row.TimeOrNull(7),
        LastUsedAt = row.TimeOrNull(8),
        RequestsPerMinute = row.IsDBNull(9) ? null : row.GetInt32(9),
        MaxConcurrency = row.IsDBNull(10) ? null : row.GetInt32(10),
        MonthlyBudgetUsd = row.IsDBNull(11) ? null : Picodollars.ToDollars(row.GetInt64(11)),
    };
}
