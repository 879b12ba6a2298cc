using System.Text.Json;
using MasterX.Api.Audit;
using MongoDB.Bson.Serialization.Attributes;
using MongoDB.Driver;

namespace MasterX.Api.Storage.Mongo;

/// <summary>
/// An act and its entry are two documents here, and no transaction joins them. So the act is noted before it is done, as one that was begun, and the entry is added after it:
/// <code>
///  note ─ act ─ entry ─ note taken away
/// </code>
/// What is cut short leaves its note, of which <see cref="RepairAsync"/> makes an entry: nobody knows then whether it was done, and the entry says so. The entries' numbers are unique, so of
/// two who add one at once one is first, and the other comes behind it.
/// </summary>
internal sealed class MongoAuditStore(MongoDatabase database) : IAuditStore
{
    private const int MostRepairs = 1000;

    private static readonly FilterDefinitionBuilder<AuditDocument> Where = Builders<AuditDocument>.Filter;

    public Task AppendAsync(AuditAct act, CancellationToken cancellationToken) => MongoDatabase.GuardedAsync(() => database.AppendAsync(act, AuditEntry.Done, cancellationToken));

    public Task<IReadOnlyList<AuditEntry>> ListAsync(AuditFilter filter, long? before, int limit, CancellationToken cancellationToken) => MongoDatabase.GuardedAsync<IReadOnlyList<AuditEntry>>(async () =>
    {
        var found = await database.Audit.Find(Of(filter) & (before is { } edge ? Where.Lt(entry => entry.Sequence, edge) : Where.Empty))
            .SortByDescending(entry => entry.Sequence).Limit(limit).ToListAsync(cancellationToken);
        return [.. found.Select(entry => entry.ToEntry())];
    });

    public Task<IReadOnlyList<AuditEntry>> ReadAsync(AuditFilter filter, long after, int limit, CancellationToken cancellationToken) => MongoDatabase.GuardedAsync<IReadOnlyList<AuditEntry>>(async () =>
    {
        var found = await database.Audit.Find(Of(filter) & Where.Gt(entry => entry.Sequence, after)).SortBy(entry => entry.Sequence).Limit(limit).ToListAsync(cancellationToken);
        return [.. found.Select(entry => entry.ToEntry())];
    });

    public Task<int> RepairAsync(DateTimeOffset before, CancellationToken cancellationToken) => MongoDatabase.GuardedAsync(async () =>
    {
        var begun = await database.AuditNotes.Find(Builders<AuditNote>.Filter.Lt(note => note.At, before.UtcDateTime)).Limit(MostRepairs).ToListAsync(cancellationToken);
        foreach (var note in begun)
        {
            await database.AppendAsync(note.ToAct(), AuditEntry.Unknown, cancellationToken);
            await database.AuditNotes.DeleteOneAsync(Builders<AuditNote>.Filter.Eq(known => known.Id, note.Id), cancellationToken);
        }

        return begun.Count;
    });

    /// <summary>First the entry that tells of it: what it says is gone does not count, be it there or not.</summary>
    public Task CutAsync(long through, AuditAct act, CancellationToken cancellationToken) => MongoDatabase.GuardedAsync(async () =>
    {
        await database.AppendAsync(act, AuditEntry.Done, cancellationToken);
        await database.Audit.DeleteManyAsync(Where.Lte(entry => entry.Sequence, through), cancellationToken);
    });

    private static FilterDefinition<AuditDocument> Of(AuditFilter filter)
    {
        var all = Where.Empty;
        all = filter.From is { } from ? all & Where.Gte(entry => entry.At, from.UtcDateTime) : all;
        all = filter.Until is { } until ? all & Where.Lt(entry => entry.At, until.UtcDateTime) : all;
        all = filter.ActorId is { } actor ? all & Where.Eq(entry => entry.ActorId, actor) : all;
        all = filter.Action is { } action ? all & Where.Eq(entry => entry.Action, action) : all;
        return filter.Target is { } target ? all & Where.Eq(entry => entry.Target, target) : all;
    }
}

/// <summary>What other stores do around an act of theirs.</summary>
internal static class MongoAudit
{
    /// <summary>Does what has an entry when it is done.</summary>
    /// <param name="database">Where.</param>
    /// <param name="act"><see langword="null"/> for no entry.</param>
    /// <param name="work">The act.</param>
    /// <param name="isDone">Whether it has come to anything: what is refused leaves no entry.</param>
    public static async Task<T> AuditedAsync<T>(this MongoDatabase database, AuditAct? act, Func<Task<T>> work, Func<T, bool> isDone)
    {
        if (act is null)
        {
            return await work();
        }

        await database.AuditNotes.InsertOneAsync(AuditNote.Of(act), options: null, CancellationToken.None);
        var result = await work();
        if (isDone(result))
        {
            await database.AppendAsync(act, AuditEntry.Done, CancellationToken.None);
        }

        await database.AuditNotes.DeleteOneAsync(Builders<AuditNote>.Filter.Eq(note => note.Id, act.Id), CancellationToken.None);
        return result;
    }

    /// <summary>Adds the entry of an act behind the last one, unless the act has one.</summary>
    public static async Task AppendAsync(this MongoDatabase database, AuditAct act, string outcome, CancellationToken cancellationToken)
    {
        while (!await database.Audit.Find(Builders<AuditDocument>.Filter.Eq(entry => entry.ActId, act.Id)).AnyAsync(cancellationToken))
        {
            var last = await database.Audit.Find(Builders<AuditDocument>.Filter.Empty).SortByDescending(entry => entry.Sequence).FirstOrDefaultAsync(cancellationToken);
            try
            {
                await database.Audit.InsertOneAsync(AuditDocument.Of(AuditEntry.After(last?.ToEntry(), act, outcome), act.Id), options: null, cancellationToken);
                return;
            }
            catch (MongoWriteException another) when (MongoDatabase.IsDuplicate(another))
            {
                // Somebody was first: with the number, or with the very act.
            }
        }
    }
}

/// <summary>An entry as it is stored.</summary>
[BsonIgnoreExtraElements]
internal sealed class AuditDocument
{
    [BsonId]
    public required long Sequence { get; init; }

    public required string ActId { get; init; }

    public required DateTime At { get; init; }

    public required string ActorId { get; init; }

    public required string Action { get; init; }

    public required string Target { get; init; }

    public required string Document { get; init; }

    public required string Hash { get; init; }

    public static AuditDocument Of(AuditEntry entry, string actId) => new()
    {
        Sequence = entry.Sequence,
        ActId = actId,
        At = entry.At.UtcDateTime,
        ActorId = entry.ActorId,
        Action = entry.Action,
        Target = entry.Target,
        Document = entry.Document,
        Hash = entry.Hash,
    };

    public AuditEntry ToEntry() => new(Sequence, At.AsUtc(), ActorId, Action, Target, Document, Hash);
}

/// <summary>An act that was begun.</summary>
[BsonIgnoreExtraElements]
internal sealed class AuditNote
{
    [BsonId]
    public required string Id { get; init; }

    public required DateTime At { get; init; }

    public required string Act { get; init; }

    public static AuditNote Of(AuditAct act) => new() { Id = act.Id, At = act.At.UtcDateTime, Act = JsonSerializer.Serialize(act) };

    public AuditAct ToAct() => JsonSerializer.Deserialize<AuditAct>(Act)!;
}
