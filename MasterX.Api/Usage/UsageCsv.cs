using System.Globalization;
using System.Text;

namespace MasterX.Api.Usage;

/// <summary>Usage as a table (RFC 4180): a column for each thing it is added up by, then the numbers. What a spreadsheet would take for a formula is written as a text.</summary>
/// <param name="query">What was asked for.</param>
/// <param name="sums">Its rows.</param>
internal sealed class UsageCsv(UsageQuery query, IReadOnlyList<UsageSum> sums) : IResult
{
    public const string Media = "text/csv";

    private const int Step = 500;

    private static readonly (UsageGroups Group, string Name, Func<UsageItem, object?> Value)[] Groups =
    [
        (UsageGroups.Day, "day", item => item.Day?.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)),
        (UsageGroups.Hour, "hour", item => item.Hour?.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture)),
        (UsageGroups.Project, "project_id", item => item.ProjectId),
        (UsageGroups.Key, "key_id", item => item.KeyId),
        (UsageGroups.Provider, "provider", item => item.Provider),
        (UsageGroups.Model, "model", item => item.Model),
    ];

    private static readonly (string Name, Func<UsageItem, object> Value)[] Numbers =
    [
        ("requests", item => item.Requests), ("attempts", item => item.Attempts), ("input_tokens", item => item.InputTokens), ("output_tokens", item => item.OutputTokens),
        ("cached_input_tokens", item => item.CachedInputTokens), ("reasoning_tokens", item => item.ReasoningTokens), ("cost_usd", item => item.CostUsd),
        ("estimated", item => item.Estimated), ("unpriced", item => item.Unpriced),
    ];

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var response = httpContext.Response;
        response.ContentType = $"{Media}; charset=utf-8; header=present";
        response.Headers.ContentDisposition = "attachment; filename=\"usage.csv\"";
        var columns = Groups.Where(group => query.Groups.HasFlag(group.Group)).ToArray();
        var text = new StringBuilder();
        Append(text, [.. columns.Select(column => column.Name), .. query.TagNames.Select(name => $"tag:{name}"), .. Numbers.Select(number => number.Name)]);
        foreach (var some in sums.Chunk(Step))
        {
            foreach (var sum in some)
            {
                var item = UsageItem.Of(query, sum);
                Append(text, [.. columns.Select(column => column.Value(item)), .. sum.Tags, .. Numbers.Select(number => number.Value(item))]);
            }

            await response.WriteAsync(text.ToString(), httpContext.RequestAborted);
            text.Clear();
        }

        await response.WriteAsync(text.ToString(), httpContext.RequestAborted);
    }

    /// <summary>A cell as it is written.</summary>
    public static string Cell(object? value)
    {
        if (value is not string text)
        {
            return Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";
        }

        if (text is ['=' or '+' or '-' or '@' or '\t' or '\r', ..])
        {
            text = $"'{text}";
        }

        return text.AsSpan().ContainsAny("\",\r\n") ? $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : text;
    }

    private static void Append(StringBuilder text, object?[] cells) => text.AppendJoin(',', cells.Select(Cell)).Append("\r\n");
}
