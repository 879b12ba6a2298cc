using MasterX.Api.Audit;
using MasterX.Api.Storage;
using MasterX.Api.Users;

namespace MasterX.Api.Projects;

/// <summary>
/// Deletes a project that has no keys any more, and with it what is the project's, as users are erased: users and answers that are kept to be given again; of generations, by
/// <c>Users:OnDelete</c>, all or what was said. Usage stays. A project is closed first, so that it gets no new keys, and looked at for keys then: one who adds a key looks at the project
/// when it is written. What is cut short is begun again by deleting again.
/// </summary>
internal sealed class ProjectErasure(IProjectStore projects, IKeyStore keys, IUserStore users, UserErasure erasure, IGenerationStore generations, IIdempotencyStore records, IAuditStore audit, TimeProvider time)
{
    private const int Step = 100;

    /// <summary>Erases a project that is still the version given.</summary>
    /// <param name="project">As it was read.</param>
    /// <param name="act">Whose entry is there before anything is erased, should this be cut short.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns><see cref="ChangeResult.Taken"/> when keys belong to it.</returns>
    public async Task<ChangeResult> EraseAsync(Project project, AuditAct act, CancellationToken cancellationToken)
    {
        var closed = project with { IsClosing = true, UpdatedAt = Identifier.Now(time), Version = project.Version + 1 };
        if (await projects.UpdateAsync(closed, cancellationToken) is not ChangeResult.Done and var changed)
        {
            return changed;
        }

        if (await keys.HasAnyAsync(project.Id, cancellationToken))
        {
            await projects.UpdateAsync(closed with { IsClosing = false, Version = closed.Version + 1 }, CancellationToken.None);
            return ChangeResult.Taken;
        }

        await audit.AppendAsync(act, cancellationToken);
        await EraseDataAsync(project.Id, cancellationToken);
        var result = await projects.DeleteAsync(project.Id, closed.Version, cancellationToken);
        if (result != ChangeResult.Conflict)
        {
            // Once more, for what came in between from calls that were under way.
            await EraseDataAsync(project.Id, CancellationToken.None);
        }

        return result;
    }

    private async Task EraseDataAsync(string projectId, CancellationToken cancellationToken)
    {
        await records.DeleteOfOwnerAsync(projectId, cancellationToken);
        while (await users.ListAsync(projectId, null, null, Step, cancellationToken) is { Count: > 0 } some)
        {
            foreach (var user in some)
            {
                await erasure.EraseAsync(user, act: null, cancellationToken);
            }
        }

        await generations.EraseOfOwnerAsync(projectId, erasure.KeepsNumbers, cancellationToken);
    }
}
