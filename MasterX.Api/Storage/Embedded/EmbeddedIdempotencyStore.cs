using MasterX.Api.Idempotency;

namespace MasterX.Api.Storage.Embedded;

internal sealed class EmbeddedIdempotencyStore(EmbeddedDatabase database) : IIdempotencyStore
{
    public async Task<IdempotencyRecord?> TryBeginAsync(IdempotencyRecord record, CancellationToken cancellationToken)
    {
        var added = await database.WriteAsync(
            connection => connection.Command(
                "INSERT INTO idempotency (id, request_hash, resource_id, held_until, expires_at, answer) VALUES ($id, $hash, $resource, $held, $expires, $answer) ON CONFLICT DO NOTHING",
                Parameters(record)).Run(),
            cancellationToken);

        // Gone in between, it is begun by whoever asks again.
        return added == 1 ? null : await FindAsync(record.Id, cancellationToken) ?? await TryBeginAsync(record, cancellationToken);
    }

    public Task<bool> TryReplaceAsync(IdempotencyRecord record, DateTimeOffset heldUntil, CancellationToken cancellationToken) => database.WriteAsync(
        connection => connection.Command(
            "UPDATE idempotency SET request_hash = $hash, resource_id = $resource, held_until = $held, expires_at = $expires, answer = $answer WHERE id = $id AND answer IS NULL AND held_until = $was",
            [.. Parameters(record), ("$was", heldUntil.ToUnixTimeMilliseconds())]).Run() == 1,
        cancellationToken);

    public Task<IdempotencyRecord?> FindAsync(string id, CancellationToken cancellationToken) => database.ReadAsync(
        connection => connection.Command("SELECT id, request_hash, resource_id, held_until, expires_at, answer FROM idempotency WHERE id = $id", ("$id", id)).First(row => new IdempotencyRecord
        {
            Id = row.GetString(0),
            RequestHash = row.GetString(1),
            ResourceId = Guid.ParseExact(row.GetString(2), "N"),
            HeldUntil = row.Time(3),
            ExpiresAt = row.Time(4),
            Answer = row.IsDBNull(5) ? null : row.GetFieldValue<byte[]>(5),
        }),
        cancellationToken);

    public Task DeleteAsync(string id, CancellationToken cancellationToken) => database.WriteAsync(
        connection => connection.Command("DELETE FROM idempotency WHERE id = $id", ("$id", id)).Run(), cancellationToken);

    public Task<int> DeleteExpiredAsync(DateTimeOffset now, int limit, CancellationToken cancellationToken) => database.WriteAsync(
        connection => connection.Command(
            "DELETE FROM idempotency WHERE rowid IN (SELECT rowid FROM idempotency WHERE expires_at <= $now LIMIT $limit)", ("$now", now.ToUnixTimeMilliseconds()), ("$limit", limit)).Run(),
        cancellationToken);

    private static (string Name, object? Value)[] Parameters(IdempotencyRecord record) =>
    [
        ("$id", record.Id), ("$hash", record.RequestHash), ("$resource", record.ResourceId.ToString("N")), ("$held", record.HeldUntil.ToUnixTimeMilliseconds()),
        ("$expires", record.ExpiresAt.ToUnixTimeMilliseconds()), ("$answer", record.Answer),
    ];
}
