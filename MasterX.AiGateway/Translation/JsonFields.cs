using System.Text.Json;
using MasterX.AiGateway.Providers;

namespace MasterX.AiGateway.Translation;

/// <summary>Short ways to the fields of a wire format's JSON. A field that is null is as good as none.</summary>
internal static class JsonFields
{
    /// <summary>A field, unless it is missing or null.</summary>
    public static JsonElement? Field(this JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    /// <summary>A field's text; <see langword="null"/> when it is none.</summary>
    public static string? Text(this JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    /// <summary>The elements of an array; none when the field is anything else.</summary>
    public static IEnumerable<JsonElement> Elements(this JsonElement element, string name) =>
        element.Field(name) is { ValueKind: JsonValueKind.Array } array ? array.EnumerateArray() : [];

    /// <summary>A number of tokens; 0 for anything else.</summary>
    public static int Count(this JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number
        && value.TryGetInt32(out var count) && count is > 0 and <= int.MaxValue / 4 ? count : 0;

    /// <summary>Whether a field is true.</summary>
    public static bool IsTrue(this JsonElement element, string name) => element.Field(name) is { ValueKind: JsonValueKind.True };

    /// <summary>The fields of an object, each once: of one that is there several times, the last.</summary>
    public static IEnumerable<JsonProperty> Fields(JsonElement root)
    {
        Dictionary<string, JsonProperty> fields = new(StringComparer.Ordinal);
        foreach (var field in root.EnumerateObject())
        {
            fields[field.Name] = field;
        }

        return fields.Values;
    }

    // The others are for requests: a value of another type than the format has there is an error that names the field.

    public static string TextOf(JsonElement value, string field) =>
        value.ValueKind == JsonValueKind.String ? value.GetString()! : throw Wrong(field, "a string");

    public static string RequiredText(JsonElement element, string name, string field) =>
        element.Field(name) is { } value ? TextOf(value, field) : throw Wrong(field, "a string");

    public static double NumberOf(JsonElement value, string field) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number) && double.IsFinite(number) ? number : throw Wrong(field, "a number");

    public static long WholeOf(JsonElement value, string field) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var number) ? number : throw Wrong(field, "a whole number");

    public static long LimitOf(JsonElement value, string field) => WholeOf(value, field) is > 0 and var limit ? limit : throw Wrong(field, "a whole number above 0");

    public static int SmallOf(JsonElement value, string field) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) ? number : throw Wrong(field, "a whole number");

    public static bool TruthOf(JsonElement value, string field) => value.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw Wrong(field, "true or false"),
    };

    public static JsonElement ObjectOf(JsonElement value, string field) =>
        value.ValueKind == JsonValueKind.Object ? value : throw Wrong(field, "an object");

    public static JsonElement.ArrayEnumerator ArrayOf(JsonElement value, string field) =>
        value.ValueKind == JsonValueKind.Array ? value.EnumerateArray() : throw Wrong(field, "an array");

    /// <summary>Lists what a reader has no word for in a part of a request, so that it is told to have been left out.</summary>
    /// <param name="element">The part, an object.</param>
    /// <param name="where">The field it stands in.</param>
    /// <param name="ignored">Receives the names, with <paramref name="where"/> before them.</param>
    /// <param name="known">What the reader knows, and reads where it matters.</param>
    public static void TellUnread(JsonElement element, string where, List<string> ignored, params ReadOnlySpan<string> known)
    {
        foreach (var field in element.EnumerateObject())
        {
            if (field.Value.ValueKind is not (JsonValueKind.Null or JsonValueKind.False) && !known.Contains(field.Name))
            {
                ignored.Add($"{where}.{field.Name}");
            }
        }
    }

    public static UntranslatableRequestException Wrong(string field, string wanted) => new($"'{field}' must be {wanted}.", field);
}
