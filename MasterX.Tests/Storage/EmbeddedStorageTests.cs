using MasterX.Api.Audit;
using MasterX.Api.Calls;
using MasterX.Api.Projects;
using MasterX.Api.Storage;
using MasterX.Api.Storage.Embedded;
using MasterX.Api.Users;
using MasterX.Tests.Hosts;

namespace MasterX.Tests.Storage;

/// <summary>The storage contract on SQLite, and what is SQLite's own.</summary>
public sealed class EmbeddedStorageTests : StorageContract
{
    private readonly DataFolder _folder = new();
    private readonly EmbeddedDatabase _database;

    public EmbeddedStorageTests() => _database = new EmbeddedDatabase(_folder.Path);

    private protected override IDatabase Database => _database;

    private protected override IUserStore Users => new EmbeddedUserStore(_database);

    private protected override IGenerationStore Generations => new EmbeddedGenerationStore(_database);

    private protected override IKeyStore Keys => new EmbeddedKeyStore(_database);

    private protected override IProjectStore Projects => new EmbeddedProjectStore(_database);

    private protected override IAuditStore Audit => new EmbeddedAuditStore(_database);

    private protected override IBudgetAlertStore Alerts => new EmbeddedBudgetAlertStore(_database);

    private protected override ICallStore Calls => new EmbeddedCallStore(_database);

    private protected override IUsageStore Usage => new EmbeddedUsageStore(_database);

    private protected override IIdempotencyStore Records => new EmbeddedIdempotencyStore(_database);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Writes_wait_for_the_disk()
    {
        var (journal, synchronous) = await _database.ReadAsync(
            connection => ((string)Scalar(connection, "PRAGMA journal_mode"), (long)Scalar(connection, "PRAGMA synchronous")), Token);

        Assert.Equal("wal", journal);
        Assert.Equal(2, synchronous);
    }

    [Fact]
    public async Task What_is_deleted_is_overwritten()
    {
        var user = new MasterX.Api.Users.User("usr_1", "key_1", "Erika the erased", "erika@example.com", DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch, 1);
        await Users.TryAddAsync(user, Token);
        await CheckpointAsync();
        Assert.Contains(user.Name, await ReadFileAsync(), StringComparison.Ordinal);

        await Users.DeleteAsync(user.Id, null, Token);
        await CheckpointAsync();

        Assert.DoesNotContain(user.Name, await ReadFileAsync(), StringComparison.Ordinal);

        Task<object> CheckpointAsync() => _database.ReadAsync(connection => Scalar(connection, "PRAGMA wal_checkpoint(TRUNCATE)"), Token);

        async Task<string> ReadFileAsync() => System.Text.Encoding.Latin1.GetString(await File.ReadAllBytesAsync(Path.Combine(_folder.Path, "masterx.db"), Token));
    }

    [Fact]
    public async Task Of_many_writes_made_together_one_that_fails_is_undone_whole_and_spoils_no_other()
    {
        var writes = Enumerable.Range(0, 50).Select(i => _database.WriteAsync(
            connection =>
            {
                connection.Command("INSERT INTO usage (key_id, day, requests, input_tokens, output_tokens, cost) VALUES ($key, '2026-11-24', 1, 1, 1, 1)", ("$key", $"key_{i}")).Run();
                return i % 10 == 3 ? throw new InvalidOperationException("undo me") : i;
            },
            Token)).ToArray();

        var failed = 0;
        foreach (var write in writes)
        {
            failed += await Record.ExceptionAsync(() => write) is InvalidOperationException ? 1 : 0;
        }

        Assert.Equal(5, failed);
        var kept = await Usage.ListAsync(null, null, new DateOnly(2026, 11, 24), new DateOnly(2026, 11, 24), Token);
        Assert.Equal(Enumerable.Range(0, 50).Where(i => i % 10 != 3).Select(i => $"key_{i}").Order(StringComparer.Ordinal), kept.Select(usage => usage.KeyId));
    }

