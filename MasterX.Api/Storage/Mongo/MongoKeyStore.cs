using System.Globalization;
using MasterX.Api.Audit;
using MasterX.Api.Keys;
using MasterX.Api.Usage;
using MongoDB.Bson.Serialization.Attributes;
using MongoDB.Driver;

namespace MasterX.Api.Storage.Mongo;

internal sealed class MongoKeyStore(MongoDatabase database) : IKeyStore
{
    private static readonly FilterDefinitionBuilder<KeyDocument> Where = Builders<KeyDocument>.Filter;
    private static readonly UpdateDefinitionBuilder<KeyDocument> Set = Builders<KeyDocument>.Update;

    /// <summary>Written first, and looked at the project then: whoever deletes the project closes it first, and looks for keys then. One of both finds the other.</summary>
    public Task<bool> TryAddAsync(ConsumerKey key, AuditAct? act, CancellationToken cancellationToken) =>
        MongoDatabase.GuardedAsync(() => database.AuditedAsync(act, () => TryAddCoreAsync(key, cancellationToken), isAdded => isAdded));

    private async Task<bool> TryAddCoreAsync(ConsumerKey key, CancellationToken cancellationToken)
    {
        await database.Keys.InsertOneAsync(KeyDocument.Of(key), options: null, cancellationToken);
        if (key.ProjectId is not { } projectId || await database.Projects.Find(Builders<ProjectDocument>.Filter.Eq(project => project.Id, projectId)).FirstOrDefaultAsync(cancellationToken) is { IsClosing: false })
        {
            return true;
        }

        await database.Keys.DeleteOneAsync(Where.Eq(known => known.Id, key.Id), CancellationToken.None);
        return false;
    }

    public Task<ConsumerKey?> FindByHashAsync(string hash, CancellationToken cancellationToken) => MongoDatabase.GuardedAsync(async () =>
        (await database.Keys.Find(Where.Or(Where.Eq(key => key.Hash, hash), Where.Eq(key => key.PreviousHash, hash))).FirstOrDefaultAsync(cancellationToken))?.ToKey());

    public Task<ConsumerKey?> FindAsync(string id, CancellationToken cancellationToken) => MongoDatabase.GuardedAsync(async () =>
        (await database.Keys.Find(Where.Eq(key => key.Id, id)).FirstOrDefaultAsync(cancellationToken))?.ToKey());

    public Task<IReadOnlyList<ConsumerKey>> ListAsync(string? projectId, string? before, int limit, CancellationToken cancellationToken) => MongoDatabase.GuardedAsync<IReadOnlyList<ConsumerKey>>(async () =>
    {
        var filter = (projectId is null ? Where.Empty : Where.Eq(key => key.ProjectId, projectId)) & (before is null ? Where.Empty : Where.Lt(key => key.Id, before));
        var found = await database.Keys.Find(filter).SortByDescending(key => key.Id).Limit(limit).ToListAsync(cancellationToken);
        return [.. found.Select(key => key.ToKey())];
    });

    public Task<bool> HasAnyAsync(string projectId, CancellationToken cancellationToken) => MongoDatabase.GuardedAsync(() =>
        database.Keys.Find(Where.Eq(key => key.ProjectId, projectId) & Where.Eq(key => key.RevokedAt, null)).AnyAsync(cancellationToken));

    public Task<ChangeResult> UpdateAsync(ConsumerKey key, AuditAct? act, CancellationToken cancellationToken) =>
        MongoDatabase.GuardedAsync(() => database.AuditedAsync(act, () => UpdateCoreAsync(key, cancellationToken), result => result == ChangeResult.Done));

    private async Task<ChangeResult> UpdateCoreAsync(ConsumerKey key, CancellationToken cancellationToken)
    {
        var changed = KeyDocument.Of(key);
        var there = Where.Eq(known => known.Id, key.Id) & Where.Eq(known => known.RevokedAt, null);

        // Keys of an earlier version have none.
        var before = key.Version == 2 ? Where.Or(Where.Eq(known => known.Version, 1), Where.Exists(known => known.Version, false)) : Where.Eq(known => known.Version, key.Version - 1);
        var changes = Set.Set(known => known.Hash, changed.Hash).Set(known => known.Preview, changed.Preview).Set(known => known.Name, changed.Name).Set(known => known.Scopes, changed.Scopes)
            .Set(known => known.ExpiresAt, changed.ExpiresAt).Set(known => known.RequestsPerMinute, changed.RequestsPerMinute).Set(known => known.MaxConcurrency, changed.MaxConcurrency)
            .Set(known => known.MonthlyBudget, changed.MonthlyBudget).Set(known => known.Version, changed.Version).Set(known => known.DailyBudget, changed.DailyBudget)
            .Set(known => known.BudgetWarnAt, changed.BudgetWarnAt).Set(known => known.Models, changed.Models).Set(known => known.Routes, changed.Routes).Set(known => known.Counted, changed.Counted)
            .Set(known => known.PreviousHash, changed.PreviousHash).Set(known => known.PreviousUntil, changed.PreviousUntil).Set(known => known.RotatedBy, changed.RotatedBy);
        return (await database.Keys.UpdateOneAsync(there & before, changes, cancellationToken: cancellationToken)).MatchedCount == 1 ? ChangeResult.Done
            : await database.Keys.Find(there).AnyAsync(cancellationToken) ? ChangeResult.Conflict : ChangeResult.NotFound;
    }

