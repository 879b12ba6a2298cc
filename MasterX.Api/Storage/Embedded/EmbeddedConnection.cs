using Microsoft.Data.Sqlite;

namespace MasterX.Api.Storage.Embedded;

/// <summary>
/// An open connection that remembers the statements it has prepared: preparing one takes SQLite longer than running it. Statements have parameters, and nothing else: no text of a caller
/// ever becomes part of SQL. One thread at a time uses it, and a statement has ended before the next begins.
/// </summary>
internal sealed class EmbeddedConnection : IDisposable
{
    private readonly Dictionary<string, SqliteCommand> _prepared = new(StringComparer.Ordinal);

    /// <param name="connectionString">To the file.</param>
    /// <param name="isFlushedByItself">Whether a commit waits for the disk; else whoever commits sees to it.</param>
    public EmbeddedConnection(string connectionString, bool isFlushedByItself = true)
    {
        Sqlite = new SqliteConnection(connectionString);
        try
        {
            Sqlite.Open();
            Command(isFlushedByItself ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL").Run();

            // What is deleted is overwritten, as those expect who have something erased.
            Command("PRAGMA secure_delete = ON").Run();
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public SqliteConnection Sqlite { get; }

    /// <summary>Whether a transaction is open; some errors end it by themselves.</summary>
    public bool IsInTransaction => SQLitePCL.raw.sqlite3_get_autocommit(Sqlite.Handle) == 0;

    /// <summary>Of the call under way, where it is traced.</summary>
    public EmbeddedSpan? Span { private get; set; }

    /// <param name="sql">One of a fixed number of texts.</param>
    /// <param name="parameters">Always the same names for the same text.</param>
    public SqliteCommand Command(string sql, params ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        Span?.Add(sql);
        if (!_prepared.TryGetValue(sql, out var command))
        {
            _prepared[sql] = command = Sqlite.CreateCommand();
            command.CommandText = sql;
            foreach (var (name, _) in parameters)
            {
                command.Parameters.Add(new SqliteParameter { ParameterName = name });
            }
        }

        for (var i = 0; i < parameters.Length; i++)
        {
            command.Parameters[i].Value = parameters[i].Value ?? DBNull.Value;
        }

        return command;
    }

    public void Dispose()
    {
        foreach (var command in _prepared.Values)
        {
            command.Dispose();
        }

        Sqlite.Dispose();
    }
}
