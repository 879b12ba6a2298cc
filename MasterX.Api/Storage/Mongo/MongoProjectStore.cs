using System.Text.Json;
using MasterX.Api.Audit;
using MasterX.Api.Projects;
using MongoDB.Bson.Serialization.Attributes;
using MongoDB.Driver;

namespace MasterX.Api.Storage.Mongo;

internal sealed class MongoProjectStore(MongoDatabase database) : IProjectStore
{
    private static readonly FilterDefinitionBuilder<ProjectDocument> Where = Builders<ProjectDocument>.Filter;

    public Task<bool> TryAddAsync(Project project, AuditAct? act, CancellationToken cancellationToken) =>
        MongoDatabase.GuardedAsync(() => database.AuditedAsync(act, () => TryAddCoreAsync(project, cancellationToken), isAdded => isAdded));

    private async Task<bool> TryAddCoreAsync(Project project, CancellationToken cancellationToken)
    {
        try
        {
            await database.Projects.InsertOneAsync(ProjectDocument.Of(project), options: null, cancellationToken);
            return true;
        }
        catch (MongoWriteException known) when (MongoDatabase.IsDuplicate(known))
        {
            return false;
        }
    }

    public Task<Project?> FindAsync(string id, CancellationToken cancellationToken) => MongoDatabase.GuardedAsync(async () =>
        (await database.Projects.Find(Where.Eq(project => project.Id, id)).FirstOrDefaultAsync(cancellationToken))?.ToProject());

    public Task<IReadOnlyList<Project>> ListAsync(string? before, int limit, CancellationToken cancellationToken) => MongoDatabase.GuardedAsync<IReadOnlyList<Project>>(async () =>
    {
        var filter = before is null ? Where.Empty : Where.Lt(project => project.Id, before);
        var found = await database.Projects.Find(filter).SortByDescending(project => project.Id).Limit(limit).ToListAsync(cancellationToken);
        return [.. found.Select(project => project.ToProject())];
    });

    public Task<ChangeResult> UpdateAsync(Project project, AuditAct? act, CancellationToken cancellationToken) =>
        MongoDatabase.GuardedAsync(() => database.AuditedAsync(act, () => UpdateCoreAsync(project, cancellationToken), result => result == ChangeResult.Done));

    private async Task<ChangeResult> UpdateCoreAsync(Project project, CancellationToken cancellationToken) =>
        (await database.Projects.ReplaceOneAsync(
            Where.Eq(known => known.Id, project.Id) & Where.Eq(known => known.Version, project.Version - 1), ProjectDocument.Of(project), cancellationToken: cancellationToken)).MatchedCount == 1
            ? ChangeResult.Done
            : await MissingAsync(project.Id, cancellationToken);

    public Task<ChangeResult> DeleteAsync(string id, long version, CancellationToken cancellationToken) => MongoDatabase.GuardedAsync(async () =>
        (await database.Projects.DeleteOneAsync(Where.Eq(known => known.Id, id) & Where.Eq(known => known.Version, version), cancellationToken)).DeletedCount == 1
            ? ChangeResult.Done
            : await MissingAsync(id, cancellationToken));

    private async Task<ChangeResult> MissingAsync(string id, CancellationToken cancellationToken) =>
        await database.Projects.Find(Where.Eq(project => project.Id, id)).AnyAsync(cancellationToken) ? ChangeResult.Conflict : ChangeResult.NotFound;
}

/// <summary>A project as it is stored: what is searched by in fields of their own, the rest as one JSON text, the same as in the embedded database.</summary>
[BsonIgnoreExtraElements]
internal sealed class ProjectDocument
{
    [BsonId]
    public required string Id { get; init; }

    public required long Version { get; init; }

    public required bool IsClosing { get; init; }

    public required string Document { get; init; }

    public static ProjectDocument Of(Project project) => new() { Id = project.Id, Version = project.Version, IsClosing = project.IsClosing, Document = JsonSerializer.Serialize(project) };

    public Project ToProject() => JsonSerializer.Deserialize<Project>(Document)!;
}
