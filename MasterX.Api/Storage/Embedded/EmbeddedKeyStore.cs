using System.Text.Json;
using MasterX.Api.Audit;
using MasterX.Api.Keys;
using MasterX.Api.Usage;
using Microsoft.Data.Sqlite;

namespace MasterX.Api.Storage.Embedded;

internal sealed class EmbeddedKeyStore(EmbeddedDatabase database) : IKeyStore
{
    private const string Columns =
        "id, hash, preview, name, scopes, created_at, expires_at, revoked_at, last_used_at, requests_per_minute, max_concurrency, monthly_budget, "
        + "version, project_id, daily_budget, budget_warn_at, models, routes, counted, previous_hash, previous_until, rotated_by";

    public Task<bool> TryAddAsync(ConsumerKey key, AuditAct? act, CancellationToken cancellationToken) => database.WriteAsync(
        connection => connection.AppendIf(act, connection.Command(
            $"""
            INSERT INTO keys ({Columns})
            SELECT $id, $hash, $preview, $name, $scopes, $created, $expires, $revoked, $used, $rate, $concurrency, $month,
                $version, $project, $day, $warn, $models, $routes, $counted, $previous, $until, $rotated
            WHERE $project IS NULL OR EXISTS (SELECT 1 FROM projects WHERE id = $project AND closing = 0)
            """,
            Parameters(key)).Run() == 1),
        cancellationToken);

    public Task<ConsumerKey?> FindByHashAsync(string hash, CancellationToken cancellationToken) => database.ReadAsync(
        connection => connection.Command($"SELECT {Columns} FROM keys WHERE hash = $hash OR previous_hash = $hash", ("$hash", hash)).First(Read), cancellationToken);

    public Task<ConsumerKey?> FindAsync(string id, CancellationToken cancellationToken) => database.ReadAsync(
        connection => connection.Command($"SELECT {Columns} FROM keys WHERE id = $id", ("$id", id)).First(Read), cancellationToken);

    public Task<IReadOnlyList<ConsumerKey>> ListAsync(string? projectId, string? before, int limit, CancellationToken cancellationToken) => database.ReadAsync<IReadOnlyList<ConsumerKey>>(
        connection => connection.Command(
            $"SELECT {Columns} FROM keys WHERE ($project IS NULL OR project_id = $project) AND ($before IS NULL OR id < $before) ORDER BY id DESC LIMIT $limit",
            ("$project", projectId), ("$before", before), ("$limit", limit)).All(Read),
        cancellationToken);

    public Task<bool> HasAnyAsync(string projectId, CancellationToken cancellationToken) => database.ReadAsync(
        connection => connection.Command("SELECT 1 FROM keys WHERE project_id = $project AND revoked_at IS NULL LIMIT 1", ("$project", projectId)).ExecuteScalar() is not null, cancellationToken);

    public Task<ChangeResult> UpdateAsync(ConsumerKey key, AuditAct? act, CancellationToken cancellationToken) => database.WriteAsync(
        connection => connection.AppendIf(act, connection.Command(
            """
            UPDATE keys SET hash = $hash, preview = $preview, name = $name, scopes = $scopes, expires_at = $expires, requests_per_minute = $rate, max_concurrency = $concurrency,
                monthly_budget = $month, version = $version, daily_budget = $day, budget_warn_at = $warn, models = $models, routes = $routes, counted = $counted,
                previous_hash = $previous, previous_until = $until, rotated_by = $rotated
            WHERE id = $id AND version = $version - 1 AND revoked_at IS NULL
            """,
            [.. Parameters(key).Where(parameter => parameter.Name is not ("$created" or "$revoked" or "$used" or "$project"))]).Run() == 1)
            ? ChangeResult.Done
            : connection.Command("SELECT id FROM keys WHERE id = $id AND revoked_at IS NULL", ("$id", key.Id)).First(row => row.GetString(0)) is null ? ChangeResult.NotFound : ChangeResult.Conflict,
        cancellationToken);

    public Task<bool> RevokeAsync(string id, DateTimeOffset time, AuditAct? act, CancellationToken cancellationToken) => database.WriteAsync(
        connection =>
            connection.AppendIf(act, connection.Command("UPDATE keys SET revoked_at = $time WHERE id = $id AND revoked_at IS NULL", ("$id", id), ("$time", time.ToUnixTimeMilliseconds())).Run() == 1)
            || connection.Command("SELECT id FROM keys WHERE id = $id", ("$id", id)).First(row => row.GetString(0)) is not null,
        cancellationToken);

    public Task TouchAsync(string id, DateTimeOffset time, CancellationToken cancellationToken) => database.WriteAsync(
        connection => connection.Command("UPDATE keys SET last_used_at = max(coalesce(last_used_at, 0), $time) WHERE id = $id", ("$id", id), ("$time", time.ToUnixTimeMilliseconds())).Run(),
        cancellationToken);

    private static (string Name, object? Value)[] Parameters(ConsumerKey key) =>
    [
        ("$id", key.Id), ("$hash", key.Hash), ("$preview", key.Preview), ("$name", key.Name), ("$scopes", string.Join(' ', key.Scopes)),
        ("$created", key.CreatedAt.ToUnixTimeMilliseconds()), ("$expires", key.ExpiresAt?.ToUnixTimeMilliseconds()), ("$revoked", key.RevokedAt?.ToUnixTimeMilliseconds()),
        ("$used", key.LastUsedAt?.ToUnixTimeMilliseconds()), ("$rate", key.RequestsPerMinute), ("$concurrency", key.MaxConcurrency), ("$month", Money(key.MonthlyBudgetUsd)),
        ("$version", key.Version), ("$project", key.ProjectId), ("$day", Money(key.DailyBudgetUsd)), ("$warn", JsonSerializer.Serialize(key.BudgetWarnAt)),
        ("$models", JsonSerializer.Serialize(key.Models)), ("$routes", JsonSerializer.Serialize(key.Routes)), ("$counted", (int)key.Counted),
        ("$previous", key.PreviousHash), ("$until", key.PreviousUntil?.ToUnixTimeMilliseconds()), ("$rotated", key.RotatedBy),
    ];

    private static long? Money(decimal? dollars) => dollars is { } amount ? Picodollars.Of(amount) : null;

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
        Version = row.GetInt64(12),
        ProjectId = row.IsDBNull(13) ? null : row.GetString(13),
        DailyBudgetUsd = row.IsDBNull(14) ? null : Picodollars.ToDollars(row.GetInt64(14)),
        BudgetWarnAt = JsonSerializer.Deserialize<decimal[]>(row.GetString(15))!,
        Models = JsonSerializer.Deserialize<string[]>(row.Text(16))!,
        Routes = JsonSerializer.Deserialize<string[]>(row.Text(17))!,
        Counted = (BudgetKinds)row.GetInt32(18),
        PreviousHash = row.IsDBNull(19) ? null : row.GetString(19),
        PreviousUntil = row.TimeOrNull(20),
        RotatedBy = row.IsDBNull(21) ? null : row.GetString(21),
    };
}
