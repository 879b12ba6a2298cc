using MasterX.Api.Users;

namespace MasterX.Api.Storage.Embedded;

internal sealed class EmbeddedUserStore(EmbeddedDatabase database) : IUserStore
{
    public Task<bool> TryAddAsync(User user, CancellationToken cancellationToken) => database.WriteAsync(
        connection => connection.Command(
            "INSERT INTO users (id, name, email, email_normalized, created_at) VALUES ($id, $name, $email, $normalized, $created) ON CONFLICT (email_normalized) DO NOTHING",
            ("$id", user.Id), ("$name", user.Name), ("$email", user.Email), ("$normalized", User.NormalizeEmail(user.Email)), ("$created", user.CreatedAt.ToUnixTimeMilliseconds())).Run() == 1,
        cancellationToken);

    public Task<User?> FindAsync(string id, CancellationToken cancellationToken) => database.ReadAsync(
        connection => connection.Command("SELECT id, name, email, created_at FROM users WHERE id = $id", ("$id", id))
            .First(row => new User(row.GetString(0), row.GetString(1), row.GetString(2), row.Time(3))),
        cancellationToken);
}
