using MasterX.Api.Usage;
using MongoDB.Bson;

namespace MasterX.Api.Storage.Mongo;

/// <summary>Adds up usage here, as it is read: of what was read only the sums are held, and no more of them than were asked for.</summary>
/// <param name="query">By what.</param>
internal sealed class MongoUsageSums(UsageQuery query)
{
    private readonly Dictionary<(string? Project, string? Key, string? Model, string? Provider, string? Tags, DateOnly? Day, int? Hour), UsageSum> _sums = [];

    /// <summary>Calls that are in the sums of days already.</summary>
    private readonly HashSet<string> _inDays = new(StringComparer.Ordinal);

    /// <summary>Whether there are as many as were asked for.</summary>
    public bool IsFull => _sums.Count >= query.Limit;

    /// <summary>Adds a day of a key.</summary>
    public void Add(string? projectId, UsageDocument day)
    {
        _inDays.UnionWith(day.Pending ?? []);
        Add(
            new UsageSum
            {
                ProjectId = projectId,
                KeyId = day.KeyId,
                Tags = new string?[query.TagNames.Count],
                Day = MongoUsageStore.ParseDay(day.Day),
                Requests = day.Requests,
                Attempts = day.Attempts,
                InputTokens = day.InputTokens,
                OutputTokens = day.OutputTokens,
                CachedInputTokens = day.CachedInputTokens,
                ReasoningTokens = day.ReasoningTokens,
                CostUsd = Picodollars.ToDollars(day.Cost),
                Estimated = day.Estimated,
                Unpriced = day.Unpriced,
            });
    }

    /// <summary>Adds a call, attempt by attempt.</summary>
    public void Add(BsonDocument call)
    {
        if (_inDays.Contains(call["_id"].AsString))
        {
            return;
        }

        var tags = call.GetValue("Tags", BsonNull.Value) is BsonArray all ? all.Select(tag => tag.AsString).ToArray() : [];
        var (attempts, at) = (call["Spent"].AsBsonArray, call["At"].ToUniversalTime());
        for (var i = 0; i < attempts.Count; i++)
        {
            var attempt = attempts[i];
            if ((query.Model ?? attempt["Model"].AsString) != attempt["Model"].AsString || (query.Provider ?? attempt["Provider"].AsString) != attempt["Provider"].AsString)
            {
                continue;
            }

            Add(new UsageSum
            {
                ProjectId = call.GetValue("ProjectId", BsonNull.Value) is BsonString project ? project.Value : null,
                KeyId = call["KeyId"].AsString,
                Model = attempt["Model"].AsString,
                Provider = attempt["Provider"].AsString,
                Tags = [.. query.TagNames.Select(name => tags.FirstOrDefault(tag => tag.StartsWith($"{name}=", StringComparison.Ordinal))?[(name.Length + 1)..])],
                Day = MongoUsageStore.ParseDay(call["Day"].AsString),
                Hour = at.Hour,
                Requests = i == 0 ? 1 : 0,
                Attempts = 1,
                InputTokens = attempt["InputTokens"].ToInt64(),
                OutputTokens = attempt["OutputTokens"].ToInt64(),
                CachedInputTokens = attempt["CachedInputTokens"].ToInt64(),
                ReasoningTokens = attempt["ReasoningTokens"].ToInt64(),
                CostUsd = Picodollars.ToDollars(attempt["Cost"].ToInt64()),
                Estimated = attempt["Estimated"].ToInt64(),
                Unpriced = attempt["Unpriced"].ToInt64(),
            });
        }
    }

    /// <summary>Oldest first.</summary>
    public IReadOnlyList<UsageSum> ToList() =>
    [
        .. _sums.OrderBy(sum => sum.Key.Day).ThenBy(sum => sum.Key.Hour).ThenBy(sum => sum.Key.Project, StringComparer.Ordinal).ThenBy(sum => sum.Key.Key, StringComparer.Ordinal)
            .ThenBy(sum => sum.Key.Provider, StringComparer.Ordinal).ThenBy(sum => sum.Key.Model, StringComparer.Ordinal).ThenBy(sum => sum.Key.Tags, StringComparer.Ordinal)
            .Select(sum => sum.Value).Take(query.Limit),
    ];

    private void Add(UsageSum all)
    {
        var sum = all with
        {
            ProjectId = By(UsageGroups.Project) ? all.ProjectId : null,
            KeyId = By(UsageGroups.Key) ? all.KeyId : null,
            Model = By(UsageGroups.Model) ? all.Model : null,
            Provider = By(UsageGroups.Provider) ? all.Provider : null,
            Day = By(UsageGroups.Day) || By(UsageGroups.Hour) ? all.Day : null,
            Hour = By(UsageGroups.Hour) ? all.Hour : null,
        };

        // No value of a tag has a control character in it.
        var key = (sum.ProjectId, sum.KeyId, sum.Model, sum.Provider, string.Join('\n', sum.Tags), sum.Day, sum.Hour);
        _sums[key] = _sums.TryGetValue(key, out var known) ? known.Plus(sum) : sum;
    }

    private bool By(UsageGroups group) => query.Groups.HasFlag(group);
}
