using MasterX.Api.Audit;
using MasterX.Api.Storage;

namespace MasterX.Api.Projects;

/// <summary>Projects. Where an act is given, its entry is made when it is done, and none when it is not.</summary>
internal interface IProjectStore
{
    /// <returns>Whether it was added; <see langword="false"/> when there is one with its id. Once true, it survives the death of this process.</returns>
    Task<bool> TryAddAsync(Project project, AuditAct? act, CancellationToken cancellationToken);

    /// <inheritdoc cref="TryAddAsync(Project, AuditAct?, CancellationToken)"/>
    Task<bool> TryAddAsync(Project project, CancellationToken cancellationToken) => TryAddAsync(project, null, cancellationToken);

    Task<Project?> FindAsync(string id, CancellationToken cancellationToken);

    /// <summary>Newest first.</summary>
    Task<IReadOnlyList<Project>> ListAsync(string? before, int limit, CancellationToken cancellationToken);

    /// <summary>Replaces the project if it is still the version before <see cref="Keys.Allowance.Version"/>.</summary>
    Task<ChangeResult> UpdateAsync(Project project, AuditAct? act, CancellationToken cancellationToken);

    /// <inheritdoc cref="UpdateAsync(Project, AuditAct?, CancellationToken)"/>
    Task<ChangeResult> UpdateAsync(Project project, CancellationToken cancellationToken) => UpdateAsync(project, null, cancellationToken);

    /// <param name="id">Which.</param>
    /// <param name="version">Only while it is this version.</param>
    /// <param name="cancellationToken">Ends the write.</param>
    Task<ChangeResult> DeleteAsync(string id, long version, CancellationToken cancellationToken);
}
