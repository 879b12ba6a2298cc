using MasterX.Api.Storage;
using MasterX.Api.Usage;

namespace MasterX.Tests.Storage;

/// <summary>What a key used on a day: what most tests ask of usage.</summary>
internal sealed record UsageRecord(string KeyId, DateOnly Day, long Requests, long InputTokens, long OutputTokens, decimal CostUsd, long Estimated, long Unpriced, string? ProjectId = null);

/// <summary>Usage by key and day.</summary>
internal static class UsageDays
{
    public static async Task<IReadOnlyList<UsageRecord>> ListAsync(this IUsageStore usage, string? ownerId, string? keyId, DateOnly from, DateOnly to, CancellationToken cancellationToken) =>
    [
        .. (await usage.SumAsync(UsageQuery.OfDays(from, to) with { OwnerId = ownerId, KeyId = keyId }, cancellationToken))
            .Select(sum => new UsageRecord(sum.KeyId!, sum.Day!.Value, sum.Requests, sum.InputTokens, sum.OutputTokens, sum.CostUsd, sum.Estimated, sum.Unpriced, sum.ProjectId)),
    ];
}
