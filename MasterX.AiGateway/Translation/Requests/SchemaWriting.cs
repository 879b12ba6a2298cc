using System.Text.Json;
using MasterX.AiGateway.Translation.Vocabulary;

namespace MasterX.AiGateway.Translation.Requests;

/// <summary>JSON Schemas of functions, for formats that want more of them than OpenAI's; and of answers, for those that have no field for them.</summary>
internal static class SchemaWriting
{
    /// <summary>The form of an answer, as an instruction.</summary>
    /// <param name="schema">Its schema; <see langword="null"/> for any object.</param>
    public static TextPart InWords(JsonElement? schema) => new(
        "Answer with a single valid JSON object and nothing else: no explanation around it, no code fence."
        + (schema is { } form ? $" It must match this JSON Schema: {form.GetRawText()}" : ""));

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
