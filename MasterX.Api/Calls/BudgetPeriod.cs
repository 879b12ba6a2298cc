using System.Globalization;

namespace MasterX.Api.Calls;

/// <summary>Names of budgets: a key and a calendar month, UTC, <c>key_…/2026-11</c>.</summary>
internal static class BudgetPeriod
{
    private const string Month = "yyyy-MM";

    /// <summary>The budget that a call of a key is paid from.</summary>
    public static string IdOf(string keyId, DateTimeOffset at) => $"{keyId}/{at.UtcDateTime.ToString(Month, CultureInfo.InvariantCulture)}";

    /// <summary>Whose it is, its first moment, and the first after it.</summary>
    public static (string KeyId, DateTimeOffset From, DateTimeOffset Until) Parse(string budgetId)
    {
        var slash = budgetId.LastIndexOf('/');
        var from = new DateTimeOffset(DateTime.ParseExact(budgetId[(slash + 1)..], Month, CultureInfo.InvariantCulture), TimeSpan.Zero);
        return (budgetId[..slash], from, from.AddMonths(1));
    }
}
