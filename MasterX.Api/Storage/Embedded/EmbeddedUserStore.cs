using MasterX.Api.Audit;
using MasterX.Api.Users;
using Microsoft.Data.Sqlite;

namespace MasterX.Api.Storage.Embedded;

internal sealed class EmbeddedUserStore(EmbeddedDatabase database) : IUserStore
{
    /// <summary>SQLite's extended result code for a value that is not unique.</summary>
    private const int ConstraintUnique = 2067;

    private const string Columns = "id, key_id, name, email, created_at, updated_at, version";

    public Task<bool> TryAddAsync(User user, CancellationToken cancellationToken) => database.WriteAsync(
        connection => connection.Command(
            $"INSERT INTO users ({Columns}, name_normalized, email_normalized) VALUES ($id, $key, $name, $email, $created, $updated, $version, $nameNormalized, $emailNormalized) ON CONFLICT DO NOTHING",
            Parameters(user)).Run() == 1,
        cancellationToken);

    public Task<User?> FindAsync(string? ownerId, string id, CancellationToken cancellationToken) => database.ReadAsync(
        connection => connection.Command($"SELECT {Columns} FROM users WHERE id = $id AND ($key IS NULL OR key_id = $key)", ("$id", id), ("$key", ownerId)).First(Read),
        cancellationToken);

    public Task<IReadOnlyList<User>> ListAsync(string? ownerId, string? prefix, string? before, int limit, CancellationToken cancellationToken) => database.ReadAsync<IReadOnlyList<User>>(
        connection =>
        {
            var start = prefix is null ? null : User.Normalize(prefix);
            return connection.Command(
                $"""
                SELECT {Columns} FROM users
                WHERE ($key IS NULL OR key_id = $key) AND ($before IS NULL OR id < $before)
                AND ($start IS NULL OR (name_normalized >= $start AND name_normalized < $end) OR (email_normalized >= $start AND email_normalized < $end))
                ORDER BY id DESC LIMIT $limit
                """,
                ("$key", ownerId), ("$before", before), ("$start", start), ("$end", start + TextRange.Last), ("$limit", limit)).All(Read);
        },
        cancellationToken);

    public Task<ChangeResult> UpdateAsync(User user, CancellationToken cancellationToken) => database.WriteAsync(
        connection =>
        {
            try
            {
                var changed = connection.Command(
                    """
                    UPDATE users SET name = $name, email = $email, updated_at = $updated, version = $version, name_normalized = $nameNormalized, email_normalized = $emailNormalized
                    WHERE id = $id AND version = $version - 1
                    """,
                    Parameters(user)).Run();
                return changed == 1 ? ChangeResult.Done : Missing(connection, user.Id);
            }
            catch (SqliteException taken) when (taken.SqliteExtendedErrorCode == ConstraintUnique)
            {
                return ChangeResult.Taken;
            }
        },
        cancellationToken);

    public Task<ChangeResult> DeleteAsync(string id, long? version, AuditAct? act, CancellationToken cancellationToken) => database.WriteAsync(
        connection => connection.AppendIf(act, connection.Command("DELETE FROM users WHERE id = $id AND ($version IS NULL OR version = $version)", ("$id", id), ("$version", version)).Run() == 1)
            ? ChangeResult.Done
            : Missing(connection, id),
        cancellationToken);

    private static ChangeResult Missing(EmbeddedConnection connection, string id) =>
        connection.Command("SELECT id FROM users WHERE id = $id", ("$id", id)).First(row => row.GetString(0)) is null ? ChangeResult.NotFound : ChangeResult.Conflict;

    private static (string Name, object? Value)[] Parameters(User user) =>
    [
        ("$id", user.Id), ("$key", user.OwnerId), ("$name", user.Name), ("$email", user.Email),
        ("$created", user.CreatedAt.ToUnixTimeMilliseconds()), ("$updated", user.UpdatedAt.ToUnixTimeMilliseconds()), ("$version", user.Version),
        ("$nameNormalized", User.Normalize(user.Name)), ("$emailNormalized", User.Normalize(user.Email)),
    ];

    private static User Read(SqliteDataReader row) => new(row.GetString(0), row.GetString(1), row.Text(2), row.Text(3), row.Time(4), row.Time(5), row.GetInt64(6));
}

/// <summary>What other stores ask of users, inside their own writes.</summary>
internal static class EmbeddedUsers
{
    /// <summary>Whether a user that is named is not there any more.</summary>
    public static bool IsErased(this EmbeddedConnection connection, string? userId) =>
        userId is not null && connection.Command("SELECT 1 FROM users WHERE id = $id", ("$id", userId)).ExecuteScalar() is null;
}
