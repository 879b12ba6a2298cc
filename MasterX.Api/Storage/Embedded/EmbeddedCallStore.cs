using System.Text.Json;
using MasterX.Api.Calls;
using MasterX.Api.Projects;
using MasterX.Api.Usage;

namespace MasterX.Api.Storage.Embedded;

/// <summary>
/// A call, what it has spent, what was generated and the budgets it is paid from are written in one transaction. A call is kept while it is
/// open, in a file beside the database where it holds nothing in a budget (<see cref="OpenCalls"/>); what stays of it is what it has spent, in
/// the order of keys and times in which it is added up.
/// </summary>
internal sealed class EmbeddedCallStore(EmbeddedDatabase database) : ICallStore
{
    public async Task<IReadOnlyList<Opening>> OpenAsync(IReadOnlyList<Call> calls, CancellationToken cancellationToken)
    {
        // With no budget that changes, there is nothing to be one transaction with.
        var written = calls.Select(call => call.HoldsNothing && database.OpenCalls.TryAdd(call)).ToArray();
        if (Array.TrueForAll(written, isWritten => isWritten))
        {
            return [.. calls.Select(_ => new Opening(true, null))];
        }

        return await database.WriteAsync<IReadOnlyList<Opening>>(
            connection => [.. calls.Select((call, i) => written[i] ? new Opening(true, null) : Open(connection, call))], WritePace.Written, cancellationToken);
    }

    public async Task SettleAsync(IReadOnlyList<Settlement> settlements, CancellationToken cancellationToken)
    {
        await database.WriteAsync(
            connection =>
            {
                // What calls have spent that have held nothing, by budget: one write for all of them.
                var more = new Dictionary<string, long>(StringComparer.Ordinal);
                foreach (var settlement in settlements)
                {
                    Settle(connection, settlement, database.OpenCalls.Contains(settlement.Call.Id), more);
                }

                foreach (var (budgetId, cost) in more)
                {
                    Spend(connection, budgetId, cost);
                }

                return true;
            },
            cancellationToken);
        foreach (var settlement in settlements)
        {
            database.OpenCalls.Remove(settlement.Call.Id);
        }
    }

    public async Task<IReadOnlyList<Call>> ListOrphansAsync(DateTimeOffset now, int limit, CancellationToken cancellationToken)
    {
        var (rows, alive) = await database.ReadAsync(
            connection => (
                connection.Command(
                    "SELECT document FROM open_calls WHERE NOT EXISTS (SELECT 1 FROM instances WHERE instances.id = open_calls.instance AND instances.until > $now) ORDER BY id LIMIT $limit",
                    ("$now", now.ToUnixTimeMilliseconds()), ("$limit", limit)).All(row => JsonSerializer.Deserialize(row.GetString(0), CallJson.Default.Call)!),
                connection.Command("SELECT id FROM instances WHERE until > $now", ("$now", now.ToUnixTimeMilliseconds())).All(row => row.GetString(0))),
            cancellationToken);
        return [.. rows.Concat(database.OpenCalls.List().Where(call => !alive.Contains(call.Instance))).OrderBy(call => call.Id, StringComparer.Ordinal).Take(limit)];
    }

    public Task KeepAliveAsync(string instance, DateTimeOffset until, CancellationToken cancellationToken) => database.WriteAsync(
        connection =>
        {
            // Those that died a day ago have nothing open any more.
            connection.Command("DELETE FROM instances WHERE until < $old", ("$old", until.AddDays(-1).ToUnixTimeMilliseconds())).Run();
            return connection.Command(
                "INSERT INTO instances (id, until) VALUES ($id, $until) ON CONFLICT (id) DO UPDATE SET until = $until", ("$id", instance), ("$until", until.ToUnixTimeMilliseconds())).Run();
        },
        cancellationToken);

    /// <summary>Nothing is ever half written here.</summary>
    public Task<int> RepairAsync(DateTimeOffset before, CancellationToken cancellationToken) => Task.FromResult(0);

    public Task<(decimal Spent, decimal Held)> ReadBudgetAsync(string budgetId, CancellationToken cancellationToken) => database.ReadAsync(
        connection => connection.Command("SELECT spent, held FROM budgets WHERE id = $id", ("$id", budgetId)).First(row => (object)(row.GetInt64(0), row.GetInt64(1))) is (long spent, long held)
            ? (Picodollars.ToDollars(spent), Picodollars.ToDollars(held))
            : (Picodollars.ToDollars(SpentBefore(connection, budgetId)), 0),
        cancellationToken);