    public Task<bool> RevokeAsync(string id, DateTimeOffset time, AuditAct? act, CancellationToken cancellationToken) => MongoDatabase.GuardedAsync(async () =>
    {
        var known = Where.Eq(key => key.Id, id);
        var isRevoked = await database.AuditedAsync(
            act,
            async () => (await database.Keys.UpdateOneAsync(known & Where.Eq(key => key.RevokedAt, null), Set.Set(key => key.RevokedAt, time.UtcDateTime), cancellationToken: cancellationToken)).MatchedCount == 1,
            isRevoked => isRevoked);
        return isRevoked || await database.Keys.Find(known).AnyAsync(cancellationToken);
    });

    public Task TouchAsync(string id, DateTimeOffset time, CancellationToken cancellationToken) => MongoDatabase.GuardedAsync(() =>
        database.Keys.UpdateOneAsync(Where.Eq(key => key.Id, id), Set.Max(key => key.LastUsedAt, time.UtcDateTime), cancellationToken: cancellationToken));
}

/// <summary>A key as it is stored.</summary>
[BsonIgnoreExtraElements]
internal sealed class KeyDocument
{
    [BsonId]
    public required string Id { get; init; }

    public required string Hash { get; init; }

    public required string Preview { get; init; }

    public required string Name { get; init; }

    public required IReadOnlyList<string> Scopes { get; init; }

    public required DateTime CreatedAt { get; init; }

    [BsonIgnoreIfNull]
    public DateTime? ExpiresAt { get; init; }

    [BsonIgnoreIfNull]
    public DateTime? RevokedAt { get; init; }

    [BsonIgnoreIfNull]
    public DateTime? LastUsedAt { get; init; }

    [BsonIgnoreIfNull]
    public int? RequestsPerMinute { get; init; }

    [BsonIgnoreIfNull]
    public int? MaxConcurrency { get; init; }

    /// <summary>In picodollars.</summary>
    [BsonIgnoreIfNull]
    public long? MonthlyBudget { get; init; }

    public long Version { get; init; } = 1;

    [BsonIgnoreIfNull]
    public string? ProjectId { get; init; }

    /// <summary>In picodollars.</summary>
    [BsonIgnoreIfNull]
    public long? DailyBudget { get; init; }

    /// <summary>Decimal numbers, as text.</summary>
    public IReadOnlyList<string> BudgetWarnAt { get; init; } = [];

    public IReadOnlyList<string> Models { get; init; } = [];

    public IReadOnlyList<string> Routes { get; init; } = [];

    /// <summary>Of <see cref="BudgetKinds"/>; keys of an earlier version have none, and count the months of the budget they have.</summary>
    public int Counted { get; init; }

    [BsonIgnoreIfNull]
    public string? PreviousHash { get; init; }

    [BsonIgnoreIfNull]
    public DateTime? PreviousUntil { get; init; }

    [BsonIgnoreIfNull]
    public string? RotatedBy { get; init; }

    public static KeyDocument Of(ConsumerKey key) => new()
    {
        Id = key.Id,
        Hash = key.Hash,
        Preview = key.Preview,
        Name = key.Name,
        Scopes = key.Scopes,
        CreatedAt = key.CreatedAt.UtcDateTime,
        ExpiresAt = key.ExpiresAt?.UtcDateTime,
        RevokedAt = key.RevokedAt?.UtcDateTime,
        LastUsedAt = key.LastUsedAt?.UtcDateTime,
        RequestsPerMinute = key.RequestsPerMinute,
        MaxConcurrency = key.MaxConcurrency,
        MonthlyBudget = key.MonthlyBudgetUsd is { } month ? Picodollars.Of(month) : null,
        Version = key.Version,
        ProjectId = key.ProjectId,
        DailyBudget = key.DailyBudgetUsd is { } day ? Picodollars.Of(day) : null,
        BudgetWarnAt = [.. key.BudgetWarnAt.Select(part => part.ToString(CultureInfo.InvariantCulture))],
        Models = key.Models,
        Routes = key.Routes,
        Counted = (int)key.Counted,
        PreviousHash = key.PreviousHash,
        PreviousUntil = key.PreviousUntil?.UtcDateTime,
        RotatedBy = key.RotatedBy,
    };

    public ConsumerKey ToKey() => new()
    {
        Id = Id,
        Hash = Hash,
        Preview = Preview,
        Name = Name,
        Scopes = Scopes,
        CreatedAt = CreatedAt.AsUtc(),
        ExpiresAt = ExpiresAt.AsUtc(),
        RevokedAt = RevokedAt.AsUtc(),
        LastUsedAt = LastUsedAt.AsUtc(),
        RequestsPerMinute = RequestsPerMinute,
        MaxConcurrency = MaxConcurrency,
        MonthlyBudgetUsd = MonthlyBudget is { } month ? Picodollars.ToDollars(month) : null,
        Version = Version,
        ProjectId = ProjectId,
        DailyBudgetUsd = DailyBudget is { } day ? Picodollars.ToDollars(day) : null,
        BudgetWarnAt = [.. BudgetWarnAt.Select(part => decimal.Parse(part, CultureInfo.InvariantCulture))],
        Models = Models,
        Routes = Routes,
        Counted = (BudgetKinds)Counted,
        PreviousHash = PreviousHash,
        PreviousUntil = PreviousUntil.AsUtc(),
        RotatedBy = RotatedBy,
    };
}
