using MasterX.Api.Calls;
using Microsoft.Data.Sqlite;

namespace MasterX.Api.Storage.Embedded;

internal sealed class EmbeddedBudgetAlertStore(EmbeddedDatabase database) : IBudgetAlertStore
{
    private const string Columns = "id, message_id, created_at, body, attempts, next_at, sent_by, sent_at";

    public Task<bool> TryAddAsync(BudgetAlert alert, CancellationToken cancellationToken) => database.WriteAsync(
        connection => connection.Command(
            $"INSERT INTO budget_alerts ({Columns}) VALUES ($id, $message, $created, $body, $attempts, $next, $by, $sent) ON CONFLICT DO NOTHING",
            ("$id", alert.Id), ("$message", alert.MessageId), ("$created", alert.CreatedAt.ToUnixTimeMilliseconds()), ("$body", alert.Body), ("$attempts", alert.Attempts),
            ("$next", alert.NextAt?.ToUnixTimeMilliseconds()), ("$by", alert.SentBy), ("$sent", alert.SentAt?.ToUnixTimeMilliseconds())).Run() == 1,
        cancellationToken);

    public Task<IReadOnlyList<BudgetAlert>> ListDueAsync(DateTimeOffset now, int limit, CancellationToken cancellationToken) => database.ReadAsync<IReadOnlyList<BudgetAlert>>(
        connection => connection.Command(
            $"SELECT {Columns} FROM budget_alerts WHERE next_at <= $now ORDER BY next_at LIMIT $limit", ("$now", now.ToUnixTimeMilliseconds()), ("$limit", limit)).All(Read),
        cancellationToken);

    public Task<bool> TryChangeAsync(BudgetAlert known, BudgetAlert changed, CancellationToken cancellationToken) => database.WriteAsync(
        connection => connection.Command(
            "UPDATE budget_alerts SET attempts = $attempts, next_at = $next, sent_by = $by, sent_at = $sent WHERE id = $id AND attempts = $knownAttempts AND next_at IS $knownNext AND sent_at IS NULL",
            ("$id", known.Id), ("$attempts", changed.Attempts), ("$next", changed.NextAt?.ToUnixTimeMilliseconds()), ("$by", changed.SentBy), ("$sent", changed.SentAt?.ToUnixTimeMilliseconds()),
            ("$knownAttempts", known.Attempts), ("$knownNext", known.NextAt?.ToUnixTimeMilliseconds())).Run() == 1,
        cancellationToken);

    public Task<int> DeleteOlderThanAsync(DateTimeOffset time, int limit, CancellationToken cancellationToken) => database.WriteAsync(
        connection => connection.Command(
            "DELETE FROM budget_alerts WHERE id IN (SELECT id FROM budget_alerts WHERE created_at < $time LIMIT $limit)", ("$time", time.ToUnixTimeMilliseconds()), ("$limit", limit)).Run(),
        cancellationToken);

    private static BudgetAlert Read(SqliteDataReader row) => new(
        row.GetString(0), row.GetString(1), row.Time(2), row.Text(3), row.GetInt32(4), row.TimeOrNull(5), row.IsDBNull(6) ? null : row.GetString(6), row.TimeOrNull(7));
}
