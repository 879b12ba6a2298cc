using System.Text.Json;
using System.Text.Json.Nodes;

namespace MasterX.ProviderEmulator.Answers;

/// <summary>The simplest value that fits a JSON schema, as far as <c>type</c>, <c>properties</c>, <c>items</c>, <c>enum</c> and <c>const</c> tell.</summary>
internal static class SchemaSample
{
    private const int MaxDepth = 16;

    public static string Of(JsonElement schema) => (Make(schema, 0) ?? JsonValue.Create("emulated")).ToJsonString();

    private static JsonNode? Make(JsonElement schema, int depth)
    {
        if (schema.ValueKind != JsonValueKind.Object || depth > MaxDepth)
        {
            return null;
        }

        if (schema.TryGetProperty("const", out var constant))
        {
            return JsonNode.Parse(constant.GetRawText());
        }

        if (schema.TryGetProperty("enum", out var values) && values.GetArrayLength() > 0)
        {
            return JsonNode.Parse(values[0].GetRawText());
        }

        return Type(schema) switch
        {
            "object" => MakeObject(schema, depth),
            "array" => new JsonArray(schema.TryGetProperty("items", out var items) ? [Make(items, depth + 1)] : []),
            "integer" => JsonValue.Create(1),
            "number" => JsonValue.Create(1.5),
            "boolean" => JsonValue.Create(true),
            "null" => null,
            _ => JsonValue.Create("emulated"),
        };
    }

    private static JsonObject MakeObject(JsonElement schema, int depth)
    {
        var made = new JsonObject();
        if (schema.TryGetProperty("properties", out var properties))
        {
            foreach (var property in properties.EnumerateObject())
            {
                made[property.Name] = Make(property.Value, depth + 1);
            }
        }

        return made;
    }

    private static string? Type(JsonElement schema) => !schema.TryGetProperty("type", out var type) ? schema.TryGetProperty("properties", out _) ? "object" : null
        : type.ValueKind == JsonValueKind.Array ? type[0].GetString()?.ToLowerInvariant()
        : type.GetString()?.ToLowerInvariant();
}
