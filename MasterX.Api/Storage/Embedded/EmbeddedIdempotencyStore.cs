using MasterX.Api.Idempotency;

namespace MasterX.Api.Storage.Embedded;

/// <summary>Every step is one statement that names the holder it is made from.</summary>
internal sealed class EmbeddedIdempotencyStore(EmbeddedDatabase database) : IIdempotencyStore
{
    private const string Columns = "id, request_hash, resource_id, holder, held_until, expires_at, user_id, answer";

    public async Task<IdempotencyRecord?> TryBeginAsync(IdempotencyRecord record, CancellationToken cancellationToken)
    {
        var added = await database.WriteAsync(
            connection => connection.Command(
                $"INSERT INTO idempotency ({Columns}) VALUES ($id, $hash, $resource, $holder, $held, $expires, $user, $answer) ON CONFLICT DO NOTHING",
                Parameters(record)).Run(),
            cancellationToken);

        // Gone in between, it is begun by whoever asks again.
        return added == 1 ? null : await FindAsync(record.Id, cancellationToken) ?? await TryBeginAsync(record, cancellationToken);
    }

    public Task<bool> TryTakeOverAsync(IdempotencyRecord record, IdempotencyRecord known, CancellationToken cancellationToken) => database.WriteAsync(
        connection => connection.Command(
            """
            UPDATE idempotency SET request_hash = $hash, resource_id = $resource, holder = $holder, held_until = $held, expires_at = $expires, user_id = $user, answer = $answer
            WHERE id = $id AND holder = $was AND held_until = $wasHeld AND (answer IS NOT NULL) = $wasAnswered
            """,
            [.. Parameters(record), ("$was", known.Holder), ("$wasHeld", known.HeldUntil.ToUnixTimeMilliseconds()), ("$wasAnswered", known.Answer is null ? 0 : 1)]).Run() == 1,
        cancellationToken);

    public Task<bool> TryHoldAsync(IdempotencyRecord record, CancellationToken cancellationToken) => database.WriteAsync(
        connection => connection.Command(
            "UPDATE idempotency SET held_until = $held, expires_at = $expires WHERE id = $id AND holder = $holder AND answer IS NULL",
            ("$id", record.Id), ("$holder", record.Holder), ("$held", record.HeldUntil.ToUnixTimeMilliseconds()), ("$expires", record.ExpiresAt.ToUnixTimeMilliseconds())).Run() == 1,
        cancellationToken);

    public Task<bool> TryAnswerAsync(IdempotencyRecord record, CancellationToken cancellationToken) => database.WriteAsync(
        connection => connection.IsErased(record.UserId)
            ? GiveUp(connection, record)
            : connection.Command(
                "UPDATE idempotency SET held_until = $held, user_id = $user, answer = $answer WHERE id = $id AND holder = $holder AND answer IS NULL",
                ("$id", record.Id), ("$holder", record.Holder), ("$held", record.HeldUntil.ToUnixTimeMilliseconds()), ("$user", record.UserId), ("$answer", record.Answer)).Run() == 1,
        cancellationToken);

    public Task<IdempotencyRecord?> FindAsync(string id, CancellationToken cancellationToken) => database.ReadAsync(
        connection => connection.Command($"SELECT {Columns} FROM idempotency WHERE id = $id", ("$id", id)).First(row => new IdempotencyRecord
        {
            Id = row.GetString(0),
            RequestHash = row.GetString(1),
            ResourceId = Guid.ParseExact(row.GetString(2), "N"),
            Holder = row.GetString(3),
            HeldUntil = row.Time(4),
            ExpiresAt = row.Time(5),
            UserId = row.IsDBNull(6) ? null : row.GetString(6),
            Answer = row.IsDBNull(7) ? null : row.GetFieldValue<byte[]>(7),
        }),
        cancellationToken);

    public Task<bool> TryGiveUpAsync(IdempotencyRecord record, CancellationToken cancellationToken) => database.WriteAsync(connection => GiveUp(connection, record), cancellationToken);

    public Task DeleteOfOwnerAsync(string ownerId, CancellationToken cancellationToken) => database.WriteAsync(
        connection => connection.Command("DELETE FROM idempotency WHERE id >= $from AND id < $to", ("$from", $"{ownerId}/"), ("$to", $"{ownerId}0")).Run(), cancellationToken);

    public Task<int> DeleteOfUserAsync(string userId, CancellationToken cancellationToken) => database.WriteAsync(
        connection => connection.Command("DELETE FROM idempotency WHERE user_id = $user", ("$user", userId)).Run(), cancellationToken);

    /// <summary>One that is under way is not forgotten: its holder says over and over that it lives.</summary>
    public Task<int> DeleteExpiredAsync(DateTimeOffset now, int limit, CancellationToken cancellationToken) => database.WriteAsync(
        connection => connection.Command(
            "DELETE FROM idempotency WHERE rowid IN (SELECT rowid FROM idempotency WHERE expires_at <= $now AND held_until <= $now LIMIT $limit)", ("$now", now.ToUnixTimeMilliseconds()), ("$limit", limit)).Run(),
        cancellationToken);

    private static bool GiveUp(EmbeddedConnection connection, IdempotencyRecord record) =>
        connection.Command("DELETE FROM idempotency WHERE id = $id AND holder = $holder AND answer IS NULL", ("$id", record.Id), ("$holder", record.Holder)).Run() == 1;

    private static (string Name, object? Value)[] Parameters(IdempotencyRecord record) =>
    [
        ("$id", record.Id), ("$hash", record.RequestHash), ("$resource", record.ResourceId.ToString("N")), ("$holder", record.Holder), ("$held", record.HeldUntil.ToUnixTimeMilliseconds()),
        ("$expires", record.ExpiresAt.ToUnixTimeMilliseconds()), ("$user", record.UserId), ("$answer", record.Answer),
    ];
}
