using System.Globalization;
using MasterX.Api.Projects;
using MasterX.Api.Usage;
using MongoDB.Bson;
using MongoDB.Bson.Serialization.Attributes;
using MongoDB.Driver;

namespace MasterX.Api.Storage.Mongo;

/// <summary>Adds up what calls have spent; of days whose records are gone there are sums.</summary>
internal sealed class MongoUsageStore(MongoDatabase database) : IUsageStore
{
    public Task<IReadOnlyList<UsageRecord>> ListAsync(string? ownerId, string? keyId, DateOnly from, DateOnly to, CancellationToken cancellationToken) =>
        MongoDatabase.GuardedAsync(() => ListAsync(database, ownerId, keyId, from, to, cancellationToken));

    public static async Task<IReadOnlyList<UsageRecord>> ListAsync(MongoDatabase database, string? ownerId, string? keyId, DateOnly from, DateOnly to, CancellationToken cancellationToken)
    {
        var days = new BsonDocument("Day", new BsonDocument { { "$gte", Text(from) }, { "$lte", Text(to) } });
        if (ownerId is not null && !Project.Owns(ownerId))
        {
            if (keyId is not null && keyId != ownerId)
            {
                return [];
            }

            keyId = ownerId;
        }
        else if (ownerId is not null)
        {
            days.Add("ProjectId", ownerId);
        }

        if (keyId is not null)
        {
            days.Add("KeyId", keyId);
        }

        var sums = new Dictionary<(string KeyId, string Day), UsageRecord>();
        foreach (var sum in await database.Usage.Find(days).ToListAsync(cancellationToken))
        {
            Add(sum.KeyId, sum.Day, sum.ToUsage());
        }

        // Read as they come, and not held: only what is added up, and of calls that have spent something.
        var spent = new BsonDocument(days) { { "Spent.0", new BsonDocument("$exists", true) } };
        using var calls = await database.Calls.Find(spent).Project(Builders<CallDocument>.Projection.Include(call => call.KeyId).Include(call => call.ProjectId).Include(call => call.Day).Include(call => call.Spent)).ToCursorAsync(cancellationToken);
        while (await calls.MoveNextAsync(cancellationToken))
        {
            foreach (var call in calls.Current)
            {
                var (key, day) = (call["KeyId"].AsString, call["Day"].AsString);
                Add(key, day, Sum(key, day, call["Spent"].AsBsonArray) with { ProjectId = call.GetValue("ProjectId", BsonNull.Value) is BsonString project ? project.Value : null });
            }
        }

        return [.. sums.Values.OrderBy(usage => usage.Day).ThenBy(usage => usage.KeyId, StringComparer.Ordinal)];

        void Add(string key, string day, UsageRecord usage) => sums[(key, day)] = sums.TryGetValue((key, day), out var known) ? Plus(known, usage) : usage;
    }

    public static string Text(DateOnly day) => day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    private static UsageRecord Sum(string key, string day, BsonArray spent)
    {
        return new(
            key, DateOnly.ParseExact(day, "yyyy-MM-dd", CultureInfo.InvariantCulture), 1, Of("InputTokens"), Of("OutputTokens"), Picodollars.ToDollars(Of("Cost")), Of("Estimated"), Of("Unpriced"));

        long Of(string name) => spent.Sum(attempt => attempt[name].ToInt64());
    }

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