    public Task<int> DeleteBudgetsAsync(DateOnly month, CancellationToken cancellationToken) => database.WriteAsync(
        connection => connection.Command("DELETE FROM budgets WHERE held = 0 AND id LIKE $name", ("$name", $"%/{BudgetPeriod.Of(month)}%")).Run(), cancellationToken);

    private static Opening Open(EmbeddedConnection connection, Call call)
    {
        long? left = null;
        for (var i = 0; i < call.Reserved.Count; i++)
        {
            var reservation = call.Reserved[i];
            if (TryHold(connection, reservation) is { } used)
            {
                left = Math.Min(left ?? long.MaxValue, Picodollars.Of(reservation.LimitUsd) - used);
                continue;
            }

            // All of them or none.
            foreach (var held in call.Reserved.Take(i))
            {
                Free(connection, held, 0);
            }

            var taken = connection.Command("SELECT spent + held FROM budgets WHERE id = $id", ("$id", reservation.BudgetId)).ExecuteScalar() as long? ?? 0;
            return new(false, Picodollars.ToDollars(Picodollars.Of(reservation.LimitUsd) - taken), reservation.BudgetId);
        }

        connection.Command(
            "INSERT INTO open_calls (id, instance, document) VALUES ($id, $instance, $document)",
            ("$id", call.Id), ("$instance", call.Instance), ("$document", JsonSerializer.Serialize(call, CallJson.Default.Call))).Run();
        return new(true, left is { } rest ? Picodollars.ToDollars(rest) : null);
    }

    /// <returns>What is spent and held then; <see langword="null"/> when the budget does not allow it.</returns>
    private static long? TryHold(EmbeddedConnection connection, Reservation reservation)
    {
        if (Hold() is { } used)
        {
            return used;
        }

        // The first of its period, or one that is not allowed.
        return Begin(connection, reservation.BudgetId) ? Hold() : null;

        long? Hold() => connection.Command(
            """
            UPDATE budgets SET held = held + $amount WHERE id = $id AND (spent + held + $amount <= $limit OR ($bound = 0 AND held = 0 AND spent < $limit))
            RETURNING spent + held
            """,
            ("$id", reservation.BudgetId), ("$amount", Picodollars.Of(reservation.CostUsd)), ("$limit", Picodollars.Of(reservation.LimitUsd)), ("$bound", reservation.IsBound ? 1 : 0)).ExecuteScalar() as long?;
    }

    /// <returns>Whether it was not there.</returns>
    private static bool Begin(EmbeddedConnection connection, string budgetId) => connection.Command(
        "INSERT INTO budgets (id, spent, held) VALUES ($id, $spent, 0) ON CONFLICT DO NOTHING", ("$id", budgetId), ("$spent", SpentBefore(connection, budgetId))).Run() == 1;

    /// <summary>What the key, or the project's keys, have spent in the period without a budget.</summary>
    private static long SpentBefore(EmbeddedConnection connection, string budgetId)
    {
        var (ownerId, _, from, until) = BudgetPeriod.Parse(budgetId);
        if (Project.Owns(ownerId))
        {
            return (long)connection.Command(
                "SELECT coalesce(sum(cost), 0) FROM spending WHERE project_id = $project AND at >= $from AND at < $until",
                ("$project", ownerId), ("$from", from.ToUnixTimeMilliseconds()), ("$until", until.ToUnixTimeMilliseconds())).ExecuteScalar()!;
        }

        return (long)connection.Command(
            """
            SELECT (SELECT coalesce(sum(cost), 0) FROM spending WHERE key_id = $key AND at >= $from AND at < $until)
                + (SELECT coalesce(sum(cost), 0) FROM usage WHERE key_id = $key AND day >= $first AND day < $next)
            """,
            ("$key", ownerId), ("$from", from.ToUnixTimeMilliseconds()), ("$until", until.ToUnixTimeMilliseconds()),
            ("$first", EmbeddedUsageStore.Text(DateOnly.FromDateTime(from.UtcDateTime))), ("$next", EmbeddedUsageStore.Text(DateOnly.FromDateTime(until.UtcDateTime)))).ExecuteScalar()!;
    }

