using System.Collections.Concurrent;
using System.Globalization;
using Microsoft.Data.Sqlite;

namespace MasterX.Api.Storage.Embedded;

/// <summary>
/// SQLite in a file. A log before it (WAL) lets reads go on beside the one writer; what is acknowledged is on the disk, and there after the process or the
/// machine has died, unless whoever writes asks for less (<see cref="WritePace"/>).
/// SQLite works in the calling thread: a read, of microseconds, in the caller's, and writes in the writer's. Connections stay open, with the statements they have prepared.
/// </summary>
internal sealed partial class EmbeddedDatabase : IDatabase, IDisposable
{
    public static readonly TimeSpan DefaultBusyTimeout = TimeSpan.FromSeconds(10);

    public const int DefaultLeastFreeMegabytes = 256;

    private const int MostIdleReaders = 32;

    /// <summary>What a probe writes: as much as a small answer, so that a disk with room for a few bytes alone is found full.</summary>
    private const int ProbeBytes = 32 * 1024;

    /// <summary>Share of <see cref="_mostBytes"/> from which it is told of.</summary>
    private const double NearlyFull = 0.9;

    /// <summary>What a disk has at least that is not full.</summary>
    private const long FewBytes = 1024 * 1024;

    private const long DayMs = 24 * 60 * 60 * 1000;

    /// <summary>How long those that read are waited for when the database is closed.</summary>
    private static readonly TimeSpan ReadersPatience = TimeSpan.FromSeconds(10);

    private readonly ConcurrentBag<EmbeddedConnection> _readers = [];

    /// <summary>Work under way, and one for the database being open.</summary>
    private readonly CountdownEvent _underWay = new(1);
    private readonly EmbeddedWriter _writer;
    private volatile bool _isAnother;
    private int _isClosed;
    private readonly string _connectionString;
    private readonly string _file;
    private readonly long _leastFreeBytes, _mostBytes;
    private readonly ILogger _logger;
    private readonly int _probe = Random.Shared.Next(1, int.MaxValue);

    /// <param name="directory">Where the file is, or will be.</param>
    /// <param name="busyTimeout">How long another process that writes is waited for; whole seconds, 1 or more.</param>
    /// <param name="leastFreeMegabytes">Of the disk, below which it is told of.</param>
    /// <param name="mostMegabytes">That the file may have; 0 for as many as the disk has.</param>
    /// <param name="logger">Told what was done with the file.</param>
    public EmbeddedDatabase(string directory, TimeSpan? busyTimeout = null, int leastFreeMegabytes = DefaultLeastFreeMegabytes, int mostMegabytes = 0, ILogger<EmbeddedDatabase>? logger = null)
    {
        _file = Path.Combine(directory, "masterx.db");
        _leastFreeBytes = leastFreeMegabytes * 1024L * 1024;
        _mostBytes = mostMegabytes * 1024L * 1024;
        _logger = logger ?? Microsoft.Extensions.Logging.Abstractions.NullLogger<EmbeddedDatabase>.Instance;
        _connectionString = new SqliteConnectionStringBuilder
        {
            DataSource = _file,

            // The file is made once, at the start: one that is made anew in the place of one that was removed would be empty.
            Mode = SqliteOpenMode.ReadWrite,
            Pooling = false,
            DefaultTimeout = Math.Max(1, (int)(busyTimeout ?? DefaultBusyTimeout).TotalSeconds),
            ForeignKeys = true,
        }.ToString();
        _writer = new EmbeddedWriter(OpenWriter, EnsureFile, FlushLog, Describe);
        OpenCalls = new OpenCalls(directory);
    }

    public string Kind => "embedded";

    /// <summary>Its path.</summary>
    public string FileName => _file;

    /// <summary>Calls under way, as far as they are kept beside the database.</summary>
    public OpenCalls OpenCalls { get; }

