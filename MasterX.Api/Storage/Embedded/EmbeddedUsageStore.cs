using System.Globalization;
using MasterX.Api.Usage;

namespace MasterX.Api.Storage.Embedded;

internal sealed class EmbeddedUsageStore(EmbeddedDatabase database) : IUsageStore
{
    public Task AddAsync(UsageRecord usage, CancellationToken cancellationToken) => database.WriteAsync(
        connection => connection.Command(
            """
            INSERT INTO usage (key_id, day, requests, input_tokens, output_tokens, cost) VALUES ($key, $day, $requests, $input, $output, $cost)
            ON CONFLICT (key_id, day) DO UPDATE SET requests = requests + $requests, input_tokens = input_tokens + $input, output_tokens = output_tokens + $output, cost = cost + $cost
            """,
            ("$key", usage.KeyId), ("$day", Text(usage.Day)), ("$requests", usage.Requests), ("$input", usage.InputTokens), ("$output", usage.OutputTokens),
            ("$cost", Picodollars.Of(usage.CostUsd))).Run(),
        cancellationToken);

    public Task<IReadOnlyList<UsageRecord>> ListAsync(string? keyId, DateOnly from, DateOnly to, CancellationToken cancellationToken) => database.ReadAsync<IReadOnlyList<UsageRecord>>(
        connection => connection.Command(
            """
            SELECT key_id, day, requests, input_tokens, output_tokens, cost FROM usage
            WHERE ($key IS NULL OR key_id = $key) AND day >= $from AND day <= $to ORDER BY day, key_id
            """,
            ("$key", keyId), ("$from", Text(from)), ("$to", Text(to))).All(row => new UsageRecord(
                row.GetString(0), DateOnly.ParseExact(row.GetString(1), "yyyy-MM-dd", CultureInfo.InvariantCulture), row.GetInt64(2), row.GetInt64(3), row.GetInt64(4), Picodollars.ToDollars(row.GetInt64(5)))),
        cancellationToken);

    private static string Text(DateOnly day) => day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
}
