using System.Globalization;
using MasterX.Api.Usage;
using MongoDB.Bson.Serialization.Attributes;
using MongoDB.Driver;

namespace MasterX.Api.Storage.Mongo;

internal sealed class MongoUsageStore(MongoDatabase database) : IUsageStore
{
    private static readonly FilterDefinitionBuilder<UsageDocument> Where = Builders<UsageDocument>.Filter;

    public Task AddAsync(UsageRecord usage, CancellationToken cancellationToken) => MongoDatabase.GuardedAsync(async () =>
    {
        var day = Text(usage.Day);
        var change = Builders<UsageDocument>.Update
            .SetOnInsert(known => known.KeyId, usage.KeyId)
            .SetOnInsert(known => known.Day, day)
            .Inc(known => known.Requests, usage.Requests)
            .Inc(known => known.InputTokens, usage.InputTokens)
            .Inc(known => known.OutputTokens, usage.OutputTokens)
            .Inc(known => known.Cost, Picodollars.Of(usage.CostUsd));
        var filter = Where.Eq(known => known.Id, $"{usage.KeyId}/{day}");
        try
        {
            await UpsertAsync();
        }
        catch (MongoWriteException raced) when (MongoDatabase.IsDuplicate(raced))
        {
            // Of two first ones at once, one finds the other's document.
            await UpsertAsync();
        }

        Task UpsertAsync() => database.Usage.UpdateOneAsync(filter, change, new UpdateOptions { IsUpsert = true }, cancellationToken);
    });

    public Task<IReadOnlyList<UsageRecord>> ListAsync(string? keyId, DateOnly from, DateOnly to, CancellationToken cancellationToken) => MongoDatabase.GuardedAsync<IReadOnlyList<UsageRecord>>(async () =>
    {
        var filter = Where.Gte(usage => usage.Day, Text(from)) & Where.Lte(usage => usage.Day, Text(to));
        if (keyId is not null)
        {
            filter &= Where.Eq(usage => usage.KeyId, keyId);
        }

        var found = await database.Usage.Find(filter).SortBy(usage => usage.Day).ThenBy(usage => usage.KeyId).ToListAsync(cancellationToken);
        return [.. found.Select(usage => usage.ToUsage())];
    });

    private static string Text(DateOnly day) => day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
}

/// <summary>What a key used on a day, as it is stored.</summary>
[BsonIgnoreExtraElements]
internal sealed class UsageDocument
{
    /// <summary>Key and day.</summary>
    [BsonId]
    public required string Id { get; init; }

    public required string KeyId { get; init; }

    /// <summary><c>yyyy-MM-dd</c>, UTC: sorts as the days do.</summary>
    public required string Day { get; init; }

    public required long Requests { get; init; }

    public required long InputTokens { get; init; }

    public required long OutputTokens { get; init; }

    /// <summary>In picodollars.</summary>
    public required long Cost { get; init; }

    public UsageRecord ToUsage() => new(KeyId, DateOnly.ParseExact(Day, "yyyy-MM-dd", CultureInfo.InvariantCulture), Requests, InputTokens, OutputTokens, Picodollars.ToDollars(Cost));
}
