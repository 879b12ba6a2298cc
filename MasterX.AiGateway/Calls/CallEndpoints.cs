using System.Text.Json;
using MasterX.AiGateway.Requests;

namespace MasterX.AiGateway.Calls;

/// <summary>
/// <c>GET /calls/{id}</c> and <c>POST /calls</c>: what calls have spent, for the one who named them. It is told here and in headers, never in a body
/// with an answer, where it could be mistaken for what a model says; and it is told after the connection has gone, too.
/// </summary>
internal sealed class CallEndpoints(CallRecords records)
{
    private const int MostIds = 10_000;

    public Task FindAsync(HttpContext context)
    {
        var id = (string?)context.Request.RouteValues["id"] ?? "";
        return records.Find(id) is { } record
            ? context.Response.WriteAsJsonAsync(CallAnswer.Of(record), CallJson.Default.CallAnswer, cancellationToken: context.RequestAborted)
            : CallerError.WriteAsync(
                context, StatusCodes.Status404NotFound,
                $"There is no call of this name here. A call is named by the header {CallRecords.Header}, and kept for an hour at most.", CallerError.InvalidRequest, "call_not_found", "id");
    }

    public async Task ReadAsync(HttpContext context)
    {
        CallsRequest? asked;
        try
        {
            asked = await JsonSerializer.DeserializeAsync(context.Request.Body, CallJson.Default.CallsRequest, context.RequestAborted);
        }
        catch (JsonException)
        {
            asked = null;
        }

        if (asked is null || asked.Ids?.Count > MostIds || asked.Read?.Count > MostIds)
        {
            await CallerError.BadRequestAsync(context, $$"""The body must be {"ids":[…],"read":[…]}, with at most {{MostIds}} names in each.""", null);
            return;
        }

        foreach (var id in asked.Read ?? [])
        {
            records.Forget(id);
        }

        CallAnswer[] known = [.. (asked.Ids ?? []).Select(records.Find).OfType<CallRecord>().Select(CallAnswer.Of)];
        await context.Response.WriteAsJsonAsync(new CallsAnswer(known, (long)records.Uptime.TotalMilliseconds), CallJson.Default.CallsAnswer, cancellationToken: context.RequestAborted);
    }
}
