using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Text;
using System.Text.Json;
using MasterX.Api.Http;
using MasterX.Api.Keys;
using MasterX.ServiceDefaults.Configuration;
using Microsoft.AspNetCore.Http.HttpResults;

namespace MasterX.Api.Audit;

/// <summary><c>/api/audit</c>: what admins have done, for admins. There is no door by which an entry is changed or removed.</summary>
internal static class AuditEndpoints
{
    public const string JsonLines = "application/jsonl";

    private const string DaysSetting = "Retention:AuditDays";

    public static void MapAudit(this WebApplication app)
    {
        var audit = app.MapGroup("/api/audit").RequireAuthorization(ConsumerScopes.Admin).WithTags("Audit");
        audit.MapGet("", ListAsync).WithName("listAudit").WithSummary("What admins have done, newest first; with Accept: application/jsonl all of it, oldest first")
            .Produces<Page<AuditAnswer>>(StatusCodes.Status200OK, "application/json", JsonLines).Refuses(400);
        audit.MapGet("/verify", VerifyAsync).WithName("verifyAudit").WithSummary("Whether every entry is as it was written, and none is missing").Refuses();
    }

    public static void AddAudit(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<AuditLog>();
        builder.Services.AddSingleton<IConfigurationRule, Rule>();
    }

    /// <summary>After how many days entries are removed; 0 for never.</summary>
    public static int DaysOf(IConfiguration configuration) => configuration.GetValue(DaysSetting, 0);

    private static async Task<IResult> ListAsync(
        IAuditStore store, AuditLog log, HttpContext context, CancellationToken cancellationToken, DateOnly? from = null, DateOnly? to = null, [StringLength(100)] string? actor = null,
        [StringLength(100)] string? action = null, [StringLength(100)] string? target = null, [Range(1, Paging.Largest)] int limit = Paging.Default, [Range(1, long.MaxValue)] long? cursor = null)
    {
        if (from > to)
        {
            return Problems.BadRequest("from must not be after to.");
        }

        var filter = new AuditFilter(from is { } first ? Midnight(first) : null, to is { } last && last < DateOnly.MaxValue ? Midnight(last.AddDays(1)) : null, actor, action, target);
        if (context.Request.GetTypedHeaders().Accept.Any(media => media.MediaType.Equals(JsonLines, StringComparison.OrdinalIgnoreCase)))
        {
            return TypedResults.Stream(body => ExportAsync(log, filter, cursor ?? 0, body, cancellationToken), JsonLines);
        }

        var found = await store.ListAsync(filter, cursor, limit + 1, cancellationToken);
        var next = found.Count > limit ? string.Create(CultureInfo.InvariantCulture, $"\"{found[limit - 1].Sequence}\"") : "null";
        return TypedResults.Text($$"""{"items":[{{string.Join(',', found.Take(limit).Select(entry => entry.ToJson()))}}],"next_cursor":{{next}}}""", "application/json", Encoding.UTF8);
    }

    private static async Task<Ok<AuditVerification>> VerifyAsync(AuditLog log, CancellationToken cancellationToken) => TypedResults.Ok(await log.VerifyAsync(cancellationToken));

    private static async Task ExportAsync(AuditLog log, AuditFilter filter, long after, Stream body, CancellationToken cancellationToken)
    {
        await foreach (var entry in log.ReadAsync(filter, after, cancellationToken))
        {
            await body.WriteAsync(Encoding.UTF8.GetBytes(entry.ToJson() + "\n"), cancellationToken);
        }
    }

    private static DateTimeOffset Midnight(DateOnly day) => new(day.ToDateTime(TimeOnly.MinValue), TimeSpan.Zero);

    /// <summary>Checks the setting at start.</summary>
    private sealed class Rule(IConfiguration configuration) : IConfigurationRule
    {
        public IEnumerable<string> FindProblems() =>
            configuration[DaysSetting] is not { } days || (int.TryParse(days, CultureInfo.InvariantCulture, out var number) && number is >= 0 and <= 36_500)
                ? []
                : [$"Retention__AuditDays is '{configuration[DaysSetting]}'; it must be 0 (for ever) to 36500."];
    }
}

/// <summary>An entry as the API shows one. Its hash is the SHA-256 of the entry as it is written here, without <c>,"hash":"…"</c>.</summary>
/// <param name="Sequence">1, and one more with every entry.</param>
/// <param name="Id">Of the act; begins with <c>act_</c>.</param>
/// <param name="At">UTC.</param>
/// <param name="Actor">Who.</param>
/// <param name="Action">What: <c>key.create</c>, <c>key.update</c>, <c>key.rotate</c>, <c>key.revoke</c>, <c>project.create</c>, <c>project.update</c>, <c>project.delete</c>, <c>project.export</c>, <c>user.erase</c>, <c>generation.delete</c>, <c>audit.cut</c>.</param>
/// <param name="Target">The id of what it was done to.</param>
/// <param name="Address">From where.</param>
/// <param name="TraceId">Of the request.</param>
/// <param name="Outcome"><c>done</c>; <c>unknown</c> where the process that was at it died before it could say so.</param>
/// <param name="Changes">What was another afterwards; nothing secret.</param>
/// <param name="PreviousHash">Of the entry before.</param>
/// <param name="Hash">Of this one.</param>
internal sealed record AuditAnswer(
    long Sequence, string Id, DateTimeOffset At, AuditActor Actor, string Action, string Target, string? Address, string? TraceId, string Outcome, IReadOnlyList<AuditFieldAnswer> Changes,
    string PreviousHash, string Hash);

/// <summary>Who has done something.</summary>
/// <param name="Id">Of the key, or of the caller by a token; <c>admin</c> for the key of <c>MASTERX_ADMIN_KEY</c>.</param>
/// <param name="Name">What people knew it by.</param>
internal sealed record AuditActor(string Id, string Name);

/// <summary>A field that was another afterwards.</summary>
/// <param name="Field">As the API names it.</param>
/// <param name="Before">What there was.</param>
/// <param name="After">What there is.</param>
internal sealed record AuditFieldAnswer(string Field, JsonElement? Before, JsonElement? After);