    private static void Settle(EmbeddedConnection connection, Settlement settlement, bool isInFile, Dictionary<string, long> more)
    {
        if (settlement.Generation is { } generation)
        {
            // Whoever erases a user or a project writes before this, and it is seen here, or after it, and finds what is written.
            if (!connection.IsErased(generation.UserId) && !connection.IsProjectGone(generation.OwnerId))
            {
                EmbeddedGenerationStore.Add(connection, generation);
            }
            else if (settlement.KeepsOfErased)
            {
                EmbeddedGenerationStore.Add(connection, generation.Anonymized());
            }
        }

        var call = settlement.Call;
        var (wasOpen, assumed) = (!isInFile && connection.Command("DELETE FROM open_calls WHERE id = $id", ("$id", call.Id)).Run() == 1, 0L);
        var added = settlement.Spent.Count > 0 && TryAdd(connection, settlement, 0) ? 1 : 0;
        if (!wasOpen && added == 0 && connection.Command(
            "SELECT assumed, cost FROM spending WHERE key_id = $key AND at = $at AND call_id = $id AND attempt = 0", Place(call)).First(row => (Tuple<long, long>)new(row.GetInt64(0), row.IsDBNull(1) ? 0 : row.GetInt64(1))) is { } booked)
        {
            if (booked.Item1 == 0 || settlement.State == CallState.Assumed)
            {
                return;
            }

            // What was assumed is one entry.
            assumed = booked.Item2;
            connection.Command("DELETE FROM spending WHERE key_id = $key AND at = $at AND call_id = $id", Place(call)).Run();
        }

        for (; added < settlement.Spent.Count; added++)
        {
            TryAdd(connection, settlement, added);
        }

        var cost = Picodollars.Of(settlement.CostUsd);
        foreach (var reservation in call.Reserved)
        {
            if (wasOpen)
            {
                Free(connection, reservation, cost);
            }
            else
            {
                more[reservation.BudgetId] = more.GetValueOrDefault(reservation.BudgetId) + cost - assumed;
            }
        }
    }

    private static void Spend(EmbeddedConnection connection, string budgetId, long cost)
    {
        if (connection.Command("UPDATE budgets SET spent = spent + $more WHERE id = $id", ("$id", budgetId), ("$more", cost)).Run() == 0)
        {
            // The first of its period: in what was spent in it by now, these calls are.
            Begin(connection, budgetId);
        }
    }

    private static (string, object?)[] Place(Call call) => [("$key", call.KeyId), ("$at", call.At.ToUnixTimeMilliseconds()), ("$id", call.Id)];

    private static void Free(EmbeddedConnection connection, Reservation reservation, long cost) => connection.Command(
        "UPDATE budgets SET held = held - $amount, spent = spent + $cost WHERE id = $id",
        ("$id", reservation.BudgetId), ("$amount", Picodollars.Of(reservation.CostUsd)), ("$cost", cost)).Run();

    /// <returns>Whether it was not there.</returns>
    private static bool TryAdd(EmbeddedConnection connection, Settlement settlement, int attempt)
    {
        var (call, spending) = (settlement.Call, settlement.Spent[attempt]);
        return connection.Command(
            """
            INSERT INTO spending
                (key_id, at, call_id, attempt, assumed, provider, model, outcome, input_tokens, output_tokens, cached_input_tokens, cache_write_tokens, reasoning_tokens, cost, estimated, project_id, tags)
            VALUES ($key, $at, $call, $attempt, $assumed, $provider, $model, $outcome, $input, $output, $cached, $written, $reasoning, $cost, $estimated, $project, $tags)
            ON CONFLICT DO NOTHING
            """,
            ("$key", call.KeyId), ("$at", call.At.ToUnixTimeMilliseconds()), ("$call", call.Id), ("$attempt", attempt), ("$assumed", settlement.State == CallState.Assumed ? 1 : 0),
            ("$provider", spending.Provider), ("$model", spending.Model), ("$outcome", spending.Outcome), ("$input", spending.InputTokens), ("$output", spending.OutputTokens),
            ("$cached", spending.CachedInputTokens), ("$written", spending.CacheWriteTokens), ("$reasoning", spending.ReasoningTokens),
            ("$cost", spending.CostUsd is { } cost ? Picodollars.Of(cost) : null), ("$estimated", spending.Estimated ? 1 : 0), ("$project", call.ProjectId),
            ("$tags", call.Tags is { } tags ? JsonSerializer.Serialize(tags) : null)).Run() == 1;
    }
}
