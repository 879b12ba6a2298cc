using System.Globalization;
using Microsoft.Data.Sqlite;

namespace MasterX.Api.Storage.Embedded;

/// <summary>Copies of a database's file, and what goes back into its place.</summary>
internal static class EmbeddedCopy
{
    /// <summary>How many copies of the times before a migration are kept.</summary>
    private const int MostKept = 2;

    private static readonly string[] LogParts = ["-wal", "-shm"];

    /// <summary>
    /// Copies a database by SQLite's online backup (<see href="https://www.sqlite.org/backup.html"/>), which sees one moment of it, whoever writes
    /// meanwhile. A file of that name is always a whole one.
    /// </summary>
    public static void Make(SqliteConnection from, string file)
    {
        var partial = file + ".partial";
        File.Delete(partial);
        EmbeddedFiles.Make(partial);
        using (var copy = Open(partial, SqliteOpenMode.ReadWrite))
        {
            from.BackupDatabase(copy);

            // One file, without a log beside it, and on the disk.
            Run(copy, "PRAGMA journal_mode = DELETE");
        }

        using (var written = File.OpenHandle(partial, FileMode.Open, FileAccess.ReadWrite))
        {
            RandomAccess.FlushToDisk(written);
        }

        File.Move(partial, file);
    }

    /// <summary>Copies a file that is about to be migrated to beside it; once, however often that is begun again.</summary>
    /// <param name="connection">To the file.</param>
    /// <param name="file">Its path.</param>
    /// <param name="version">Of its schema, as it is.</param>
    /// <param name="now">Names the copy.</param>
    /// <returns>The copy's path.</returns>
    /// <exception cref="StorageException">There is no room for it.</exception>
    public static string MakeBeforeMigration(SqliteConnection connection, string file, int version, DateTimeOffset now)
    {
        var folder = Path.GetDirectoryName(file)!;
        if (Directory.EnumerateFiles(folder, $"masterx-schema-{version}-*.db").FirstOrDefault(copy => File.GetLastWriteTimeUtc(copy) > LastWriteOf(file)) is { } made)
        {
            // Of a start that is tried again: nothing was written since.
            return made;
        }

        var (size, free) = (SizeOf(connection), new DriveInfo(folder).AvailableFreeSpace);
        if (free < size)
        {
            throw new StorageException(
                $"{file} is of an older version of the service, and is copied before it is changed; the disk has {free / 1024 / 1024} MiB left, and the copy needs {size / 1024 / 1024}. Free space, and start again. Nothing was changed.",
                new IOException(folder));
        }

        var copy = Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"masterx-schema-{version}-{now:yyyyMMddHHmmssfff}.db"));
        Make(connection, copy);
        return copy;
    }

    /// <summary>Keeps the last of such copies, once a migration is done.</summary>
    public static void DropOld(string file)
    {
        foreach (var old in Directory.EnumerateFiles(Path.GetDirectoryName(file)!, "masterx-schema-*.db").OrderByDescending(File.GetLastWriteTimeUtc).Skip(MostKept))
        {
            File.Delete(old);
        }
    }

    /// <summary>Puts a copy in the place of a database that nobody has open.</summary>
    /// <param name="copy">Left as it is.</param>
    /// <param name="file">The database's; it need not exist.</param>
    /// <param name="now">Names what is kept of the database that was there.</param>
    /// <returns>Where that is; <see langword="null"/> when there was none.</returns>
    /// <exception cref="StorageException">The copy is none, or not whole; or somebody has the database open. Nothing was changed.</exception>
    public static string? PutBack(string copy, string file, DateTimeOffset now)
    {
        if (!File.Exists(copy) || Path.GetFullPath(copy) == file)
        {
            throw new StorageException($"{copy} is no copy of a database: {(File.Exists(copy) ? "it is the database itself" : "there is no such file")}.", new FileNotFoundException(copy));
        }

        var prepared = file + ".restored";
        EmbeddedFiles.MakeFolder(file);
        File.Delete(prepared);
        try
        {
            using (var from = Open(copy, SqliteOpenMode.ReadOnly))
            {
                Check(from, copy);
                Make(from, prepared);
            }

            var replaced = new FileInfo(file) is not { Exists: true, Length: > 0 } ? null : string.Create(CultureInfo.InvariantCulture, $"{file}.replaced-{now:yyyyMMddHHmmss}");
            CloseLog(file, replaced);

            // One step: whoever looks finds the one or the other.
            File.Move(prepared, file, overwrite: true);
            return replaced;
        }
        catch (SqliteException error)
        {
            throw new StorageException($"{copy} is no copy of a database, or is damaged: {error.Message} Nothing was changed.", error);
        }
        finally
        {
            File.Delete(prepared);
        }
    }

    /// <summary>When something was written last, to the file or to the log beside it.</summary>
    private static DateTime LastWriteOf(string file)
    {
        var (whole, log) = (File.GetLastWriteTimeUtc(file), new FileInfo(file + "-wal"));
        return log is { Exists: true, Length: > 0 } && log.LastWriteTimeUtc > whole ? log.LastWriteTimeUtc : whole;
    }

    private static void Check(SqliteConnection copy, string file)
    {
        var found = Scalar(copy, "PRAGMA integrity_check(1)");
        var version = (long)Scalar(copy, "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name IN ('users', 'keys', 'generations')")! == 3 ? EmbeddedSchema.VersionOf(copy) : 0;
        if (found is not "ok" || version is < 1 || version > EmbeddedSchema.Version)
        {
            var why = found is not "ok" ? $"it is damaged ({found})" : version < 1 ? "it is no database of this service" : $"it is of a newer version of the service (schema {version}, this one knows {EmbeddedSchema.Version})";
            throw new StorageException($"{file} cannot be restored: {why}. Nothing was changed.", new InvalidDataException(file));
        }
    }

    /// <summary>Brings the log of a database that is to be replaced into its file, which SQLite does for nobody but its only user, and keeps the file.</summary>
    private static void CloseLog(string file, string? keptAs)
    {
        if (keptAs is null)
        {
            return;
        }

        try
        {
            using var old = Open(file, SqliteOpenMode.ReadWrite);
            Run(old, "PRAGMA busy_timeout = 1000");
            if (Scalar(old, "PRAGMA journal_mode = DELETE") is not "delete")
            {
                throw InUse(null);
            }
        }
        catch (SqliteException error) when (error.SqliteErrorCode is 5 or 6)
        {
            throw InUse(error);
        }
        catch (SqliteException damaged) when (damaged.SqliteErrorCode is 11 or 26)
        {
            // That is why another is put in its place: kept as it is, with its log.
            foreach (var part in LogParts.Where(part => File.Exists(file + part)))
            {
                File.Move(file + part, keptAs + part);
            }
        }

        File.Copy(file, keptAs);

        StorageException InUse(Exception? error) => new($"{file} is in use. Stop the service, and restore then. Nothing was changed.", error ?? new IOException(file));
    }

    private static long SizeOf(SqliteConnection connection) =>
        Convert.ToInt64(Scalar(connection, "PRAGMA page_count"), CultureInfo.InvariantCulture) * Convert.ToInt64(Scalar(connection, "PRAGMA page_size"), CultureInfo.InvariantCulture);

    private static SqliteConnection Open(string file, SqliteOpenMode mode)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = file, Mode = mode, Pooling = false, DefaultTimeout = 1 }.ToString());
        connection.Open();
        return connection;
    }

    private static object? Scalar(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar();
    }

    private static void Run(SqliteConnection connection, string sql) => Scalar(connection, sql);
}
