using System.Globalization;
using System.Runtime.CompilerServices;
using MasterX.Api.Projects;
using MasterX.Api.Usage;
using MongoDB.Bson;
using MongoDB.Bson.Serialization.Attributes;
using MongoDB.Driver;

namespace MasterX.Api.Storage.Mongo;

/// <summary>Adds up what calls have spent; of days whose records are gone there are sums.</summary>
internal sealed class MongoUsageStore(MongoDatabase database) : IUsageStore
{
    private const string DayFormat = "yyyy-MM-dd";

    public Task<IReadOnlyList<UsageSum>> SumAsync(UsageQuery query, CancellationToken cancellationToken) => MongoDatabase.GuardedAsync(() => SumAsync(database, query, cancellationToken));

    public Task<int> RollUpAsync(DateOnly before, int limit, CancellationToken cancellationToken) => MongoDatabase.GuardedAsync(() => new MongoUsageRollUp(database).RunAsync(before, limit, cancellationToken));

    public async IAsyncEnumerable<SpendingRecord> ReadAsync(string projectId, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var filter = new BsonDocument { { "ProjectId", projectId }, { "Spent.0", new BsonDocument("$exists", true) } };
        using var calls = await MongoDatabase.GuardedAsync(() => database.Calls.Find(filter).ToCursorAsync(cancellationToken));
        while (await MongoDatabase.GuardedAsync(() => calls.MoveNextAsync(cancellationToken)))
        {
            foreach (var call in calls.Current)
            {
                for (var i = 0; i < call.Spent.Length; i++)
                {
                    yield return new(call.Id, call.KeyId, call.At.AsUtc(), i, call.Spent[i].ToSpending(), call.ToCall().Tags);
                }
            }
        }
    }

    public static async Task<IReadOnlyList<UsageSum>> SumAsync(MongoDatabase database, UsageQuery query, CancellationToken cancellationToken)
    {
        if (query.OwnerId is { } owner && !Project.Owns(owner))
        {
            if (query.KeyId is not null && query.KeyId != owner)
            {
                return [];
            }

            query = query with { OwnerId = null, KeyId = owner };
        }

        while (true)
        {
            var days = await FindDaysAsync(database, query, cancellationToken);
            var sums = await SumAsync(database, query, days, cancellationToken);
            if (days.Select(day => (day.Id, day.Version)).SequenceEqual((await FindDaysAsync(database, query, cancellationToken)).Select(day => (day.Id, day.Version))))
            {
                return sums;
            }

            // Records have become sums in between: read again, or some would be in both or in none.
        }
    }

    private static async Task<IReadOnlyList<UsageSum>> SumAsync(MongoDatabase database, UsageQuery query, List<UsageDocument> days, CancellationToken cancellationToken)
    {
        var sums = new MongoUsageSums(query);
        await AddDaysAsync(database, query, days, sums, cancellationToken);

        // Read as they come, and not held: only what is added up, and of calls that have spent something.
        using var calls = await database.Calls.Find(CallsOf(query))
            .Project(Builders<CallDocument>.Projection.Include(call => call.KeyId).Include(call => call.ProjectId).Include(call => call.At).Include(call => call.Day).Include(call => call.Tags).Include(call => call.Spent))
            .ToCursorAsync(cancellationToken);
        while (!sums.IsFull && await calls.MoveNextAsync(cancellationToken))
        {
            foreach (var call in calls.Current)
            {
                sums.Add(call);
            }
        }

        return sums.ToList();
    }

    public static string Text(DateOnly day) => day.ToString(DayFormat, CultureInfo.InvariantCulture);

    public static DateOnly ParseDay(string day) => DateOnly.ParseExact(day, DayFormat, CultureInfo.InvariantCulture);

    private static BsonDocument CallsOf(UsageQuery query)
    {
        var (from, until) = (query.From.UtcDateTime, query.Until.UtcDateTime);
        var filter = new BsonDocument("Day", new BsonDocument { { "$gte", Text(DateOnly.FromDateTime(from)) }, { "$lte", Text(DateOnly.FromDateTime(until.AddTicks(-1))) } });
        if (from.TimeOfDay != TimeSpan.Zero || (until.TimeOfDay != TimeSpan.Zero && query.Until != DateTimeOffset.MaxValue))
        {
            filter.Add("At", new BsonDocument { { "$gte", from }, { "$lt", until } });
        }

        filter.Add("Spent.0", new BsonDocument("$exists", true));
        Add("ProjectId", query.OwnerId);
        Add("KeyId", query.KeyId);
        Add("Spent.Model", query.Model);
        Add("Spent.Provider", query.Provider);
        Add("Tags", query.Tag is { } tag ? $"{tag.Key}={tag.Value}" : null);
        return filter;

        void Add(string field, string? value)
        {
            if (value is not null)
            {
                filter.Add(field, value);
            }
        }
    }

    /// <summary>None where the sums of days say nothing of what is asked for.</summary>
    private static async Task<List<UsageDocument>> FindDaysAsync(MongoDatabase database, UsageQuery query, CancellationToken cancellationToken)
    {
        if (query.NeedsRecords)
        {
            return [];
        }

        var filter = new BsonDocument("Day", new BsonDocument { { "$gte", Text(query.Days.First) }, { "$lte", Text(query.Days.Last) } });
        if (query.KeyId is not null)
        {
            filter.Add("KeyId", query.KeyId);
        }

        return await database.Usage.Find(filter).SortBy(day => day.Id).ToListAsync(cancellationToken);
    }

    private static async Task AddDaysAsync(MongoDatabase database, UsageQuery query, List<UsageDocument> days, MongoUsageSums sums, CancellationToken cancellationToken)
    {
        if (days.Count == 0)
        {
            return;
        }

        // The project of a key is its own for good.
        var keys = days.Select(day => day.KeyId).Distinct();
        var projects = (await database.Keys.Find(Builders<KeyDocument>.Filter.In(key => key.Id, keys)).ToListAsync(cancellationToken)).ToDictionary(key => key.Id, key => key.ProjectId, StringComparer.Ordinal);
        foreach (var day in days)
        {
            var projectId = projects.GetValueOrDefault(day.KeyId);
            if (query.OwnerId is null || query.OwnerId == projectId)
            {
                sums.Add(projectId, day);
            }
        }
    }
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

    public long Attempts { get; init; }

    public required long InputTokens { get; init; }

    public required long OutputTokens { get; init; }

    public long CachedInputTokens { get; init; }

    public long ReasoningTokens { get; init; }

    /// <summary>In picodollars.</summary>
    public required long Cost { get; init; }

    public long Estimated { get; init; }

    public long Unpriced { get; init; }

    /// <summary>One more with every change; 0 for one that never was.</summary>
    [BsonIgnoreIfDefault]
    public long Version { get; init; }

    /// <summary>Calls that are in the sums, and are being deleted.</summary>
    [BsonIgnoreIfNull]
    public string[]? Pending { get; init; }
}
