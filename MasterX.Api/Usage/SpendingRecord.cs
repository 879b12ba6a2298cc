using MasterX.Api.Calls;

namespace MasterX.Api.Usage;

/// <summary>What one attempt of a call has spent, as it is booked.</summary>
/// <param name="CallId">The call's.</param>
/// <param name="KeyId">Whose key.</param>
/// <param name="At">When the call was opened, UTC.</param>
/// <param name="Attempt">Its number, from 0 on.</param>
/// <param name="Spent">What it has spent.</param>
/// <param name="Tags">What its caller says it was for; <see langword="null"/> for nothing.</param>
internal sealed record SpendingRecord(string CallId, string KeyId, DateTimeOffset At, int Attempt, Spending Spent, IReadOnlyDictionary<string, string>? Tags);
