using System.Globalization;
using MasterX.Api.Projects;
using MasterX.Api.Usage;

namespace MasterX.Api.Storage.Embedded;

/// <summary>
/// Adds up what calls have spent; of days whose records are gone there are sums. Records lie in the order of keys and times: of every key that
/// has any, or that belongs to the project asked for, which is one look for each, those of the days asked for are read.
/// </summary>
internal sealed class EmbeddedUsageStore(EmbeddedDatabase database) : IUsageStore
{
    private const long DayMs = 24 * 60 * 60 * 1000;

    private const string AllSpenders =
        """
        SELECT min(key_id) FROM spending
        UNION ALL
        SELECT (SELECT min(key_id) FROM spending WHERE key_id > spenders.id) FROM spenders WHERE spenders.id IS NOT NULL
        """;

    /// <summary>The project's keys, and whoever has come with a token: those callers are in no table, and may have been in another project before.</summary>
    private const string SpendersOfProject =
        """
        SELECT id FROM keys WHERE project_id = $project
        UNION ALL
        SELECT min(key_id) FROM spending WHERE key_id >= 'oidc:' AND key_id < 'oidc;'
        UNION ALL
        SELECT (SELECT min(key_id) FROM spending WHERE key_id > spenders.id AND key_id < 'oidc;') FROM spenders WHERE spenders.id >= 'oidc:'
        """;

    public async Task<IReadOnlyList<UsageRecord>> ListAsync(string? ownerId, string? keyId, DateOnly from, DateOnly to, CancellationToken cancellationToken) => ownerId switch
    {
        null => await ListAsync(AllSpenders, null, keyId, from, to, cancellationToken),
        _ when Project.Owns(ownerId) => await ListAsync(SpendersOfProject, ownerId, keyId, from, to, cancellationToken),
        _ => keyId is null || keyId == ownerId ? await ListAsync(AllSpenders, null, ownerId, from, to, cancellationToken) : [],
    };

    private Task<IReadOnlyList<UsageRecord>> ListAsync(string spenders, string? projectId, string? keyId, DateOnly from, DateOnly to, CancellationToken cancellationToken) => database.ReadAsync<IReadOnlyList<UsageRecord>>(
        connection => connection.Command(
            $"""
            WITH RECURSIVE spenders (id) AS ({spenders})
            SELECT key_id, day, sum(requests), sum(input_tokens), sum(output_tokens), sum(cost), sum(estimated), sum(unpriced), max(project_id) FROM (
                SELECT key_id, day, requests, input_tokens, output_tokens, cost, 0 AS estimated, 0 AS unpriced, NULL AS project_id FROM usage
                WHERE $project IS NULL AND ($key IS NULL OR key_id = $key) AND day >= $from AND day <= $to
                UNION ALL
                SELECT key_id, date(at / 1000, 'unixepoch'), attempt = 0, input_tokens, output_tokens, coalesce(cost, 0), estimated, cost IS NULL, project_id
                FROM spenders CROSS JOIN spending ON spending.key_id = spenders.id AND at >= $first AND at < $last
                WHERE ($key IS NULL OR spenders.id = $key) AND ($project IS NULL OR project_id = $project)
            ) GROUP BY key_id, day ORDER BY day, key_id
            """,
            ("$project", projectId), ("$key", keyId), ("$from", Text(from)), ("$to", Text(to)), ("$first", Ms(from)), ("$last", to == DateOnly.MaxValue ? long.MaxValue : Ms(to) + DayMs)).All(row => new UsageRecord(
                row.GetString(0), DateOnly.ParseExact(row.GetString(1), "yyyy-MM-dd", CultureInfo.InvariantCulture), row.GetInt64(2), row.GetInt64(3), row.GetInt64(4), Picodollars.ToDollars(row.GetInt64(5)),
                row.GetInt64(6), row.GetInt64(7), row.IsDBNull(8) ? null : row.GetString(8))),
        cancellationToken);

    public static string Text(DateOnly day) => day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    private static long Ms(DateOnly day) => new DateTimeOffset(day.ToDateTime(TimeOnly.MinValue), TimeSpan.Zero).ToUnixTimeMilliseconds();
}
