using MasterX.Api.Storage;

namespace MasterX.Api.Calls;

/// <summary>Calls, what they have spent, and the budgets they are paid from.</summary>
internal interface ICallStore
{
    /// <summary>
    /// Opens calls, and holds for each what it reserves, all of it or nothing: whoever else reserves at the same time, no budget is ever held
    /// beyond its limit. Once it returns, the calls survive the death of this process.
    /// </summary>
    /// <returns>For each whether its budgets allow it, in their order.</returns>
    /// <exception cref="StorageException">None may be taken for opened.</exception>
    Task<IReadOnlyList<Opening>> OpenAsync(IReadOnlyList<Call> calls, CancellationToken cancellationToken);

    /// <summary>
    /// Books calls, with what was generated, and frees what was held for them. Nothing is kept that was said on behalf of a user who is not there any more. A call is booked once: booking it again changes nothing, but
    /// that what is known takes the place of what was assumed. Once it returns, it survives the death of this process.
    /// </summary>
    /// <exception cref="StorageException">Some may be booked and some not; to be done again.</exception>
    Task SettleAsync(IReadOnlyList<Settlement> settlements, CancellationToken cancellationToken);

    /// <summary>Open calls of processes that have not said for a while that they live, oldest first.</summary>
    Task<IReadOnlyList<Call>> ListOrphansAsync(DateTimeOffset now, int limit, CancellationToken cancellationToken);

    /// <summary>Says that a process lives.</summary>
    /// <param name="instance">Which.</param>
    /// <param name="until">When it is to be taken for dead, unless it says so again.</param>
    /// <param name="cancellationToken">Ends the write.</param>
    Task KeepAliveAsync(string instance, DateTimeOffset until, CancellationToken cancellationToken);

    /// <summary>Brings to their end what processes that died have left half written, where a store cannot write all of it at once.</summary>
    /// <param name="before">Leaves alone what was begun after it, and may be under way.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>How many calls it was.</returns>
    Task<int> RepairAsync(DateTimeOffset before, CancellationToken cancellationToken);

    /// <summary>What of a budget is spent, and what is held, in US dollars.</summary>
    /// <param name="budgetId">Which; one that nobody has reserved in yet has spent what its key has spent in its period.</param>
    /// <param name="cancellationToken">Ends the read.</param>
    Task<(decimal Spent, decimal Held)> ReadBudgetAsync(string budgetId, CancellationToken cancellationToken);

    /// <summary>Forgets the budgets of a month and of its days, long after it, but for those in which something is held still.</summary>
    /// <returns>How many.</returns>
    Task<int> DeleteBudgetsAsync(DateOnly month, CancellationToken cancellationToken);
}
