using System.Globalization;
using MasterX.Api.Usage;
using MongoDB.Bson;
using MongoDB.Bson.Serialization.Attributes;
using MongoDB.Driver;

namespace MasterX.Api.Storage.Mongo;

/// <summary>Adds up what calls have spent; of days whose records are gone there are sums.</summary>
internal sealed class MongoUsageStore(MongoDatabase database) : IUsageStore
{
    public Task<IReadOnlyList<UsageRecord>> ListAsync(string? keyId, DateOnly from, DateOnly to, CancellationToken cancellationToken) =>
        MongoDatabase.GuardedAsync(() => ListAsync(database, keyId, from, to, cancellationToken));

    public static async Task<IReadOnlyList<UsageRecord>> ListAsync(MongoDatabase database, string? keyId, DateOnly from, DateOnly to, CancellationToken cancellationToken)
    {
        var days = new BsonDocument("Day", new BsonDocument { { "$gte", Text(from) }, { "$lte", Text(to) } });
        if (keyId is not null)
        {
            days.Add("KeyId", keyId);
        }

        var sums = await database.Usage.Find(days).ToListAsync(cancellationToken);
        var records = await database.Calls.Aggregate<BsonDocument>(new[]
        {
            new BsonDocument("$match", new BsonDocument(days) { { "Spent.0", new BsonDocument("$exists", true) } }),
            new BsonDocument("$unwind", new BsonDocument { { "path", "$Spent" }, { "includeArrayIndex", "Attempt" } }),
            new BsonDocument("$group", new BsonDocument
            {
                { "_id", new BsonDocument { { "KeyId", "$KeyId" }, { "Day", "$Day" } } },
                { "Requests", new BsonDocument("$sum", new BsonDocument("$cond", new BsonArray { new BsonDocument("$eq", new BsonArray { "$Attempt", 0 }), 1, 0 })) },
                { "InputTokens", new BsonDocument("$sum", "$Spent.InputTokens") },
                { "OutputTokens", new BsonDocument("$sum", "$Spent.OutputTokens") },
                { "Cost", new BsonDocument("$sum", "$Spent.Cost") },
                { "Estimated", new BsonDocument("$sum", "$Spent.Estimated") },
                { "Unpriced", new BsonDocument("$sum", "$Spent.Unpriced") },
            }),
        }, cancellationToken: cancellationToken).ToListAsync(cancellationToken);
        return
        [
            .. sums.Select(sum => sum.ToUsage()).Concat(records.Select(Read)).GroupBy(usage => (usage.KeyId, usage.Day)).Select(group => group.Aggregate(Plus))
                .OrderBy(usage => usage.Day).ThenBy(usage => usage.KeyId, StringComparer.Ordinal),
        ];
    }

    public static string Text(DateOnly day) => day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    private static UsageRecord Read(BsonDocument group) => new(
        group["_id"]["KeyId"].AsString, DateOnly.ParseExact(group["_id"]["Day"].AsString, "yyyy-MM-dd", CultureInfo.InvariantCulture), group["Requests"].ToInt64(), group["InputTokens"].ToInt64(),
        group["OutputTokens"].ToInt64(), Picodollars.ToDollars(group["Cost"].ToInt64()), group["Estimated"].ToInt64(), group["Unpriced"].ToInt64());

    private static UsageRecord Plus(UsageRecord one, UsageRecord other) => one with
    {
        Requests = one.Requests + other.Requests,
        InputTokens = one.InputTokens + other.InputTokens,
        OutputTokens = one.OutputTokens + other.OutputTokens,
        CostUsd = one.CostUsd + other.CostUsd,
        Estimated = one.Estimated + other.Estimated,
        Unpriced = one.Unpriced + other.Unpriced,
    };
}

/// <summary>What a key used on a day, of whose calls there are no records any more.</summary>
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

    public UsageRecord ToUsage() => new(KeyId, DateOnly.ParseExact(Day, "yyyy-MM-dd", CultureInfo.InvariantCulture), Requests, InputTokens, OutputTokens, Picodollars.ToDollars(Cost), 0, 0);
}
