using Microsoft.Data.Sqlite;

namespace MasterX.Api.Storage.Embedded;

/// <summary>Runs commands, and reads their rows.</summary>
internal static class EmbeddedCommand
{
    /// <summary>The first row, or <see langword="null"/>.</summary>
    public static T? First<T>(this SqliteCommand command, Func<SqliteDataReader, T> read)
        where T : class
    {
        using var reader = command.ExecuteReader();
        return reader.Read() ? read(reader) : null;
    }

    /// <summary>All rows.</summary>
    public static List<T> All<T>(this SqliteCommand command, Func<SqliteDataReader, T> read)
    {
        using var reader = command.ExecuteReader();
        List<T> rows = [];
        while (reader.Read())
        {
            rows.Add(read(reader));
        }

        return rows;
    }

    /// <summary>Rows changed.</summary>
    public static int Run(this SqliteCommand command) => command.ExecuteNonQuery();

    /// <summary>The whole text; <c>GetString</c> ends at a NUL character.</summary>
    public static string Text(this SqliteDataReader row, int column) => System.Text.Encoding.UTF8.GetString(row.GetFieldValue<byte[]>(column));

    public static DateTimeOffset? TimeOrNull(this SqliteDataReader row, int column) => row.IsDBNull(column) ? null : row.Time(column);

    public static DateTimeOffset Time(this SqliteDataReader row, int column) => DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(column));
}
