using System.Collections.Concurrent;
using MasterX.Api.Keys;
using MasterX.Api.Storage;

namespace MasterX.Api.Usage;

/// <summary>
/// What keys may still spend this month. Checked before a call and accounted after it, as nobody knows a call's cost before; calls under way together can take a key over its budget by what
/// they cost. What other replicas spend is seen within <see cref="Lifetime"/> and the second the writer takes.
/// </summary>
internal sealed class Budget(IUsageStore usage, UsageWriter writer, TimeProvider time)
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(3);

    private readonly ConcurrentDictionary<string, Spent> _spent = new(StringComparer.Ordinal);

    /// <summary>Whether the key has anything left to spend.</summary>
    /// <exception cref="StorageException">What was spent is not known, and was not a moment ago.</exception>
    public ValueTask<bool> AllowsAsync(ConsumerKey key, CancellationToken cancellationToken) =>
        key.MonthlyBudgetUsd is { } budget ? AllowsAsync(key.Id, budget, cancellationToken) : ValueTask.FromResult(true);

    private async ValueTask<bool> AllowsAsync(string keyId, decimal budget, CancellationToken cancellationToken)
    {
        var today = DateOnly.FromDateTime(time.GetUtcNow().UtcDateTime);
        var month = new DateOnly(today.Year, today.Month, 1);
        if (!_spent.TryGetValue(keyId, out var spent) || spent.Month != month || time.GetElapsedTime(spent.Read) > Lifetime)
        {
            // Asked for first: what is written meanwhile counts twice for a moment, rather than not at all.
            var recorded = writer.Recorded(keyId);
            var unwritten = writer.Unwritten(keyId, month);
            var days = await usage.ListAsync(keyId, month, today, cancellationToken);
            _spent[keyId] = spent = new Spent(month, time.GetTimestamp(), days.Sum(day => day.CostUsd) + unwritten, recorded);
        }

        // And what this replica has spent since, written or not.
        return spent.Dollars + writer.Recorded(keyId) - spent.Recorded < budget;
    }

    private sealed record Spent(DateOnly Month, long Read, decimal Dollars, decimal Recorded);
}
