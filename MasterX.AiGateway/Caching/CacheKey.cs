using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using MasterX.AiGateway.Requests;
using MasterX.AiGateway.Routing;

namespace MasterX.AiGateway.Caching;

/// <summary>
/// What two requests have in common that are answered alike: route, caller, operation, and the body in canonical form, in which spaces, escapes and the order of
/// fields make no difference. Within a JSON schema the order stays: models see it, and write an object's fields in it.
/// </summary>
internal static class CacheKey
{
    /// <param name="route">Stands in for the model's name, which may be a route's under several spellings.</param>
    /// <param name="caller">Nobody is answered with another's words; empty where the route shares its answers.</param>
    /// <param name="request">Its body is valid JSON.</param>
    public static string Of(ModelRoute route, string caller, ModelRequest request)
    {
        using var canonical = new PooledBuffer(request.Body.Length + 64);
        canonical.Write(Encoding.UTF8.GetBytes($"{request.Operation.Name}\0{route.Name.ToUpperInvariant()}\0{caller}\0"));
        var head = canonical.Length;
        try
        {
            WriteCanonical(request.Body.Memory, canonical);
        }
        catch (Exception error) when (error is InvalidOperationException or ArgumentException or JsonException)
        {
            // Half a surrogate pair somewhere has no canonical form; such a body is like itself only.
            canonical.Truncate(head);
            canonical.Write(request.Body.Span);
        }

        return Convert.ToHexStringLower(SHA256.HashData(canonical.Span));
    }

    private static void WriteCanonical(ReadOnlyMemory<byte> body, PooledBuffer canonical)
    {
        using var document = JsonDocument.Parse(body);
        using var json = new Utf8JsonWriter(canonical);
        json.WriteStartObject();
        foreach (var field in Sorted(document.RootElement).Where(field => !field.NameEquals("model"u8)))
        {
            Write(field, json);
        }

        json.WriteEndObject();
    }

    private static void Write(JsonProperty field, Utf8JsonWriter json)
    {
        json.WritePropertyName(field.Name);
        if (field.Name is "parameters" or "schema")
        {
            field.Value.WriteTo(json);
        }
        else
        {
            Write(field.Value, json);
        }
    }

    private static void Write(JsonElement value, Utf8JsonWriter json)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                json.WriteStartObject();
                foreach (var field in Sorted(value))
                {
                    Write(field, json);
                }

                json.WriteEndObject();
                break;
            case JsonValueKind.Array:
                json.WriteStartArray();
                foreach (var element in value.EnumerateArray())
                {
                    Write(element, json);
                }

                json.WriteEndArray();
                break;
            default:
                value.WriteTo(json);
                break;
        }
    }

    private static IEnumerable<JsonProperty> Sorted(JsonElement value) => value.EnumerateObject().OrderBy(field => field.Name, StringComparer.Ordinal);
}
