using System.Diagnostics;
using System.Globalization;
using Microsoft.Data.Sqlite;

namespace MasterX.Api.Storage.Embedded;

/// <summary>
/// A call of the embedded database as a span of OpenTelemetry's conventions
/// (<see href="https://opentelemetry.io/docs/specs/semconv/database/database-spans/"/>):
/// from the asking to the answer, as whoever waits for it sees it, the wait for the writer and for the disk included. Its name is what its
/// statements do, such as
/// <c>INSERT users</c>; neither their text nor a value is in it.
/// </summary>
internal sealed class EmbeddedSpan
{
    private static readonly ActivitySource Source = new("MasterX.Storage");

    private readonly Activity _activity;
    private readonly List<(string Operation, string Collection)> _statements = [];

    private EmbeddedSpan(Activity activity) => _activity = activity;

    /// <summary>Begins a span within the one under way, which stays the one under way: a write ends on another thread.</summary>
    /// <param name="file">The database's.</param>
    /// <returns><see langword="null"/> when nobody listens, or the request is not sampled.</returns>
    public static EmbeddedSpan? Begin(string file)
    {
        if (!Source.HasListeners())
        {
            return null;
        }

        var request = Activity.Current;
        var activity = Source.StartActivity(
            "sqlite", ActivityKind.Client, default(ActivityContext),
            [new("db.system.name", "sqlite"), new("db.namespace", Path.GetFileName(file))]);
        Activity.Current = request;
        return activity is { IsAllDataRequested: true } ? new(activity) : null;
    }

    /// <summary>Notes a statement. Those that concern no table (transactions, pragmas) are none of the caller's.</summary>
    /// <param name="sql">One of the fixed texts of the stores.</param>
    public void Add(string sql)
    {
        var words = sql.Split((char[]?)null, 6, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var collection = words switch
        {
            ["SELECT", ..] => WordBehind(sql, " FROM "),
            ["INSERT", ..] => WordBehind(sql, " INTO "),
            ["DELETE", "FROM", var table, ..] => table,
            ["UPDATE", var table, ..] => table,
            _ => null,
        };
        if (collection is not null)
        {
            _statements.Add((words[0], collection));
        }
    }

    /// <param name="error">Why it failed, if it did.</param>
    public void End(Exception? error = null)
    {
        Describe();
        if (error is not null)
        {
            var sqlite = error as SqliteException ?? error.InnerException as SqliteException;
            var code = sqlite?.SqliteErrorCode.ToString(CultureInfo.InvariantCulture);
            _activity.SetTag("db.response.status_code", code);
            _activity.SetTag("error.type", code ?? error.GetType().FullName);
            _activity.SetStatus(ActivityStatusCode.Error);
        }

        // Ending it would make the request's the one under way, on the writer's thread.
        var current = Activity.Current;
        _activity.Stop();
        Activity.Current = current;
    }

    private void Describe()
    {
        var kinds = _statements.Distinct().ToList();
        if (kinds.Count == 0)
        {
            return;
        }

        var batch = kinds.Count == 1 && _statements.Count > 1;
        var summary = (batch ? "BATCH " : "") + string.Join(' ', kinds.Select(kind => $"{kind.Operation} {kind.Collection}"));
        _activity.DisplayName = summary;
        _activity.SetTag("db.query.summary", summary);
        if (kinds is [var only])
        {
            _activity.SetTag("db.operation.name", batch ? $"BATCH {only.Operation}" : only.Operation);
            _activity.SetTag("db.collection.name", only.Collection);
        }

        if (batch)
        {
            _activity.SetTag("db.operation.batch.size", _statements.Count);
        }
    }

    private static string? WordBehind(string sql, string keyword)
    {
        var at = sql.IndexOf(keyword, StringComparison.Ordinal);
        return at < 0
            ? null
            : sql[(at + keyword.Length)..].Split([' ', '\n', '(', ')'], 2, StringSplitOptions.RemoveEmptyEntries).FirstOrDefault();
    }
}
