using System.Text.Json;
using System.Text.Json.Nodes;
using MasterX.Api.Keys;
using MasterX.Api.Storage;
using MasterX.ServiceDefaults.Telemetry;

namespace MasterX.Api.Audit;

/// <summary>What an admin does, as it is told to the store that does it; of this an entry is made.</summary>
/// <param name="Id">Begins with <c>act_</c>: of one act there is one entry.</param>
/// <param name="At">UTC.</param>
/// <param name="ActorId">Of the key or the token.</param>
/// <param name="ActorName">What people know it by.</param>
/// <param name="Action">What is done: <c>key.create</c> and the like.</param>
/// <param name="Target">The id of what it is done to.</param>
/// <param name="Address">From where; <see langword="null"/> where that is not known.</param>
/// <param name="TraceId">Of the request; <see langword="null"/> for what the service does by itself.</param>
/// <param name="Changes">What is another afterwards.</param>
internal sealed record AuditAct(string Id, DateTimeOffset At, string ActorId, string ActorName, string Action, string Target, string? Address, string? TraceId, IReadOnlyList<AuditChange> Changes)
{
    /// <summary>An act of a request's caller.</summary>
    public static AuditAct Of(HttpContext context, string action, string target, IReadOnlyList<AuditChange> changes)
    {
        var caller = context.Consumer();
        return new(
            Identifier.New("act"), Identifier.Now(context.RequestServices.GetRequiredService<TimeProvider>()), caller.Id, caller.Name, action, target,
            context.Connection.RemoteIpAddress?.ToString(), RequestIdentity.Of(context).TraceId, changes);
    }

    /// <summary>An act of the service.</summary>
    public static AuditAct OfService(TimeProvider time, string actor, string action, string target, IReadOnlyList<AuditChange> changes) =>
        new(Identifier.New("act"), Identifier.Now(time), actor, actor, action, target, null, null, changes);
}

/// <summary>A field that is another afterwards.</summary>
/// <param name="Field">As the API names it.</param>
/// <param name="Before"><see langword="null"/> for nothing.</param>
/// <param name="After"><see langword="null"/> for nothing.</param>
internal sealed record AuditChange(string Field, JsonNode? Before, JsonNode? After)
{
    private static readonly JsonSerializerOptions Options = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    /// <summary>Fields that say when, and by which secret; neither is what an admin changes.</summary>
    private static readonly HashSet<string> LeftOut = ["id", "preview", "created_at", "updated_at", "last_used_at"];

    /// <summary>What differs between two of the answers that the API shows; those have nothing secret in them.</summary>
    /// <param name="before"><see langword="null"/> where there was nothing.</param>
    /// <param name="after">As it is then.</param>
    public static IReadOnlyList<AuditChange> Between<T>(T? before, T after)
        where T : class
    {
        var old = before is null ? [] : JsonSerializer.SerializeToNode(before, Options)!.AsObject();
        return [.. JsonSerializer.SerializeToNode(after, Options)!.AsObject()
            .Where(field => !LeftOut.Contains(field.Key) && !JsonNode.DeepEquals(old[field.Key], field.Value))
            .Select(field => new AuditChange(field.Key, old[field.Key]?.DeepClone(), field.Value?.DeepClone()))];
    }
}
