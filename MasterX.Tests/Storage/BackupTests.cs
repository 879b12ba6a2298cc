using MasterX.Api.Storage;
using MasterX.Api.Storage.Embedded;
using MasterX.Api.Users;
using MasterX.Tests.Hosts;

namespace MasterX.Tests.Storage;

/// <summary>A copy of the embedded database, made while it is written.</summary>
public sealed class BackupTests : IDisposable
{
    private readonly DataFolder _folder = new();
    private readonly DataFolder _other = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_copy_made_under_load_is_whole_and_has_all_that_was_acknowledged_before()
    {
        using var database = new EmbeddedDatabase(_folder.Path);
        await database.InitializeAsync(Token);
        var users = new EmbeddedUserStore(database);
        for (var i = 0; i < 50; i++)
        {
            await users.TryAddAsync(Make(i), Token);
        }

        using var stop = new CancellationTokenSource();
        var writing = Task.Run(
            async () =>
            {
                for (var i = 50; !stop.IsCancellationRequested; i++)
                {
                    await users.TryAddAsync(Make(i), Token);
                }
            },
            Token);
        database.BackUp(Path.Combine(_other.Path, "masterx.db"));
        await stop.CancelAsync();
        await writing;

        using var copy = new EmbeddedDatabase(_other.Path);
        await copy.InitializeAsync(Token);
        Assert.Equal("ok", await copy.ReadAsync(connection => connection.Command("PRAGMA integrity_check").First(row => row.GetString(0)), Token));
        Assert.True((await new EmbeddedUserStore(copy).ListAsync(null, null, null, 100_000, Token)).Count >= 50);
    }

    [Fact]
    public async Task A_file_that_exists_is_not_overwritten()
    {
        using var database = new EmbeddedDatabase(_folder.Path);
        await database.InitializeAsync(Token);
        var file = Path.Combine(_other.Path, "kept");
        await File.WriteAllTextAsync(file, "kept", Token);

        var refused = Assert.Throws<StorageException>(() => database.BackUp(file));

        Assert.Contains("exists already", refused.Message, StringComparison.Ordinal);
        Assert.Equal("kept", await File.ReadAllTextAsync(file, Token));
    }

    [Fact]
    public async Task A_lock_that_is_held_too_long_is_told_with_what_to_do()
    {
        using var database = new EmbeddedDatabase(_folder.Path, TimeSpan.FromSeconds(1));
        await database.InitializeAsync(Token);
        using var other = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={Path.Combine(_folder.Path, "masterx.db")};Pooling=false");
        await other.OpenAsync(Token);
        await using var held = other.BeginTransaction(deferred: false);

        var refused = await Assert.ThrowsAsync<StorageException>(() => new EmbeddedUserStore(database).TryAddAsync(Make(1), Token));
        await held.RollbackAsync(Token);

        Assert.Contains("locked by another process", refused.Message, StringComparison.Ordinal);
        Assert.True(await new EmbeddedUserStore(database).TryAddAsync(Make(1), Token));
    }

    [Fact]
    public async Task A_full_disk_is_told_and_what_was_acknowledged_is_safe()
    {
        using var database = new EmbeddedDatabase(_folder.Path);
        await database.InitializeAsync(Token);
        var users = new EmbeddedUserStore(database);
        Assert.True(await users.TryAddAsync(Make(1), Token));

        // SQLite's own limit of the file's size, which is reported as a full disk is.
        await database.WriteAsync(connection => connection.Command($"PRAGMA max_page_count = {connection.Command("PRAGMA page_count").First(row => row.GetInt64(0).ToString(System.Globalization.CultureInfo.InvariantCulture))}").First(row => ""), Token);
        var refused = await Assert.ThrowsAsync<StorageException>(async () =>
        {
            for (var i = 2; i < 10_000; i++)
            {
                await users.TryAddAsync(Make(i) with { Name = new string('x', 200) }, Token);
            }
        });

        Assert.Contains("full", refused.Message, StringComparison.Ordinal);
        Assert.NotNull(await users.FindAsync(null, Make(1).Id, Token));
    }

    public void Dispose()
    {
        _folder.Dispose();
        _other.Dispose();
    }

    private static User Make(int number) => new($"usr_{number:D32}", "key_1", "test", $"{number}@example.com", DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch, 1);
}
