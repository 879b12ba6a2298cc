using System.ComponentModel.DataAnnotations;
using MasterX.Api.Calls;
using MasterX.Api.Http;
using MasterX.Api.Keys;
using MasterX.Api.Storage;
using Microsoft.AspNetCore.Http.HttpResults;

namespace MasterX.Api.Usage;

/// <summary><c>GET /api/usage</c>: requests, tokens and cost per key and day.</summary>
internal static class UsageEndpoints
{
    private const int LongestDays = 366;
    private const int DefaultDays = 30;

    /// <summary>How long what has just ended is waited for.</summary>
    private static readonly TimeSpan FlushPatience = TimeSpan.FromSeconds(2);

    public static void MapUsage(this WebApplication app) =>
        app.MapGet("/api/usage", ListAsync).RequireAuthorization(ConsumerScopes.Generate).WithTags("Usage").WithName("listUsage").WithSummary("What keys have used, per day; those of your project, else your own key's, or as an admin every key's").Refuses(400);

    private static async Task<Results<Ok<UsageAnswer>, ProblemHttpResult>> ListAsync(
        IUsageStore usage, CallBook book, TimeProvider time, HttpContext context, CancellationToken cancellationToken, DateOnly? from = null, DateOnly? to = null, [StringLength(100)] string? key_id = null,
        [StringLength(100)] string? project_id = null)
    {
        var last = to ?? DateOnly.FromDateTime(time.GetUtcNow().UtcDateTime);
        var first = from ?? (last.DayNumber > DefaultDays ? last.AddDays(1 - DefaultDays) : DateOnly.MinValue);
        if (first > last || last.DayNumber - first.DayNumber >= LongestDays)
        {
            return Problems.BadRequest($"from must not be after to, and at most {LongestDays} days before it.");
        }

        var key = context.Consumer();
        if (key.Sees() is { } own)
        {
            if (key_id is not null && own != key_id && key.ProjectId is null)
            {
                return Problems.BadRequest("key_id names another key; only an admin sees those.");
            }

            if (project_id is not null && own != project_id)
            {
                return Problems.BadRequest("project_id names another project; only an admin sees those.");
            }

            project_id = own;
        }

        // What was used a moment ago is to be seen.
        await book.FlushAsync(FlushPatience, cancellationToken);
        var days = await usage.ListAsync(project_id, key_id, first, last, cancellationToken);
        return TypedResults.Ok(new UsageAnswer(
            first, last, [.. days.Select(day => new UsageDay(day.KeyId, day.Day, day.Requests, day.InputTokens, day.OutputTokens, day.CostUsd, day.Estimated, day.Unpriced, day.ProjectId))],
            new UsageTotal(days.Sum(day => day.Requests), days.Sum(day => day.InputTokens), days.Sum(day => day.OutputTokens), days.Sum(day => day.CostUsd), days.Sum(day => day.Estimated), days.Sum(day => day.Unpriced))));
    }
}

/// <summary>What <c>GET /api/usage</c> answers.</summary>
/// <param name="From">First day, UTC.</param>
/// <param name="To">Last day, UTC.</param>
/// <param name="Items">Oldest first; days without use are left out.</param>
/// <param name="Total">All together.</param>
internal sealed record UsageAnswer(DateOnly From, DateOnly To, IReadOnlyList<UsageDay> Items, UsageTotal Total);

/// <summary>What a key used on a day.</summary>
/// <param name="KeyId">Which key.</param>
/// <param name="Day">UTC.</param>
/// <param name="Requests">Requests that cost something, or were answered from the cache.</param>
/// <param name="InputTokens">Of the prompts.</param>
/// <param name="OutputTokens">Of the answers.</param>
/// <param name="CostUsd">US dollars.</param>
/// <param name="Estimated">Calls of providers of which some of the tokens are an estimate: the provider did not count, or its count was not heard.</param>
/// <param name="Unpriced">Calls of providers whose model has no price; what they cost is not in the sum.</param>
/// <param name="ProjectId">The key's project; <see langword="null"/> for none.</param>
internal sealed record UsageDay(string KeyId, DateOnly Day, long Requests, long InputTokens, long OutputTokens, decimal CostUsd, long Estimated, long Unpriced, string? ProjectId);

/// <summary>What was used over all days listed.</summary>
/// <param name="Requests">Requests that cost something, or were answered from the cache.</param>
/// <param name="InputTokens">Of the prompts.</param>
/// <param name="OutputTokens">Of the answers.</param>
/// <param name="CostUsd">US dollars.</param>
/// <param name="Estimated">Calls of providers of which some of the tokens are an estimate.</param>
/// <param name="Unpriced">Calls of providers whose model has no price.</param>
internal sealed record UsageTotal(long Requests, long InputTokens, long OutputTokens, decimal CostUsd, long Estimated, long Unpriced);
