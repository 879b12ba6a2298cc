namespace MasterX.Api.Audit;

/// <summary>
/// The log of what admins do. Entries come in with the acts, which the stores of keys, projects and users are given along with what they are to do; nothing here changes one or takes one
/// away but from the beginning.
/// </summary>
internal interface IAuditStore
{
    /// <summary>Adds the entry of an act that no store is told of.</summary>
    Task AppendAsync(AuditAct act, CancellationToken cancellationToken);

    /// <param name="filter">Which.</param>
    /// <param name="before">Only those before this sequence number, newest first; <see langword="null"/> for all.</param>
    /// <param name="limit">At most this many.</param>
    /// <param name="cancellationToken">Ends the read.</param>
    Task<IReadOnlyList<AuditEntry>> ListAsync(AuditFilter filter, long? before, int limit, CancellationToken cancellationToken);

    /// <param name="filter">Which.</param>
    /// <param name="after">Only those behind this sequence number, oldest first.</param>
    /// <param name="limit">At most this many.</param>
    /// <param name="cancellationToken">Ends the read.</param>
    Task<IReadOnlyList<AuditEntry>> ReadAsync(AuditFilter filter, long after, int limit, CancellationToken cancellationToken);

    /// <summary>Adds entries, marked as unknown, of acts that were begun before a time, and of which nobody has said how they ended.</summary>
    /// <returns>How many.</returns>
    Task<int> RepairAsync(DateTimeOffset before, CancellationToken cancellationToken);

    /// <summary>Takes entries up to a sequence number away, and adds the one that tells of it.</summary>
    Task CutAsync(long through, AuditAct act, CancellationToken cancellationToken);
}

/// <summary>Which entries; what is <see langword="null"/> does not matter.</summary>
/// <param name="From">The first moment, UTC.</param>
/// <param name="Until">The first moment after.</param>
/// <param name="ActorId">Who.</param>
/// <param name="Action">What.</param>
/// <param name="Target">To what.</param>
internal sealed record AuditFilter(DateTimeOffset? From = null, DateTimeOffset? Until = null, string? ActorId = null, string? Action = null, string? Target = null)
{
    public static readonly AuditFilter All = new();
}
