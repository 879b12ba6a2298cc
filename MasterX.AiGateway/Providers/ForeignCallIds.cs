using System.Text;
using System.Text.Json.Nodes;
using MasterX.AiGateway.Requests;

namespace MasterX.AiGateway.Providers;

/// <summary>
/// Names of calls in a history that another provider gave, where the bytes pass as they are otherwise and the one that is asked now does not
/// take them: see <see cref="CallIds"/>.
/// </summary>
internal static class ForeignCallIds
{
    /// <summary>The same request with names that are taken.</summary>
    /// <returns>A request of its own, with bytes of its own; <see langword="null"/> where all names are taken, which is nearly always.</returns>
    public static ModelRequest? Without(ModelRequest request, CallIds ids)
    {
        if (ids == CallIds.Any || !MayBeIn(request, ids))
        {
            return null;
        }

        var root = JsonNode.Parse(request.Body.Span)!.AsObject();
        Rename(root[request.Operation == Operation.Responses ? "input" : "messages"], ids);
        return request.With(root);
    }

    /// <summary>Looks at the names that results have, without reading the request: a call whose result is not there yet is the provider's own.</summary>
    private static bool MayBeIn(ModelRequest request, CallIds ids)
    {
        var field = request.Operation.IsAnthropic ? "\"tool_use_id\""u8 : request.Operation == Operation.Responses ? "\"call_id\""u8 : "\"tool_call_id\""u8;
        var rest = (ReadOnlySpan<byte>)request.Body.Span;
        while (rest.IndexOf(field) is >= 0 and var at)
        {
            rest = rest[(at + field.Length)..].TrimStart(" \t\r\n:"u8);
            if (rest.IsEmpty || rest[0] != '"')
            {
                continue;
            }

            rest = rest[1..];
            if (rest.IndexOf((byte)'"') is >= 0 and var end && !ids.Takes(Encoding.UTF8.GetString(rest[..end])))
            {
                return true;
            }
        }

        return false;
    }

    private static void Rename(JsonNode? items, CallIds ids)
    {
        foreach (var item in (items as JsonArray ?? []).OfType<JsonObject>())
        {
            Rename(item, "call_id", ids);
            Rename(item, "tool_call_id", ids);
            foreach (var call in (item["tool_calls"] as JsonArray ?? []).OfType<JsonObject>())
            {
                Rename(call, "id", ids);
            }

            foreach (var block in (item["content"] as JsonArray ?? []).OfType<JsonObject>())
            {
                Rename(block, "tool_use_id", ids);
                if (block["type"] is JsonValue type && type.TryGetValue<string>(out var name) && name == "tool_use")
                {
                    Rename(block, "id", ids);
                }
            }
        }
    }

    private static void Rename(JsonObject holder, string field, CallIds ids)
    {
        if (holder[field] is JsonValue value && value.TryGetValue<string>(out var id))
        {
            holder[field] = ids.Of(id);
        }
    }
}
