using System.Globalization;
using MasterX.Api.Keys;
using MasterX.Api.Projects;

namespace MasterX.Api.Calls;

/// <summary>A budget does not allow a call; nothing was sent.</summary>
/// <param name="message">For the consumer, with what to do.</param>
internal sealed class CallRefusedException(string message) : Exception(message)
{
    public static CallRefusedException OverBudget(Call call, Opening opening)
    {
        var refusing = call.Reserved.FirstOrDefault(reservation => reservation.BudgetId == opening.RefusedBy) ?? call.Reserved[0];
        var (left, period) = (opening.LeftUsd ?? 0, BudgetPeriod.Parse(refusing.BudgetId));
        var (whose, when, next) = (Project.Owns(period.OwnerId) ? "project" : "key", period.Kind == BudgetKinds.Day ? "today" : "this month", period.Kind == BudgetKinds.Day ? "day" : "month");
        return new(left <= 0
            ? string.Create(CultureInfo.InvariantCulture, $"The {whose}'s budget of {refusing.LimitUsd:0.######} US dollars for {when} (UTC) is spent. It begins anew with the next {next}; an admin can raise it.")
            : string.Create(
                CultureInfo.InvariantCulture,
                $"The {whose}'s budget of {refusing.LimitUsd:0.######} US dollars for {when} (UTC) has {left:0.############} left beside the calls under way, and this call may cost {call.Expected.CostUsd:0.############}. Ask for fewer tokens (max_tokens), or wait for the calls under way."));
    }

    public static CallRefusedException Unpriced(IReadOnlyList<string> models) => new(
        $"The call is paid from a budget, and nobody knows what {string.Join(", ", models.Take(5))} costs. Ask for another model; an operator can set its price (Gateway__Prices__…) or one for all models without (Gateway__DefaultPrice).");
}
