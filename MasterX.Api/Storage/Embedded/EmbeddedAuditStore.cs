using MasterX.Api.Audit;
using Microsoft.Data.Sqlite;

namespace MasterX.Api.Storage.Embedded;

internal sealed class EmbeddedAuditStore(EmbeddedDatabase database) : IAuditStore
{
    private const string Filter =
        "($from IS NULL OR at >= $from) AND ($until IS NULL OR at < $until) AND ($actor IS NULL OR actor_id = $actor) AND ($action IS NULL OR action = $action) AND ($target IS NULL OR target = $target)";

    public Task AppendAsync(AuditAct act, CancellationToken cancellationToken) => database.WriteAsync(
        connection =>
        {
            connection.Append(act);
            return true;
        },
        cancellationToken);

    public Task<IReadOnlyList<AuditEntry>> ListAsync(AuditFilter filter, long? before, int limit, CancellationToken cancellationToken) => database.ReadAsync<IReadOnlyList<AuditEntry>>(
        connection => connection.Command(
            $"SELECT {EmbeddedAudit.Columns} FROM audit WHERE ($edge IS NULL OR sequence < $edge) AND {Filter} ORDER BY sequence DESC LIMIT $limit", Parameters(filter, before, limit)).All(EmbeddedAudit.Read),
        cancellationToken);

    public Task<IReadOnlyList<AuditEntry>> ReadAsync(AuditFilter filter, long after, int limit, CancellationToken cancellationToken) => database.ReadAsync<IReadOnlyList<AuditEntry>>(
        connection => connection.Command(
            $"SELECT {EmbeddedAudit.Columns} FROM audit WHERE sequence > $edge AND {Filter} ORDER BY sequence LIMIT $limit", Parameters(filter, after, limit)).All(EmbeddedAudit.Read),
        cancellationToken);

    /// <summary>Act and entry are one write here: none is cut short in between.</summary>
    public Task<int> RepairAsync(DateTimeOffset before, CancellationToken cancellationToken) => Task.FromResult(0);

    public Task CutAsync(long through, AuditAct act, CancellationToken cancellationToken) => database.WriteAsync(
        connection =>
        {
            connection.Append(act);
            return connection.Command("DELETE FROM audit WHERE sequence <= $through", ("$through", through)).Run();
        },
        cancellationToken);

    private static (string Name, object? Value)[] Parameters(AuditFilter filter, long? edge, int limit) =>
    [
        ("$edge", edge), ("$from", filter.From?.ToUnixTimeMilliseconds()), ("$until", filter.Until?.ToUnixTimeMilliseconds()), ("$actor", filter.ActorId), ("$action", filter.Action),
        ("$target", filter.Target), ("$limit", limit),
    ];
}

/// <summary>What other stores write of an act, inside their own writes.</summary>
internal static class EmbeddedAudit
{
    public const string Columns = "sequence, at, actor_id, action, target, document, hash";

    /// <summary>Adds the entry of an act, behind the last one: there is one writer at a time, over all processes.</summary>
    /// <param name="connection">Of the write.</param>
    /// <param name="act"><see langword="null"/> for no entry.</param>
    public static void Append(this EmbeddedConnection connection, AuditAct? act)
    {
        if (act is null)
        {
            return;
        }

        var last = connection.Command($"SELECT {Columns} FROM audit ORDER BY sequence DESC LIMIT 1").First(Read);
        var entry = AuditEntry.After(last, act, AuditEntry.Done);
        connection.Command(
            $"INSERT INTO audit ({Columns}) VALUES ($sequence, $at, $actor, $action, $target, $document, $hash)",
            ("$sequence", entry.Sequence), ("$at", entry.At.ToUnixTimeMilliseconds()), ("$actor", entry.ActorId), ("$action", entry.Action), ("$target", entry.Target),
            ("$document", entry.Document), ("$hash", entry.Hash)).Run();
    }

    /// <summary>Adds the entry of an act that is done, and of no other.</summary>
    public static bool AppendIf(this EmbeddedConnection connection, AuditAct? act, bool isDone)
    {
        if (isDone)
        {
            connection.Append(act);
        }

        return isDone;
    }

    public static AuditEntry Read(SqliteDataReader row) => new(row.GetInt64(0), row.Time(1), row.Text(2), row.Text(3), row.Text(4), row.Text(5), row.GetString(6));
}
