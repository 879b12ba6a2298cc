namespace MasterX.Api.Storage.Embedded;

/// <summary>What is done with the file as a whole: copied, replaced, made smaller.</summary>
internal sealed partial class EmbeddedDatabase
{
    /// <summary>Pages given back to the disk in one write, and of how many free ones it is not worth it.</summary>
    private const int ShrinkPages = 512, FewPages = 4096;

    private const string HowToShrink = "Raise it, or keep less (Retention__GenerationDays) and run --vacuum.";

    /// <summary>Gives room that was deleted back to the disk, a few pages at a time, where there is much of it; a file that was made before that could be done is left to <c>--vacuum</c>.</summary>
    public async Task<bool> ShrinkAsync(CancellationToken cancellationToken)
    {
        var (used, free) = await ReadAsync(SizesOf, cancellationToken);
        var isWorthIt = free > (used + free) / 4 && await ReadAsync(connection => Number(connection, "PRAGMA freelist_count") > FewPages && Number(connection, "PRAGMA auto_vacuum") == 2, cancellationToken);
        return isWorthIt && await WriteAsync(connection => connection.Command($"PRAGMA incremental_vacuum({ShrinkPages})").All(static _ => true).Count >= 0, cancellationToken);
    }

    /// <summary>Writes the file anew without the room of what was deleted. Other writers wait meanwhile, as for any write.</summary>
    /// <returns>Bytes of the file before and after.</returns>
    /// <exception cref="StorageException">It cannot be written, or another process writes for too long.</exception>
    public (long Before, long After) Vacuum()
    {
        RequireFile();
        return Guarded(() =>
        {
            using var connection = new EmbeddedConnection(_connectionString);
            connection.Command("PRAGMA wal_checkpoint(TRUNCATE)").Run();
            var before = new FileInfo(_file).Length;
            connection.Command("PRAGMA auto_vacuum = INCREMENTAL").Run();
            connection.Command("VACUUM").Run();
            connection.Command("PRAGMA wal_checkpoint(TRUNCATE)").Run();
            return (before, new FileInfo(_file).Length);
        });
    }

    /// <summary>Puts a copy in the place of the database, which nobody may have open.</summary>
    /// <returns>Where what was there before is kept; <see langword="null"/> when there was nothing.</returns>
    /// <exception cref="StorageException">It is no copy, or is not whole, or the database is in use. Nothing was changed.</exception>
    public string? Restore(string copy) => EmbeddedCopy.PutBack(copy, _file, DateTimeOffset.UtcNow);

    /// <summary>Copies the database, whoever writes meanwhile.</summary>
    /// <param name="file">Must not exist: a backup is not overwritten by the next.</param>
    /// <returns>Size of the copy, in bytes.</returns>
    /// <exception cref="StorageException">The database cannot be read, or the file not written.</exception>
    public long BackUp(string file)
    {
        RequireFile();
        if (File.Exists(file) || !Directory.Exists(Path.GetDirectoryName(file)))
        {
            throw new StorageException(File.Exists(file) ? $"{file} exists already. Name a new file." : $"There is no folder {Path.GetDirectoryName(file)}. Make it first.", new IOException(file));
        }

        return Read(connection =>
        {
            EmbeddedCopy.Make(connection.Sqlite, file);
            return new FileInfo(file).Length;
        });
    }

    private void RequireFile()
    {
        if (!File.Exists(_file))
        {
            throw new StorageException($"There is no database at {_file}. Set Embedded__Directory to where it is.", new FileNotFoundException(_file));
        }
    }

    /// <returns>Bytes that are in use, and bytes that are free, within the file.</returns>
    private static (long Used, long Free) SizesOf(EmbeddedConnection connection)
    {
        var (page, free) = (Number(connection, "PRAGMA page_size"), Number(connection, "PRAGMA freelist_count"));
        return ((Number(connection, "PRAGMA page_count") - free) * page, free * page);
    }

    private static long Number(EmbeddedConnection connection, string pragma) => (long)connection.Command(pragma).ExecuteScalar()!;
}
