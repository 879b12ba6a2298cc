namespace MasterX.Api.Calls;

/// <summary>What was crossed in budgets, and who was told of it: one row for each part of a budget and each of its periods, whoever finds out.</summary>
internal interface IBudgetAlertStore
{
    /// <returns>Whether it was added; <see langword="false"/> when another was first. Once true, it survives the death of this process.</returns>
    Task<bool> TryAddAsync(BudgetAlert alert, CancellationToken cancellationToken);

    /// <summary>Those that are to be sent by now, the one that waits longest first.</summary>
    Task<IReadOnlyList<BudgetAlert>> ListDueAsync(DateTimeOffset now, int limit, CancellationToken cancellationToken);

    /// <summary>Replaces how far the sending has come, if nobody else has changed that since it was read.</summary>
    /// <param name="known">As it was read.</param>
    /// <param name="changed">As it is to be.</param>
    /// <param name="cancellationToken">Ends the write.</param>
    Task<bool> TryChangeAsync(BudgetAlert known, BudgetAlert changed, CancellationToken cancellationToken);

    /// <returns>How many were older, and are gone; as many as the limit, where there may be more.</returns>
    Task<int> DeleteOlderThanAsync(DateTimeOffset time, int limit, CancellationToken cancellationToken);
}

/// <summary>A part of a budget that is spent, and how far those who are to know were told.</summary>
/// <param name="Id">The budget and the part: <c>key_…/2026-11@0.8</c>.</param>
/// <param name="MessageId">The message's, the same however often it is sent.</param>
/// <param name="CreatedAt">When it was found out, UTC, to the millisecond.</param>
/// <param name="Body">What is sent.</param>
/// <param name="Attempts">How often it was tried.</param>
/// <param name="NextAt">When it is to be tried next; <see langword="null"/> when it was sent, given up, or there is nobody to send it to.</param>
/// <param name="SentBy">The process that has sent it.</param>
/// <param name="SentAt">When it was taken.</param>
internal sealed record BudgetAlert(string Id, string MessageId, DateTimeOffset CreatedAt, string Body, int Attempts, DateTimeOffset? NextAt, string? SentBy, DateTimeOffset? SentAt);
