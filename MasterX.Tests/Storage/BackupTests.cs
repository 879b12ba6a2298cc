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
    public async Task A_copy_that_is_restored_takes_the_place_of_the_database_which_is_kept()
    {
        var copy = Path.Combine(_other.Path, "copy.db");
        using (var database = await OpenAsync(Make(1)))
        {
            database.BackUp(copy);
            await new EmbeddedUserStore(database).TryAddAsync(Make(2), Token);
        }

        string? kept;
        using (var closed = new EmbeddedDatabase(_folder.Path))
        {
            kept = closed.Restore(copy);
        }

        Assert.NotNull(kept);
        Assert.True(File.Exists(copy));
        Assert.Equal([Make(1).Id], await UsersOfAsync(Path.Combine(_folder.Path, "masterx.db")));
        Assert.Equal([Make(2).Id, Make(1).Id], await UsersOfAsync(kept));
    }

    [Fact]
    public async Task A_copy_is_restored_where_there_is_no_database_or_one_that_is_damaged()
    {
        var copy = Path.Combine(_other.Path, "copy.db");
        using (var database = await OpenAsync(Make(1)))
        {
            database.BackUp(copy);
        }

        using var none = new DataFolder();
        using var empty = new EmbeddedDatabase(Path.Combine(none.Path, "not", "there"));
        Assert.Null(empty.Restore(copy));
        Assert.Equal([Make(1).Id], await UsersOfAsync(empty.FileName));

        var file = Path.Combine(_folder.Path, "masterx.db");
        await File.WriteAllTextAsync(file, "no database, and longer than nothing", Token);
        using var damaged = new EmbeddedDatabase(_folder.Path);
        Assert.Equal("no database, and longer than nothing", await File.ReadAllTextAsync(damaged.Restore(copy)!, Token));
        Assert.Equal([Make(1).Id], await UsersOfAsync(file));
    }

    [Theory]
    [InlineData("missing", "there is no such file")]
    [InlineData("text", "no copy of a database")]
    [InlineData("empty", "no database of this service")]
    [InlineData("another", "no database of this service")]
    [InlineData("named alike", "no database of this service")]
    [InlineData("newer", "newer version")]
    [InlineData("torn", "Nothing was changed")]
    [InlineData("itself", "the database itself")]
    [InlineData("in use", "is in use")]
    public async Task What_cannot_be_restored_changes_nothing(string kind, string told)
    {
        using var database = await OpenAsync(Make(1));
        var copy = kind == "itself" ? database.FileName : Path.Combine(_other.Path, "copy.db");
        switch (kind)
        {
            case "text":
                await File.WriteAllTextAsync(copy, new string('x', 10_000), Token);
                break;
            case "empty":
                await File.WriteAllBytesAsync(copy, [], Token);
                break;
            case "another":
                Run(copy, "CREATE TABLE other (id INTEGER)");
                break;
            case "named alike":
                Run(copy, "CREATE TABLE users (id INTEGER); PRAGMA user_version = 5");
                break;
            case "newer":
                database.BackUp(copy);
                Run(copy, "PRAGMA user_version = 999");
                break;
            case "torn":
                database.BackUp(copy);
                await using (var torn = File.OpenWrite(copy))
                {
                    torn.SetLength(torn.Length / 2);
                }

                break;
            case "in use":
                database.BackUp(copy);
                break;
        }

        using var second = new EmbeddedDatabase(_folder.Path);
        var refused = Assert.Throws<StorageException>(() => second.Restore(copy));

        Assert.Contains(told, refused.Message, StringComparison.Ordinal);
        Assert.Equal(1, Directory.GetFiles(_folder.Path).Count(file => Path.GetFileName(file) is not ("masterx.db-wal" or "masterx.db-shm")));
        Assert.True(await new EmbeddedUserStore(database).TryAddAsync(Make(2), Token));
    }

    [Fact]
    public async Task Before_a_file_is_migrated_it_is_copied_and_the_last_copies_are_kept()
    {
        using var log = new LogLines();
        for (var round = 1; round <= 3; round++)
        {
            foreach (var file in Directory.GetFiles(_folder.Path, "masterx.db*"))
            {
                File.Delete(file);
            }

            Run(Path.Combine(_folder.Path, "masterx.db"), $"{FirstVersion} INSERT INTO users VALUES ('usr_{round}', 'One', 'One@example.com', 'one@example.com', 1000)");
            using var database = new EmbeddedDatabase(_folder.Path, logger: log.For<EmbeddedDatabase>());
            await database.InitializeAsync(Token);
            await database.InitializeAsync(Token);

            Assert.Equal("One", (await new EmbeddedUserStore(database).FindAsync(null, $"usr_{round}", Token))!.Name);
            Assert.Equal(Math.Min(round, 2), Copies().Length);
        }

        Assert.Equal(["usr_3"], await UsersOfAsync(Copies()[^1]));
        Assert.Equal(3, log.Lines.Count);
        Assert.Contains(Copies()[^1], log.Lines.Last(), StringComparison.Ordinal);

        string[] Copies() => [.. Directory.GetFiles(_folder.Path, "masterx-schema-1-*.db").Order(StringComparer.Ordinal)];
    }

    [Fact]
    public async Task A_migration_that_fails_leaves_one_copy_however_often_it_is_tried_and_another_where_something_was_written_since()
    {
        var file = Path.Combine(_folder.Path, "masterx.db");
        Run(file, $"{FirstVersion} CREATE TABLE probes (id INTEGER)");
        for (var start = 0; start < 3; start++)
        {
            using var database = new EmbeddedDatabase(_folder.Path);
            for (var again = 0; again < 2; again++)
            {
                var refused = await Assert.ThrowsAsync<StorageException>(() => database.InitializeAsync(Token));
                Assert.Contains("probes", refused.Message, StringComparison.Ordinal);
            }
        }

        Assert.Single(Directory.GetFiles(_folder.Path, "masterx-schema-*.db"));

        Run(file, "DROP TABLE probes");
        using var mended = new EmbeddedDatabase(_folder.Path);
        await mended.InitializeAsync(Token);
        Assert.Equal(2, Directory.GetFiles(_folder.Path, "masterx-schema-*.db").Length);
    }

    [Fact]
    public async Task Room_that_was_deleted_goes_back_to_the_disk_in_small_steps_or_at_once()
    {
        using var database = await OpenAsync();
        async Task FillAsync()
        {
            await database.WriteAsync(connection => connection.Command("INSERT INTO probes (id, mark, at, filling) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) SELECT i, '', 9e15, zeroblob(32768) FROM n").Run(), Token);
            await database.WriteAsync(connection => connection.Command("DELETE FROM probes").Run(), Token);
        }

        async Task<long> PagesAsync() => await database.ReadAsync(connection => (long)connection.Command("PRAGMA page_count").ExecuteScalar()!, Token);

        await FillAsync();
        var full = await PagesAsync();
        var steps = 0;
        while (await database.ShrinkAsync(Token))
        {
            steps++;
            Assert.InRange(full - await PagesAsync(), 1, 600L * steps);
        }

        Assert.InRange(steps, 2, 20);
        Assert.True(await PagesAsync() < full);

        await FillAsync();
        var (before, after) = database.Vacuum();
        Assert.True(after < before / 4, $"{before} {after}");
        Assert.Equal("ok", await database.ReadAsync(connection => connection.Command("PRAGMA integrity_check").First(row => row.GetString(0)), Token));
    }

    [Fact]
    public async Task A_file_that_has_a_limit_is_told_of_before_it_is_reached_and_grows_no_more_then()
    {
        using var database = new EmbeddedDatabase(_folder.Path, mostMegabytes: 4);
        await database.InitializeAsync(Token);
        var users = new EmbeddedUserStore(database);
        var (warning, number) = ((string?)null, 0);
        var refused = await Assert.ThrowsAsync<StorageException>(async () =>
        {
            while (true)
            {
                await users.TryAddAsync(Make(number++) with { Name = new string('x', 100_000) }, Token);
                warning ??= await database.ProbeAsync(Token);
            }
        });

        Assert.Contains("Embedded__MostMegabytes", warning, StringComparison.Ordinal);
        Assert.Contains("Embedded__MostMegabytes (4)", refused.Message, StringComparison.Ordinal);
        Assert.InRange(await database.ReadAsync(connection => (long)connection.Command("PRAGMA page_count").ExecuteScalar()! * 4096, Token), 1, 4 * 1024 * 1024);
        Assert.NotNull(await users.FindAsync(null, Make(number - 2).Id, Token));
    }

    [Fact]
    public async Task What_a_full_file_has_no_room_for_is_refused_alone_and_what_was_written_together_with_it_is_not()
    {
        using var database = new EmbeddedDatabase(_folder.Path, mostMegabytes: 2);
        await database.InitializeAsync(Token);
        var users = new EmbeddedUserStore(database);
        var held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var first = database.WriteAsync(
            _ =>
            {
                // All the others come while this one is written, and are written together.
                held.Task.Wait(Token);
                return true;
            },
            Token);
        var writes = Enumerable.Range(0, 60).Select(i => users.TryAddAsync(Make(i) with { Name = new string('x', i % 2 == 0 ? 10 : 3_000_000) }, Token)).ToArray();
        held.SetResult();
        await first;
        for (var i = 0; i < writes.Length; i++)
        {
            if (i % 2 == 0)
            {
                Assert.True(await writes[i]);
            }
            else
            {
                Assert.Contains("Embedded__MostMegabytes", (await Assert.ThrowsAsync<StorageException>(() => writes[i])).Message, StringComparison.Ordinal);
            }
        }

        Assert.Equal(30, (await users.ListAsync(null, null, null, 100, Token)).Count);
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

    /// <summary>A file as the first version of the service has made it.</summary>
    private const string FirstVersion =
        """
        CREATE TABLE users (id TEXT PRIMARY KEY, name TEXT NOT NULL, email TEXT NOT NULL, email_normalized TEXT NOT NULL UNIQUE, created_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
        CREATE TABLE keys (id TEXT PRIMARY KEY, hash TEXT NOT NULL UNIQUE, name TEXT NOT NULL, scopes TEXT NOT NULL, created_at INTEGER NOT NULL, expires_at INTEGER) STRICT, WITHOUT ROWID;
        CREATE TABLE generations (id TEXT PRIMARY KEY, key_id TEXT NOT NULL, user_id TEXT, created_at INTEGER NOT NULL, document TEXT NOT NULL) STRICT;
        CREATE INDEX generations_by_key ON generations (key_id, id DESC);
        PRAGMA user_version = 1;
        """;

    private async Task<EmbeddedDatabase> OpenAsync(params User[] with)
    {
        var database = new EmbeddedDatabase(_folder.Path);
        await database.InitializeAsync(Token);
        foreach (var user in with)
        {
            await new EmbeddedUserStore(database).TryAddAsync(user, Token);
        }

        return database;
    }

    /// <summary>Ids of the users in a file, newest first.</summary>
    private static async Task<string[]> UsersOfAsync(string file)
    {
        using var folder = new DataFolder();
        File.Copy(file, Path.Combine(folder.Path, "masterx.db"));
        using var database = new EmbeddedDatabase(folder.Path);
        await database.InitializeAsync(Token);
        return [.. (await new EmbeddedUserStore(database).ListAsync(null, null, null, 100, Token)).Select(user => user.Id)];
    }

    private static void Run(string file, string sql)
    {
        using var connection = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={file};Pooling=false");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    public void Dispose()
    {
        _folder.Dispose();
        _other.Dispose();
    }

    private static User Make(int number) => new($"usr_{number:D32}", "key_1", "test", $"{number}@example.com", DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch, 1);
}