    [Fact]
    public async Task A_file_whose_addresses_were_unique_over_all_keys_keeps_its_users_and_allows_more()
    {
        await _database.WriteAsync(
            connection => connection.Command(
                """
                DROP TABLE audit;
                ALTER TABLE spending DROP COLUMN tags;
                ALTER TABLE usage DROP COLUMN attempts;
                ALTER TABLE usage DROP COLUMN cached_input_tokens;
                ALTER TABLE usage DROP COLUMN reasoning_tokens;
                ALTER TABLE usage DROP COLUMN estimated;
                ALTER TABLE usage DROP COLUMN unpriced;
                DROP TABLE budget_alerts;
                DROP TABLE projects;
                DROP INDEX spending_by_project;
                ALTER TABLE spending DROP COLUMN project_id;
                DROP INDEX keys_by_project;
                DROP INDEX keys_by_previous_hash;
                ALTER TABLE keys DROP COLUMN version;
                ALTER TABLE keys DROP COLUMN project_id;
                ALTER TABLE keys DROP COLUMN daily_budget;
                ALTER TABLE keys DROP COLUMN budget_warn_at;
                ALTER TABLE keys DROP COLUMN models;
                ALTER TABLE keys DROP COLUMN routes;
                ALTER TABLE keys DROP COLUMN counted;
                ALTER TABLE keys DROP COLUMN previous_hash;
                ALTER TABLE keys DROP COLUMN previous_until;
                ALTER TABLE keys DROP COLUMN rotated_by;
                DROP INDEX idempotency_by_user;
                ALTER TABLE idempotency DROP COLUMN holder;
                ALTER TABLE idempotency DROP COLUMN user_id;
                DROP TABLE probes;
                DROP TABLE users;
                CREATE TABLE users (
                    id TEXT PRIMARY KEY, name TEXT NOT NULL, email TEXT NOT NULL, email_normalized TEXT NOT NULL UNIQUE, created_at INTEGER NOT NULL,
                    key_id TEXT NOT NULL DEFAULT 'admin', name_normalized TEXT NOT NULL DEFAULT '', updated_at INTEGER NOT NULL DEFAULT 0, version INTEGER NOT NULL DEFAULT 1
                ) STRICT, WITHOUT ROWID;
                CREATE INDEX users_by_name ON users (name_normalized);
                CREATE INDEX users_by_key ON users (key_id, id DESC);
                INSERT INTO users VALUES ('usr_1', 'One', 'One@example.com', 'one@example.com', 1000, 'key_1', 'one', 2000, 7);
                PRAGMA user_version = 3;
                """).Run(),
            Token);

        await _database.InitializeAsync(Token);

        var time = DateTimeOffset.UnixEpoch;
        var kept = new User("usr_1", "key_1", "One", "One@example.com", time.AddSeconds(1), time.AddSeconds(2), 7);
        Assert.Equal(kept, await Users.FindAsync(null, "usr_1", Token));
        Assert.True(await Users.TryAddAsync(kept with { Id = "usr_2", OwnerId = "key_2" }, Token));
        Assert.False(await Users.TryAddAsync(kept with { Id = "usr_3" }, Token));
    }

    [Fact]
    public async Task A_file_of_a_newer_version_is_refused_with_what_to_do()
    {
        await _database.WriteAsync(connection => Scalar(connection, "PRAGMA user_version = 999"), Token);

        var refused = await Assert.ThrowsAsync<StorageException>(() => _database.InitializeAsync(Token));

        Assert.Contains("newer version", refused.Message, StringComparison.Ordinal);
        Assert.Contains("Embedded__Directory", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_is_no_database_is_refused_with_what_to_do()
    {
        using var folder = new DataFolder();
        await File.WriteAllTextAsync(Path.Combine(folder.Path, "masterx.db"), new string('x', 4096), Token);
        using var database = new EmbeddedDatabase(folder.Path);

        var refused = await Assert.ThrowsAsync<StorageException>(() => database.InitializeAsync(Token));

        Assert.Contains("not a database", refused.Message, StringComparison.Ordinal);
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        _database.Dispose();
        _folder.Dispose();
    }

    private static object Scalar(EmbeddedConnection connection, string sql) => connection.Command(sql).ExecuteScalar()!;
}
