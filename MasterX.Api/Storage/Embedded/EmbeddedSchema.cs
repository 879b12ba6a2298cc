using System.Globalization;
using Microsoft.Data.Sqlite;

namespace MasterX.Api.Storage.Embedded;

/// <summary>The tables, as a list of migrations. The file's <c>user_version</c> says how many were done; a migration, once released, never changes.</summary>
internal static class EmbeddedSchema
{
    private static readonly string[] Migrations =
    [
        """
        CREATE TABLE users (
            id TEXT PRIMARY KEY,
            name TEXT NOT NULL,
            email TEXT NOT NULL,
            email_normalized TEXT NOT NULL UNIQUE,
            created_at INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE keys (
            id TEXT PRIMARY KEY,
            hash TEXT NOT NULL UNIQUE,
            name TEXT NOT NULL,
            scopes TEXT NOT NULL,
            created_at INTEGER NOT NULL,
            expires_at INTEGER
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE generations (
            id TEXT PRIMARY KEY,
            key_id TEXT NOT NULL,
            user_id TEXT,
            created_at INTEGER NOT NULL,
            document TEXT NOT NULL
        ) STRICT;

        CREATE INDEX generations_by_key ON generations (key_id, id DESC);
        """,

        """
        ALTER TABLE users ADD COLUMN key_id TEXT NOT NULL DEFAULT 'admin';
        ALTER TABLE users ADD COLUMN name_normalized TEXT NOT NULL DEFAULT '';
        ALTER TABLE users ADD COLUMN updated_at INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE users ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
        UPDATE users SET updated_at = created_at, name_normalized = lower(name);
        CREATE INDEX users_by_name ON users (name_normalized);
        CREATE INDEX users_by_key ON users (key_id, id DESC);

        ALTER TABLE keys ADD COLUMN preview TEXT NOT NULL DEFAULT 'mx_';
        ALTER TABLE keys ADD COLUMN revoked_at INTEGER;
        ALTER TABLE keys ADD COLUMN last_used_at INTEGER;
        ALTER TABLE keys ADD COLUMN requests_per_minute INTEGER;
        ALTER TABLE keys ADD COLUMN max_concurrency INTEGER;
        ALTER TABLE keys ADD COLUMN monthly_budget INTEGER;

        CREATE INDEX generations_by_user ON generations (user_id) WHERE user_id IS NOT NULL;
        CREATE INDEX generations_by_time ON generations (created_at);

        CREATE TABLE usage (
            key_id TEXT NOT NULL,
            day TEXT NOT NULL,
            requests INTEGER NOT NULL,
            input_tokens INTEGER NOT NULL,
            output_tokens INTEGER NOT NULL,
            cost INTEGER NOT NULL,
            PRIMARY KEY (key_id, day)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE idempotency (
            id TEXT PRIMARY KEY,
            request_hash TEXT NOT NULL,
            resource_id TEXT NOT NULL,
            held_until INTEGER NOT NULL,
            expires_at INTEGER NOT NULL,
            answer BLOB
        ) STRICT;

        CREATE INDEX idempotency_by_expiry ON idempotency (expires_at);
        """,

        """
        CREATE TABLE open_calls (
            id TEXT PRIMARY KEY,
            instance TEXT NOT NULL,
            document TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE spending (
            key_id TEXT NOT NULL,
            at INTEGER NOT NULL,
            call_id TEXT NOT NULL,
            attempt INTEGER NOT NULL,
            assumed INTEGER NOT NULL,
            provider TEXT NOT NULL,
            model TEXT NOT NULL,
            outcome TEXT NOT NULL,
            input_tokens INTEGER NOT NULL,
            output_tokens INTEGER NOT NULL,
            cached_input_tokens INTEGER NOT NULL,
            cache_write_tokens INTEGER NOT NULL,
            reasoning_tokens INTEGER NOT NULL,
            cost INTEGER,
            estimated INTEGER NOT NULL,
            PRIMARY KEY (key_id, at, call_id, attempt)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE budgets (
            id TEXT PRIMARY KEY,
            spent INTEGER NOT NULL,
            held INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE instances (
            id TEXT PRIMARY KEY,
            until INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        """,

        // A column's UNIQUE cannot be taken away: the table is made anew. An address is one user's for each key, so that no key learns of another's users.
        """
        CREATE TABLE users_by_project (
            id TEXT PRIMARY KEY,
            key_id TEXT NOT NULL,
            name TEXT NOT NULL,
            name_normalized TEXT NOT NULL,
            email TEXT NOT NULL,
            email_normalized TEXT NOT NULL,
            created_at INTEGER NOT NULL,
            updated_at INTEGER NOT NULL,
            version INTEGER NOT NULL,
            UNIQUE (key_id, email_normalized)
        ) STRICT, WITHOUT ROWID;

        INSERT INTO users_by_project (id, key_id, name, name_normalized, email, email_normalized, created_at, updated_at, version)
        SELECT id, key_id, name, name_normalized, email, email_normalized, created_at, updated_at, version FROM users;

        DROP TABLE users;
        ALTER TABLE users_by_project RENAME TO users;
        CREATE INDEX users_by_name ON users (name_normalized);
        CREATE INDEX users_by_email ON users (email_normalized);
        CREATE INDEX users_by_key ON users (key_id, id DESC);
        """,

        """
        ALTER TABLE idempotency ADD COLUMN holder TEXT NOT NULL DEFAULT '';
        ALTER TABLE idempotency ADD COLUMN user_id TEXT;
        CREATE INDEX idempotency_by_user ON idempotency (user_id) WHERE user_id IS NOT NULL;

        CREATE TABLE probes (
            id INTEGER PRIMARY KEY,
            mark TEXT NOT NULL,
            at INTEGER NOT NULL,
            filling BLOB NOT NULL
        ) STRICT;
        """,

        // What key_id names in users, generations and answers is from here on the owner of the data: a project, or a key that has none.
        """
        CREATE TABLE projects (
            id TEXT PRIMARY KEY,
            version INTEGER NOT NULL,
            closing INTEGER NOT NULL,
            document TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;

        ALTER TABLE keys ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
        ALTER TABLE keys ADD COLUMN project_id TEXT;
        ALTER TABLE keys ADD COLUMN daily_budget INTEGER;
        ALTER TABLE keys ADD COLUMN budget_warn_at TEXT NOT NULL DEFAULT '[]';
        ALTER TABLE keys ADD COLUMN models TEXT NOT NULL DEFAULT '[]';
        ALTER TABLE keys ADD COLUMN routes TEXT NOT NULL DEFAULT '[]';
        ALTER TABLE keys ADD COLUMN counted INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE keys ADD COLUMN previous_hash TEXT;
        ALTER TABLE keys ADD COLUMN previous_until INTEGER;
        ALTER TABLE keys ADD COLUMN rotated_by TEXT;
        UPDATE keys SET counted = 1 WHERE monthly_budget IS NOT NULL;
        CREATE UNIQUE INDEX keys_by_previous_hash ON keys (previous_hash) WHERE previous_hash IS NOT NULL;
        CREATE INDEX keys_by_project ON keys (project_id, id DESC) WHERE project_id IS NOT NULL;

        ALTER TABLE spending ADD COLUMN project_id TEXT;
        CREATE INDEX spending_by_project ON spending (project_id, at) WHERE project_id IS NOT NULL;

        CREATE TABLE budget_alerts (
            id TEXT PRIMARY KEY,
            message_id TEXT NOT NULL,
            created_at INTEGER NOT NULL,
            body TEXT NOT NULL,
            attempts INTEGER NOT NULL,
            next_at INTEGER,
            sent_by TEXT,
            sent_at INTEGER
        ) STRICT, WITHOUT ROWID;

        CREATE INDEX budget_alerts_due ON budget_alerts (next_at) WHERE next_at IS NOT NULL;
        """,

        """
        ALTER TABLE spending ADD COLUMN tags TEXT;

        ALTER TABLE usage ADD COLUMN attempts INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE usage ADD COLUMN cached_input_tokens INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE usage ADD COLUMN reasoning_tokens INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE usage ADD COLUMN estimated INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE usage ADD COLUMN unpriced INTEGER NOT NULL DEFAULT 0;
        """,

        // What the log of admins' acts says is never changed, by a mistake of this service neither.
        """
        CREATE TABLE audit (
            sequence INTEGER PRIMARY KEY,
            at INTEGER NOT NULL,
            actor_id TEXT NOT NULL,
            action TEXT NOT NULL,
            target TEXT NOT NULL,
            document TEXT NOT NULL,
            hash TEXT NOT NULL
        ) STRICT;

        CREATE INDEX audit_by_time ON audit (at);
        CREATE INDEX audit_by_target ON audit (target, sequence);
        CREATE INDEX audit_by_action ON audit (action, sequence);
        CREATE TRIGGER audit_stays BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'An entry of the log is never changed.'); END;
        """,
    ];

