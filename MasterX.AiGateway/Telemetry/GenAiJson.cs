using System.Text.Json;

namespace MasterX.AiGateway.Telemetry;

/// <summary>Ways into JSON of callers and providers that may have any shape: what is not as expected is not there.</summary>
internal static class GenAiJson
{
    /// <summary>Stands for a text with half a surrogate pair, which can be written in JSON but not be read.</summary>
    private const string NotUnicode = "[not valid Unicode]";

    /// <summary>A field that has a value; <see langword="null"/> when there is none, or no object to have it.</summary>
    public static JsonElement? Field(JsonElement element, ReadOnlySpan<byte> name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null
            ? value
            : null;

    /// <inheritdoc cref="Field(JsonElement, ReadOnlySpan{byte})"/>
    public static JsonElement? Field(JsonElement? element, ReadOnlySpan<byte> name) => element is { } present ? Field(present, name) : null;

    /// <summary>A field that is a text.</summary>
    public static string? Text(JsonElement? element, ReadOnlySpan<byte> name) =>
        Field(element, name) is { ValueKind: JsonValueKind.String } text ? TextOf(text) : null;

    /// <summary>A field that is a whole number.</summary>
    public static long? Number(JsonElement? element, ReadOnlySpan<byte> name) =>
        Field(element, name) is { ValueKind: JsonValueKind.Number } number && number.TryGetInt64(out var value) ? value : null;

    /// <summary>A field's elements; none when it is no array.</summary>
    public static JsonElement.ArrayEnumerator Elements(JsonElement? element, ReadOnlySpan<byte> name) =>
        Field(element, name) is { ValueKind: JsonValueKind.Array } array ? array.EnumerateArray() : default;

    /// <summary>The text of a value: of a string what it says, of anything else its JSON.</summary>
    public static string TextOf(JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.String)
        {
            return value.ValueKind == JsonValueKind.Null ? "" : value.GetRawText();
        }

        try
        {
            return value.GetString()!;
        }
        catch (InvalidOperationException)
        {
            return NotUnicode;
        }
    }
}
