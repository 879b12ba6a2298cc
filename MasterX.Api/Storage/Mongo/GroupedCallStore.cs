using MasterX.Api.Calls;

namespace MasterX.Api.Storage.Mongo;

/// <summary>Opens and books together what is asked for at the same time: the database is asked, and waits for its majority, once for all of them.</summary>
/// <param name="store">Whose calls they are.</param>
internal sealed class GroupedCallStore(ICallStore store) : ICallStore
{
    private readonly GroupCommit<Call, Opening> _opening = new(calls => store.OpenAsync(calls, CancellationToken.None));

    private readonly GroupCommit<Settlement, bool> _settling = new(async settlements =>
    {
        await store.SettleAsync(settlements, CancellationToken.None);
        return new bool[settlements.Count];
    });

    public async Task<IReadOnlyList<Opening>> OpenAsync(IReadOnlyList<Call> calls, CancellationToken cancellationToken) =>
        await Task.WhenAll(calls.Select(call => _opening.WriteAsync(call))).WaitAsync(cancellationToken);

    public Task SettleAsync(IReadOnlyList<Settlement> settlements, CancellationToken cancellationToken) =>
        Task.WhenAll(settlements.Select(settlement => _settling.WriteAsync(settlement))).WaitAsync(cancellationToken);

    public Task<IReadOnlyList<Call>> ListOrphansAsync(DateTimeOffset now, int limit, CancellationToken cancellationToken) => store.ListOrphansAsync(now, limit, cancellationToken);

    public Task KeepAliveAsync(string instance, DateTimeOffset until, CancellationToken cancellationToken) => store.KeepAliveAsync(instance, until, cancellationToken);

    public Task<int> RepairAsync(DateTimeOffset before, CancellationToken cancellationToken) => store.RepairAsync(before, cancellationToken);

    public Task<(decimal Spent, decimal Held)> ReadBudgetAsync(string budgetId, CancellationToken cancellationToken) => store.ReadBudgetAsync(budgetId, cancellationToken);

    public Task<int> DeleteBudgetsAsync(DateOnly month, CancellationToken cancellationToken) => store.DeleteBudgetsAsync(month, cancellationToken);
}
