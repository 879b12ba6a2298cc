using System.Globalization;
using MasterX.Api.Keys;

namespace MasterX.Api.Calls;

/// <summary>A budget does not allow a call; nothing was sent.</summary>
/// <param name="message">For the consumer, with what to do.</param>
internal sealed class CallRefusedException(string message) : Exception(message)
{
    public static CallRefusedException OverBudget(ConsumerKey key, Call call, decimal leftUsd) => new(leftUsd <= 0
        ? string.Create(CultureInfo.InvariantCulture, $"The key's budget of {key.MonthlyBudgetUsd:0.######} US dollars for this month (UTC) is spent. It begins anew with the next month; an admin can make a key with a larger one.")
        : string.Create(
            CultureInfo.InvariantCulture,
            $"The key's budget of {key.MonthlyBudgetUsd:0.######} US dollars for this month (UTC) has {leftUsd:0.############} left beside the calls under way, and this call may cost {call.Expected.CostUsd:0.############}. Ask for fewer tokens (max_tokens), or wait for the calls under way."));

    public static CallRefusedException Unpriced(IReadOnlyList<string> models) => new(
        $"The key has a budget, and nobody knows what {string.Join(", ", models.Take(5))} costs. Ask for another model; an operator can set its price (Gateway__Prices__…) or one for all models without (Gateway__DefaultPrice).");
}
