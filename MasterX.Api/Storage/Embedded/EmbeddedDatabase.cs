using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;

namespace MasterX.Api.Storage.Embedded;

/// <summary>
/// SQLite in a file. WAL lets reads go on beside the one writer; <c>synchronous=FULL</c> makes a commit wait for the disk,
/// so that what was acknowledged is there after the process or the machine has died.
/// SQLite works in the calling thread: a read, of microseconds, in the caller's, and writes in the writer's. Connections stay open, with the statements they have prepared.
/// </summary>
internal sealed class EmbeddedDatabase : IDatabase, IDisposable
{
    public static readonly TimeSpan DefaultBusyTimeout = TimeSpan.FromSeconds(10);

    private const int MostIdleReaders = 32;

    private readonly ConcurrentBag<EmbeddedConnection> _readers = [];
    private readonly EmbeddedWriter _writer;
    private volatile bool _disposed;
    private readonly string _connectionString;
    private readonly string _file;

    /// <param name="directory">Where the file is, or will be.</param>
    /// <param name="busyTimeout">How long another process that writes is waited for; whole seconds, 1 or more.</param>
    public EmbeddedDatabase(string directory, TimeSpan? busyTimeout = null)
    {
        _file = Path.Combine(directory, "masterx.db");
        _connectionString = new SqliteConnectionStringBuilder
        {
            DataSource = _file,
            Pooling = false,
            DefaultTimeout = Math.Max(1, (int)(busyTimeout ?? DefaultBusyTimeout).TotalSeconds),
            ForeignKeys = true,
        }.ToString();
        _writer = new EmbeddedWriter(() => new EmbeddedConnection(_connectionString), error => new StorageException(Describe(error), error));
    }

    public string Kind => "embedded";

    public Task InitializeAsync(CancellationToken cancellationToken)
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(_file)!);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new StorageException($"The data directory {Path.GetDirectoryName(_file)} cannot be made: {error.Message} Set Embedded__Directory to one that can.", error);
        }

        cancellationToken.ThrowIfCancellationRequested();
        Guarded(() =>
        {
            // On a connection of its own: neither the log's mode nor a migration can be part of another's transaction.
            using var connection = new EmbeddedConnection(_connectionString);
            connection.Command("PRAGMA journal_mode = WAL").Run();
            EmbeddedSchema.Migrate(connection.Sqlite, _file);
            return true;
        });
        return Task.CompletedTask;
    }

    /// <summary>No span: it is asked every few seconds by whoever probes.</summary>
    public Task PingAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return Task.FromResult(Read(connection => connection.Command("SELECT 1").Run()));
    }

    /// <summary>Reads, beside other readers and the writer.</summary>
    /// <exception cref="StorageException">The database cannot be read.</exception>
    public Task<T> ReadAsync<T>(Func<EmbeddedConnection, T> read, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var span = EmbeddedSpan.Begin(_file);
        try
        {
            var result = Read(read, span);
            span?.End();
            return Task.FromResult(result);
        }
        catch (Exception error) when (span is not null)
        {
            span.End(error);
            throw;
        }
    }

    /// <summary>Writes, all of it or nothing; other processes that write are waited for.</summary>
    /// <exception cref="StorageException">The database cannot be written.</exception>
    public Task<T> WriteAsync<T>(Func<EmbeddedConnection, T> write, CancellationToken cancellationToken) =>
        _writer.WriteAsync(write, EmbeddedSpan.Begin(_file), cancellationToken);

    /// <summary>Copies the database by SQLite's online backup (<see href="https://www.sqlite.org/backup.html"/>), which sees one moment of it, whoever writes meanwhile.</summary>
    /// <param name="file">Must not exist: a backup is not overwritten by the next.</param>
    /// <returns>Size of the copy, in bytes.</returns>
    /// <exception cref="StorageException">The database cannot be read, or the file not written.</exception>
    public long BackUp(string file)
    {
        if (!File.Exists(_file))
        {
            throw new StorageException($"There is no database at {_file}. Set Embedded__Directory to where it is.", new FileNotFoundException(_file));
        }

        if (File.Exists(file))
        {
            throw new StorageException($"{file} exists already. Name a new file.", new IOException(file));
        }

        // Beside it first, so that a file of that name is always a whole one.
        var partial = file + ".partial";
        File.Delete(partial);
        Read(connection =>
        {
            using var copy = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = partial, Pooling = false }.ToString());
            copy.Open();
            connection.Sqlite.BackupDatabase(copy);

            // One file, without a log beside it.
            using var command = copy.CreateCommand();
            command.CommandText = "PRAGMA journal_mode = DELETE";
            return command.ExecuteNonQuery();
        });
        File.Move(partial, file);
        return new FileInfo(file).Length;
    }

    public void Dispose()
    {
        _disposed = true;
        _writer.Dispose();
        while (_readers.TryTake(out var reader))
        {
            reader.Dispose();
        }
    }

    private T Read<T>(Func<EmbeddedConnection, T> read, EmbeddedSpan? span = null) => Guarded(() =>
    {
        var connection = _readers.TryTake(out var idle) ? idle : new EmbeddedConnection(_connectionString);
        try
        {
            connection.Span = span;
            var result = read(connection);
            connection.Span = null;
            if (!_disposed && _readers.Count < MostIdleReaders)
            {
                _readers.Add(connection);
                connection = null;
            }

            return result;
        }
        finally
        {
            connection?.Dispose();
        }
    });

    private T Guarded<T>(Func<T> work)
    {
        try
        {
            return work();
        }
        catch (SqliteException error)
        {
            throw new StorageException(Describe(error), error);
        }
    }

    /// <summary>Result codes of <see href="https://www.sqlite.org/rescode.html"/>.</summary>
    private string Describe(SqliteException error) => error.SqliteErrorCode switch
    {
        5 or 6 => $"{_file} is locked by another process for longer than it is waited for (Embedded__BusyTimeout, 10 s unless set). Find it with `fuser {_file}`.",
        8 => $"{_file} is read-only. Make the file and its directory writable for this user, or set Embedded__Directory.",
        13 => $"The disk of {_file} is full. Free space; what was acknowledged is safe.",
        14 => $"{_file} cannot be opened. Check that its directory exists and belongs to this user, or set Embedded__Directory.",
        11 or 26 => $"{_file} is not a database or is damaged. Restore a backup, or move the file away to begin anew.",
        _ => $"{_file}: {error.Message}",
    };
}