    public Task InitializeAsync(CancellationToken cancellationToken)
    {
        try
        {
            EmbeddedFiles.Make(_file);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new StorageException($"The data directory {Path.GetDirectoryName(_file)} cannot be used: {error.Message} Make it writable for this user, or set Embedded__Directory to another.", error);
        }

        cancellationToken.ThrowIfCancellationRequested();
        Guarded(() =>
        {
            // On a connection of its own: neither the log's mode nor a migration can be part of another's transaction.
            using var connection = new EmbeddedConnection(_connectionString);

            // In force for a file without tables: what is deleted can be given back in small steps then.
            connection.Command("PRAGMA auto_vacuum = INCREMENTAL").Run();
            if (connection.Command("PRAGMA journal_mode = WAL").ExecuteScalar() is not "wal")
            {
                throw new StorageException($"The file system of {_file} cannot share memory between processes, which SQLite's log needs. Set Embedded__Directory to a local disk.", new NotSupportedException("WAL"));
            }

            if (EmbeddedSchema.VersionOf(connection.Sqlite) is > 0 and var version && version < EmbeddedSchema.Version)
            {
                LogCopied(_logger, _file, version, EmbeddedSchema.Version, EmbeddedCopy.MakeBeforeMigration(connection.Sqlite, _file, version, DateTimeOffset.UtcNow));
            }

            EmbeddedSchema.Migrate(connection.Sqlite, _file);
            EmbeddedCopy.DropOld(_file);
            return true;
        });
        return Task.CompletedTask;
    }