    /// <summary>How many migrations there are: the version that a file has with all of them done.</summary>
    public static int Version => Migrations.Length;

    /// <summary>What was done of them in a file.</summary>
    public static int VersionOf(SqliteConnection connection)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "PRAGMA user_version";
        return Convert.ToInt32(command.ExecuteScalar(), CultureInfo.InvariantCulture);
    }

    /// <exception cref="StorageException">The file is of a newer version of the service.</exception>
    public static void Migrate(SqliteConnection connection, string file)
    {
        // IMMEDIATE: of several processes that start at once, one migrates, and the others find it done.
        using var transaction = connection.BeginTransaction(deferred: false);
        using var command = connection.CreateCommand();
        command.Transaction = transaction;
        var version = VersionOf(connection);
        if (version > Migrations.Length)
        {
            throw new StorageException(
                $"{file} was written by a newer version of the service (schema {version}, this version knows {Migrations.Length}). Start that version, or set Embedded__Directory to another folder.",
                new InvalidOperationException("Schema is newer."));
        }

        for (; version < Migrations.Length; version++)
        {
            // Not by a command: of several statements, it hides the errors of those behind one that has columns, as ALTER TABLE has for what it checks.
            SqliteException.ThrowExceptionForRC(SQLitePCL.raw.sqlite3_exec(connection.Handle, Migrations[version]), connection.Handle);
        }

        command.CommandText = string.Create(CultureInfo.InvariantCulture, $"PRAGMA user_version = {version}");
        command.ExecuteNonQuery();
        transaction.Commit();
    }
}
