using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;
using MasterX.Api.Projects;
using MasterX.Api.Usage;
using Microsoft.Data.Sqlite;

namespace MasterX.Api.Storage.Embedded;

/// <summary>
/// Adds up what calls have spent; of days whose records are gone there are sums. Records lie in the order of keys and times: of every key that
/// has any, or that belongs to the project asked for, which is one look for each, those of the time asked for are read.
/// </summary>
internal sealed class EmbeddedUsageStore(EmbeddedDatabase database) : IUsageStore
{
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

    public async Task<IReadOnlyList<UsageSum>> SumAsync(UsageQuery query, CancellationToken cancellationToken) => query.OwnerId switch
    {
        null => await SumAsync(AllSpenders, null, query.KeyId, query, cancellationToken),
        var owner when Project.Owns(owner) => await SumAsync(SpendersOfProject, owner, query.KeyId, query, cancellationToken),
        var owner => query.KeyId is null || query.KeyId == owner ? await SumAsync(AllSpenders, null, owner, query, cancellationToken) : [],
    };

    /// <summary>What it is not added up by is the same for all rows: one text serves every question.</summary>
    private Task<IReadOnlyList<UsageSum>> SumAsync(string spenders, string? projectId, string? keyId, UsageQuery query, CancellationToken cancellationToken)
    {
        return database.ReadAsync<IReadOnlyList<UsageSum>>(
            connection => connection.Command(
                $"""
                WITH RECURSIVE spenders (id) AS ({spenders})
                SELECT project, key, model, provider, tag0, tag1, tag2, slot,
                    sum(requests), sum(attempts), sum(input_tokens), sum(output_tokens), sum(cached_input_tokens), sum(reasoning_tokens), sum(cost), sum(estimated), sum(unpriced)
                FROM (
                    SELECT CASE WHEN $by_project THEN (SELECT project_id FROM keys WHERE id = key_id) END AS project, CASE WHEN $by_key THEN key_id END AS key, NULL AS model, NULL AS provider,
                        NULL AS tag0, NULL AS tag1, NULL AS tag2, CASE WHEN $by_day OR $by_hour THEN day END AS slot,
                        requests, attempts, input_tokens, output_tokens, cached_input_tokens, reasoning_tokens, cost, estimated, unpriced
                    FROM usage
                    WHERE $needs_records = 0 AND ($project IS NULL OR key_id IN (SELECT id FROM keys WHERE project_id = $project)) AND ($key IS NULL OR key_id = $key) AND day >= $from AND day <= $to
                    UNION ALL
                    SELECT CASE WHEN $by_project THEN project_id END, CASE WHEN $by_key THEN key_id END, CASE WHEN $by_model THEN model END, CASE WHEN $by_provider THEN provider END,
                        json_extract(tags, $tag0), json_extract(tags, $tag1), json_extract(tags, $tag2),
                        CASE WHEN $by_hour THEN strftime('%Y-%m-%dT%H', at / 1000, 'unixepoch') WHEN $by_day THEN date(at / 1000, 'unixepoch') END,
                        attempt = 0, 1, input_tokens, output_tokens, cached_input_tokens, reasoning_tokens, coalesce(cost, 0), estimated, cost IS NULL
                    FROM spenders CROSS JOIN spending ON spending.key_id = spenders.id AND at >= $first AND at < $last
                    WHERE ($project IS NULL OR project_id = $project) AND ($key IS NULL OR spenders.id = $key) AND ($model IS NULL OR model = $model) AND ($provider IS NULL OR provider = $provider)
                        AND ($tag IS NULL OR json_extract(tags, $tag) = $value)
                ) GROUP BY project, key, model, provider, tag0, tag1, tag2, slot ORDER BY slot, project, key, provider, model, tag0, tag1, tag2 LIMIT $limit
                """,
                ("$project", projectId), ("$key", keyId), ("$model", query.Model), ("$provider", query.Provider), ("$tag", query.Tag is { } tag ? PathOf(tag.Key) : null), ("$value", query.Tag?.Value),
                ("$needs_records", query.NeedsRecords ? 1 : 0), ("$from", Text(query.Days.First)), ("$to", Text(query.Days.Last)),
                ("$first", query.From.ToUnixTimeMilliseconds()), ("$last", query.Until.ToUnixTimeMilliseconds()), ("$limit", query.Limit),
                ("$by_project", By(UsageGroups.Project)), ("$by_key", By(UsageGroups.Key)), ("$by_model", By(UsageGroups.Model)), ("$by_provider", By(UsageGroups.Provider)),
                ("$by_day", By(UsageGroups.Day)), ("$by_hour", By(UsageGroups.Hour)), ("$tag0", Tag(0)), ("$tag1", Tag(1)), ("$tag2", Tag(2))).All(row => Read(row, query)),
            cancellationToken);

        int By(UsageGroups group) => query.Groups.HasFlag(group) ? 1 : 0;

        string? Tag(int index) => index < query.TagNames.Count ? PathOf(query.TagNames[index]) : null;
    }

    public async IAsyncEnumerable<SpendingRecord> ReadAsync(string projectId, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        SpendingRecord? last = null;
        while (await database.ReadAsync(connection => ReadSome(connection, projectId, last), cancellationToken) is { Count: > 0 } some)
        {
            foreach (var record in some)
            {
                yield return record;
            }

            last = some[^1];
        }
    }