    /// <summary>No span: it is asked every few seconds by whoever probes.</summary>
    public Task PingAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        EnsureFile();
        return Task.FromResult(Read(connection => connection.Command("SELECT 1").Run()));
    }

    /// <summary>
    /// Writes as every write does, and looks for it by the file's name then: a connection goes on with a file that was removed or replaced, and
    /// what it writes is gone with the process.
    /// </summary>
    public async Task<string?> ProbeAsync(CancellationToken cancellationToken)
    {
        var mark = Guid.NewGuid().ToString("N");
        var now = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        await _writer.WriteAsync(
            connection =>
            {
                // Of processes that share the file each has its own; those of a day ago are no more.
                connection.Command("DELETE FROM probes WHERE at < $old", ("$old", now - DayMs)).Run();
                return connection.Command(
                    "INSERT INTO probes (id, mark, at, filling) VALUES ($id, $mark, $now, randomblob($bytes)) ON CONFLICT (id) DO UPDATE SET mark = $mark, at = $now, filling = excluded.filling",
                    ("$id", _probe), ("$mark", mark), ("$now", now), ("$bytes", ProbeBytes)).Run();
            },
            WritePace.OnDisk, span: null, cancellationToken);
        if (EmbeddedFiles.IsOpenWithoutName(_file) || Guarded(ReadMark) != mark)
        {
            _isAnother = true;
        }

        EnsureFile();
        var free = new DriveInfo(Path.GetDirectoryName(_file)!).AvailableFreeSpace;
        if (free < _leastFreeBytes)
        {
            return string.Create(CultureInfo.InvariantCulture, $"the disk of {_file} has {free / 1024 / 1024} MiB left, less than Embedded__LeastFreeMegabytes ({_leastFreeBytes / 1024 / 1024}). Free space.");
        }

        // Pages that are free are used again before the file grows.
        var (used, _) = await ReadAsync(SizesOf, cancellationToken);
        return _mostBytes > 0 && used > _mostBytes * NearlyFull
            ? string.Create(CultureInfo.InvariantCulture, $"{_file} has {used / 1024 / 1024} MiB of the {_mostBytes / 1024 / 1024} that Embedded__MostMegabytes allows. {HowToShrink}")
            : null;
    }

    /// <summary>What whoever opens the file by its name finds in it; never more than read, as it may be another one.</summary>
    private string? ReadMark()
    {
        using var connection = new SqliteConnection(new SqliteConnectionStringBuilder(_connectionString) { Mode = SqliteOpenMode.ReadOnly }.ToString());
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT mark FROM probes WHERE id = $id";
        command.Parameters.AddWithValue("$id", _probe);
        try
        {
            return command.ExecuteScalar() as string;
        }
        catch (SqliteException other) when (other.SqliteErrorCode is 1 or 26)
        {
            // No such table, or no database.
            return null;
        }
    }

    /// <summary>Nothing is acknowledged that is written to a file that is not there any more.</summary>
    /// <exception cref="StorageException">It was removed, or another is in its place.</exception>
    private void EnsureFile()
    {
        // Never forgotten again: the log beside the file belongs to the old one, and would spoil whatever is put in its place.
        _isAnother |= !File.Exists(_file);
        if (_isAnother)
        {
            throw new StorageException(
                $"{_file} was removed or replaced while it was in use: what is written would be lost. Stop the service, put a backup in its place if there is none, and start it again.",
                new FileNotFoundException("The database file is another.", _file));
        }
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
    public Task<T> WriteAsync<T>(Func<EmbeddedConnection, T> write, CancellationToken cancellationToken) => WriteAsync(write, WritePace.OnDisk, cancellationToken);

    /// <inheritdoc cref="WriteAsync{T}(Func{EmbeddedConnection, T}, CancellationToken)"/>
    public Task<T> WriteAsync<T>(Func<EmbeddedConnection, T> write, WritePace pace, CancellationToken cancellationToken) =>
        _writer.WriteAsync(write, pace, EmbeddedSpan.Begin(_file), cancellationToken);

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _isClosed, 1) == 1)
        {
            // Whoever owns it by another of its types has closed it.
            return;
        }

        _writer.Dispose();
        OpenCalls.Dispose();

        // None is closed that somebody reads by, and none is left open behind this.
        if (!_underWay.Signal())
        {
            _underWay.Wait(ReadersPatience);
        }

        while (_readers.TryTake(out var reader))
        {
            reader.Dispose();
        }
    }

    private EmbeddedConnection OpenWriter()
    {
        // A file that was removed is not made again, and none that was put in its place is opened.
        EnsureFile();
        var connection = new EmbeddedConnection(_connectionString, isFlushedByItself: false);

        // Each time the log is brought into the file, the disk is waited for twice: that is done for 32 MiB of it, not for 4.
        connection.Command("PRAGMA wal_autocheckpoint = 8192").ExecuteScalar();
        if (_mostBytes > 0)
        {
            // Kept by the connection, not by the file; one that is larger already grows no more.
            connection.Command(string.Create(CultureInfo.InvariantCulture, $"PRAGMA max_page_count = {_mostBytes / Number(connection, "PRAGMA page_size")}")).ExecuteScalar();
        }

        return connection;
    }

    private T Read<T>(Func<EmbeddedConnection, T> read, EmbeddedSpan? span = null) => Guarded(() =>
    {
        var connection = _readers.TryTake(out var idle) ? idle : new EmbeddedConnection(_connectionString);
        try
        {
            connection.Span = span;
            var result = read(connection);
            connection.Span = null;
            if (_readers.Count < MostIdleReaders)
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
        if (!_underWay.TryAddCount())
        {
            throw new StorageException("The database was closed: the service has stopped.", new ObjectDisposedException(nameof(EmbeddedDatabase)));
        }

        try
        {
            return work();
        }
        catch (SqliteException error)
        {
            throw Describe(error);
        }
        finally
        {
            _underWay.Signal();
        }
    }

    /// <summary>
    /// What SQLite does after each commit with <c>synchronous=FULL</c>. The log has this name as long as a connection is open; whoever closes the last one has brought it into the file,
    /// and waited for the disk, before it is removed.
    /// </summary>
    private void FlushLog()
    {
        try
        {
            using var log = File.OpenHandle(_file + "-wal", FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
            RandomAccess.FlushToDisk(log);
        }
        catch (FileNotFoundException) when (File.Exists(_file))
        {
            // It is on the disk already.
        }
    }

    private Exception Describe(Exception error) => error switch
    {
        SqliteException refused => new StorageException(Advise(refused), refused),
        IOException or UnauthorizedAccessException => new StorageException($"{_file}: {error.Message}", error),
        _ => error,
    };

    /// <summary>Result codes of <see href="https://www.sqlite.org/rescode.html"/>.</summary>
    private string Advise(SqliteException error) => error.SqliteErrorCode switch
    {
        5 or 6 => $"{_file} is locked by another process for longer than it is waited for (Embedded__BusyTimeout, 10 s unless set). Find it with `fuser {_file}`.",
        8 => $"{_file} is read-only. Make the file and its directory writable for this user, or set Embedded__Directory.",
        13 when _mostBytes > 0 && new DriveInfo(Path.GetDirectoryName(_file)!).AvailableFreeSpace > FewBytes =>
            $"{_file} is as large as Embedded__MostMegabytes ({_mostBytes / 1024 / 1024}) allows. {HowToShrink} What was acknowledged is safe.",
        13 => $"The disk of {_file} is full. Free space; what was acknowledged is safe.",
        14 => $"{_file} cannot be opened. Check that its directory exists and belongs to this user, or set Embedded__Directory.",
        11 or 26 => $"{_file} is not a database or is damaged. Restore a backup, or move the file away to begin anew.",
        _ => $"{_file}: {error.Message}",
    };

    [LoggerMessage(48, LogLevel.Information, "{File} is of schema {Version}, and is brought to {Newest}. What it was before is kept in {Copy}")]
    private static partial void LogCopied(ILogger logger, string file, int version, int newest, string copy);
}
