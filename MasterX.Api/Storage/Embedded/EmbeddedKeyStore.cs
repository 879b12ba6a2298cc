using MasterX.Api.Keys;

namespace MasterX.Api.Storage.Embedded;

internal sealed class EmbeddedKeyStore(EmbeddedDatabase database) : IKeyStore
{
    public Task AddAsync(ConsumerKey key, CancellationToken cancellationToken) => database.WriteAsync(
        connection => connection.Command(
            "INSERT INTO keys (id, hash, name, scopes, created_at, expires_at) VALUES ($id, $hash, $name, $scopes, $created, $expires)",
            ("$id", key.Id), ("$hash", key.Hash), ("$name", key.Name), ("$scopes", string.Join(' ', key.Scopes)),
            ("$created", key.CreatedAt.ToUnixTimeMilliseconds()), ("$expires", key.ExpiresAt?.ToUnixTimeMilliseconds())).Run(),
        cancellationToken);

    public Task<ConsumerKey?> FindByHashAsync(string hash, CancellationToken cancellationToken) => database.ReadAsync(
        connection => connection.Command("SELECT id, hash, name, scopes, created_at, expires_at FROM keys WHERE hash = $hash", ("$hash", hash))
            .First(row => new ConsumerKey(
                row.GetString(0), row.GetString(1), row.GetString(2), row.GetString(3).Split(' ', StringSplitOptions.RemoveEmptyEntries), row.Time(4), row.IsDBNull(5) ? null : row.Time(5))),
        cancellationToken);
}
