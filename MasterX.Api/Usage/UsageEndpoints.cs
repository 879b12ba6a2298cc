using System.ComponentModel.DataAnnotations;
using MasterX.Api.Calls;
using MasterX.Api.Http;
using MasterX.Api.Keys;
using MasterX.Api.Storage;

namespace MasterX.Api.Usage;

/// <summary><c>GET /api/usage</c>: requests, tokens and cost, added up by key and day, or by what is asked for.</summary>
internal static class UsageEndpoints
{
    /// <summary>Rows of an answer at most.</summary>
    public const int MostRows = 10_000;

    /// <summary>How long what has just ended is waited for.</summary>
    private static readonly TimeSpan FlushPatience = TimeSpan.FromSeconds(2);

    public static void MapUsage(this WebApplication app) =>
        app.MapGet("/api/usage", ListAsync).RequireAuthorization(ConsumerScopes.Generate).WithTags("Usage").WithName("listUsage")
            .WithSummary("What keys have used, per day, or added up by project, key, model, provider, tag, day or hour; those of your project, else your own key's, or as an admin every key's; as JSON or CSV")
            .Produces<UsageAnswer>(StatusCodes.Status200OK, "application/json", UsageCsv.Media).Refuses(400);

    private static async Task<IResult> ListAsync(
        IUsageStore usage, CallBook book, TimeProvider time, HttpContext context, CancellationToken cancellationToken,
        [StringLength(40)] string? from = null, [StringLength(40)] string? to = null, [StringLength(100)] string? key_id = null, [StringLength(100)] string? project_id = null,
        [StringLength(400)] string? model = null, [StringLength(100)] string? provider = null, [StringLength(200)] string? tag = null, [StringLength(300)] string? group_by = null,
        [RegularExpression("^(json|csv)$", ErrorMessage = "format must be json or csv.")] string? format = null)
    {
        var problem = UsageRequest.ReadTimes(from, to, time.GetUtcNow(), out var query) ?? UsageRequest.ReadGroups(group_by, ref query) ?? UsageRequest.ReadTag(tag, ref query)
            ?? Others(context.Consumer(), key_id, project_id);
        if (problem is not null)
        {
            return Problems.BadRequest(problem);
        }

        // What was used a moment ago is to be seen.
        await book.FlushAsync(FlushPatience, cancellationToken);
        query = query with { OwnerId = context.Consumer().Sees() ?? project_id, KeyId = key_id, Model = model, Provider = provider, Limit = MostRows + 1 };
        var sums = await usage.SumAsync(query, cancellationToken);
        if (sums.Count > MostRows)
        {
            return Problems.BadRequest($"These are more than {MostRows} rows. Ask for less at once: a shorter time between from and to, a filter (project_id, key_id, model, provider, tag), or a shorter group_by.");
        }

        var isTable = format is null ? context.Request.GetTypedHeaders().Accept.Any(media => media.MediaType.Equals(UsageCsv.Media, StringComparison.OrdinalIgnoreCase)) : format == "csv";
        return isTable ? new UsageCsv(query, sums) : TypedResults.Ok(UsageAnswer.Of(query, sums));
    }

    /// <summary>Whether a caller asks for what only an admin sees.</summary>
    private static string? Others(ConsumerKey key, string? keyId, string? projectId) => key.Sees() switch
    {
        null => null,
        var own when keyId is not null && own != keyId && key.ProjectId is null => "key_id names another key; only an admin sees those.",
        var own when projectId is not null && own != projectId => "project_id names another project; only an admin sees those.",
        _ => null,
    };
}