    /// <summary>Callers who come with tokens are in no table that says whose a sum of theirs would be: their records stay.</summary>
    public Task<int> RollUpAsync(DateOnly before, int limit, CancellationToken cancellationToken) => database.WriteAsync(
        connection => connection.Command(
            $"""
            WITH RECURSIVE spenders (id) AS ({AllSpenders})
            SELECT id, (SELECT min(at) FROM spending WHERE key_id = spenders.id) AS begun FROM spenders WHERE id IS NOT NULL AND (id < 'oidc:' OR id >= 'oidc;') AND begun < $before LIMIT 1
            """,
            ("$before", UsageQuery.OfDays(before, before).From.ToUnixTimeMilliseconds())).First(row => Tuple.Create(row.GetString(0), DateOnly.FromDateTime(row.Time(1).UtcDateTime))) is var (keyId, day)
            ? RollUp(connection, keyId, day, limit)
            : 0,
        cancellationToken);

    public static string Text(DateOnly day) => day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    /// <summary>Of a tag in the JSON object of them; its name has neither quotes nor backslashes.</summary>
    private static string PathOf(string tagName) => $"$.\"{tagName}\"";

    /// <summary>Adds up records of a day of a key, and removes them: one write.</summary>
    private static int RollUp(EmbeddedConnection connection, string keyId, DateOnly day, int limit)
    {
        var (from, until) = (UsageQuery.OfDays(day, day).From.ToUnixTimeMilliseconds(), UsageQuery.OfDays(day, day).Until.ToUnixTimeMilliseconds());
        connection.Command(
            """
            INSERT INTO usage (key_id, day, requests, attempts, input_tokens, output_tokens, cached_input_tokens, reasoning_tokens, cost, estimated, unpriced)
            SELECT key_id, $day, sum(attempt = 0), count(*), sum(input_tokens), sum(output_tokens), sum(cached_input_tokens), sum(reasoning_tokens), sum(coalesce(cost, 0)), sum(estimated), sum(cost IS NULL)
            FROM (SELECT * FROM spending WHERE key_id = $key AND at >= $from AND at < $until ORDER BY at, call_id, attempt LIMIT $limit) WHERE true GROUP BY key_id
            ON CONFLICT (key_id, day) DO UPDATE SET requests = requests + excluded.requests, attempts = attempts + excluded.attempts, input_tokens = input_tokens + excluded.input_tokens,
                output_tokens = output_tokens + excluded.output_tokens, cached_input_tokens = cached_input_tokens + excluded.cached_input_tokens,
                reasoning_tokens = reasoning_tokens + excluded.reasoning_tokens, cost = cost + excluded.cost, estimated = estimated + excluded.estimated, unpriced = unpriced + excluded.unpriced
            """,
            ("$key", keyId), ("$day", Text(day)), ("$from", from), ("$until", until), ("$limit", limit)).Run();
        return connection.Command(
            """
            DELETE FROM spending WHERE (key_id, at, call_id, attempt) IN
                (SELECT key_id, at, call_id, attempt FROM spending WHERE key_id = $key AND at >= $from AND at < $until ORDER BY at, call_id, attempt LIMIT $limit)
            """,
            ("$key", keyId), ("$from", from), ("$until", until), ("$limit", limit)).Run();
    }

    private static List<SpendingRecord> ReadSome(EmbeddedConnection connection, string projectId, SpendingRecord? last) => connection.Command(
        """
        SELECT call_id, key_id, at, attempt, provider, model, outcome, input_tokens, output_tokens, cached_input_tokens, cache_write_tokens, reasoning_tokens, cost, estimated, tags FROM spending
        WHERE project_id = $project AND (at, key_id, call_id, attempt) > ($at, $key, $call, $attempt) ORDER BY at, key_id, call_id, attempt LIMIT $limit
        """,
        ("$project", projectId), ("$at", last?.At.ToUnixTimeMilliseconds() ?? long.MinValue), ("$key", last?.KeyId ?? ""), ("$call", last?.CallId ?? ""), ("$attempt", last?.Attempt ?? -1), ("$limit", Retention.Step))
        .All(row => new SpendingRecord(
            row.GetString(0), row.GetString(1), row.Time(2), row.GetInt32(3),
            new(
                row.Text(4), row.Text(5), row.Text(6), row.GetInt64(7), row.GetInt64(8), row.GetInt64(9), row.GetInt64(10), row.GetInt64(11),
                row.IsDBNull(12) ? null : Picodollars.ToDollars(row.GetInt64(12)), row.GetInt64(13) != 0),
            row.IsDBNull(14) ? null : JsonSerializer.Deserialize<SortedDictionary<string, string>>(row.Text(14))));

    private static UsageSum Read(SqliteDataReader row, UsageQuery query)
    {
        var slot = TextOrNull(7);
        return new()
        {
            ProjectId = TextOrNull(0),
            KeyId = TextOrNull(1),
            Model = TextOrNull(2),
            Provider = TextOrNull(3),
            Tags = [.. query.TagNames.Select((_, i) => TextOrNull(4 + i))],
            Day = slot is null ? null : DateOnly.ParseExact(slot.AsSpan(0, 10), "yyyy-MM-dd", CultureInfo.InvariantCulture),
            Hour = slot is { Length: > 11 } ? int.Parse(slot.AsSpan(11), CultureInfo.InvariantCulture) : null,
            Requests = row.GetInt64(8),
            Attempts = row.GetInt64(9),
            InputTokens = row.GetInt64(10),
            OutputTokens = row.GetInt64(11),
            CachedInputTokens = row.GetInt64(12),
            ReasoningTokens = row.GetInt64(13),
            CostUsd = Picodollars.ToDollars(row.GetInt64(14)),
            Estimated = row.GetInt64(15),
            Unpriced = row.GetInt64(16),
        };

        string? TextOrNull(int column) => row.IsDBNull(column) ? null : row.Text(column);
    }
}
