using System.Text.Json;

namespace MasterX.AiGateway.Translation.Requests;

/// <summary>JSON Schemas of functions, for formats that want more of them than OpenAI's.</summary>
internal static class SchemaWriting
{
    /// <summary>Writes a schema with <c>"type":"object"</c>, which OpenAI's format lets be left out.</summary>
    public static void WriteObjectSchema(JsonElement schema, Utf8JsonWriter json)
    {
        if (schema.Field("type") is not null || schema.EnumerateObject().Any(field => field.Name is "anyOf" or "oneOf" or "allOf" or "$ref"))
        {
            schema.WriteTo(json);
            return;
        }

        json.WriteStartObject();
        json.WriteString("type", "object");
        foreach (var field in schema.EnumerateObject())
        {
            field.WriteTo(json);
        }

        json.WriteEndObject();
    }
}
