using System.Text.Json;
using MasterX.Api.Audit;
using MasterX.Api.Projects;
using Microsoft.Data.Sqlite;

namespace MasterX.Api.Storage.Embedded;

/// <summary>What is searched by stands in columns; the rest is one JSON document.</summary>
internal sealed class EmbeddedProjectStore(EmbeddedDatabase database) : IProjectStore
{
    public Task<bool> TryAddAsync(Project project, AuditAct? act, CancellationToken cancellationToken) => database.WriteAsync(
        connection => connection.AppendIf(act, connection.Command(
            "INSERT INTO projects (id, version, closing, document) VALUES ($id, $version, $closing, $document) ON CONFLICT DO NOTHING", Parameters(project)).Run() == 1),
        cancellationToken);

    public Task<Project?> FindAsync(string id, CancellationToken cancellationToken) => database.ReadAsync(
        connection => connection.Command("SELECT document FROM projects WHERE id = $id", ("$id", id)).First(Read), cancellationToken);

    public Task<IReadOnlyList<Project>> ListAsync(string? before, int limit, CancellationToken cancellationToken) => database.ReadAsync<IReadOnlyList<Project>>(
        connection => connection.Command("SELECT document FROM projects WHERE $before IS NULL OR id < $before ORDER BY id DESC LIMIT $limit", ("$before", before), ("$limit", limit)).All(Read),
        cancellationToken);

    public Task<ChangeResult> UpdateAsync(Project project, AuditAct? act, CancellationToken cancellationToken) => database.WriteAsync(
        connection => connection.AppendIf(act, connection.Command(
            "UPDATE projects SET version = $version, closing = $closing, document = $document WHERE id = $id AND version = $version - 1", Parameters(project)).Run() == 1)
            ? ChangeResult.Done
            : Missing(connection, project.Id),
        cancellationToken);

    public Task<ChangeResult> DeleteAsync(string id, long version, CancellationToken cancellationToken) => database.WriteAsync(
        connection => connection.Command("DELETE FROM projects WHERE id = $id AND version = $version", ("$id", id), ("$version", version)).Run() == 1 ? ChangeResult.Done : Missing(connection, id),
        cancellationToken);

    private static ChangeResult Missing(EmbeddedConnection connection, string id) =>
        connection.Command("SELECT id FROM projects WHERE id = $id", ("$id", id)).First(row => row.GetString(0)) is null ? ChangeResult.NotFound : ChangeResult.Conflict;

    private static (string Name, object? Value)[] Parameters(Project project) =>
        [("$id", project.Id), ("$version", project.Version), ("$closing", project.IsClosing ? 1 : 0), ("$document", JsonSerializer.Serialize(project))];

    private static Project Read(SqliteDataReader row) => JsonSerializer.Deserialize<Project>(row.Text(0))!;
}

/// <summary>What other stores ask of projects, inside their own writes.</summary>
internal static class EmbeddedProjects
{
    /// <summary>Whether data belongs to a project that is not there any more.</summary>
    public static bool IsProjectGone(this EmbeddedConnection connection, string ownerId) =>
        Project.Owns(ownerId) && connection.Command("SELECT 1 FROM projects WHERE id = $id", ("$id", ownerId)).ExecuteScalar() is null;
}
