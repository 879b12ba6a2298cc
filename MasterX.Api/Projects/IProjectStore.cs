using MasterX.Api.Storage;

namespace MasterX.Api.Projects;

/// <summary>Projects.</summary>
internal interface IProjectStore
{
    /// <returns>Whether it was added; <see langword="false"/> when there is one with its id. Once true, it survives the death of this process.</returns>
    Task<bool> TryAddAsync(Project project, CancellationToken cancellationToken);

    Task<Project?> FindAsync(string id, CancellationToken cancellationToken);

    /// <summary>Newest first.</summary>
    Task<IReadOnlyList<Project>> ListAsync(string? before, int limit, CancellationToken cancellationToken);

    /// <summary>Replaces the project if it is still the version before <see cref="Keys.Allowance.Version"/>.</summary>
    Task<ChangeResult> UpdateAsync(Project project, CancellationToken cancellationToken);

    /// <param name="id">Which.</param>
    /// <param name="version">Only while it is this version.</param>
    /// <param name="cancellationToken">Ends the write.</param>
    Task<ChangeResult> DeleteAsync(string id, long version, CancellationToken cancellationToken);
}
