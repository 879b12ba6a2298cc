using System.Text.Json;

namespace MasterX.AiGateway.Providers;

/// <summary>Short ways to the fields of an OpenAI chat completion request, for those who translate it.</summary>
internal static class ChatFields
{
    /// <summary>The text of a message's content, whether it is a string or parts.</summary>
    public static string Flatten(JsonElement message)
    {
        if (!message.TryGetProperty("content", out var content))
        {
            return "";
        }

        return content.ValueKind switch
        {
            JsonValueKind.String => content.GetString()!,
            JsonValueKind.Array => string.Concat(content.EnumerateArray().Select(part => Text(part, "text"))),
            _ => "",
        };
    }

    public static void Copy(JsonElement from, string name, string to, Utf8JsonWriter json)
    {
        if (from.TryGetProperty(name, out var value) && value.ValueKind is not (JsonValueKind.Null or JsonValueKind.Undefined))
        {
            json.WritePropertyName(to);
            value.WriteTo(json);
        }
    }

    public static string? Text(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;

    /// <summary>A number of tokens; 0 for anything else.</summary>
    public static int Count(JsonElement usage, string name) =>
        usage.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var count) && count > 0 ? count : 0;

    /// <summary>For a format that wants an object: text that is one is written as it is, any other is put under a name.</summary>
    public static void WriteObjectOr(string text, string name, Utf8JsonWriter json)
    {
        try
        {
            using var parsed = JsonDocument.Parse(text);
            if (parsed.RootElement.ValueKind == JsonValueKind.Object)
            {
                parsed.RootElement.WriteTo(json);
                return;
            }
        }
        catch (JsonException)
        {
            // Plain text, which is what most tools return.
        }

        json.WriteStartObject();
        json.WriteString(name, text);
        json.WriteEndObject();
    }

    /// <summary>One stop sequence or several, as an array.</summary>
    public static void WriteStop(JsonElement stop, string name, Utf8JsonWriter json)
    {
        if (stop.ValueKind == JsonValueKind.Array)
        {
            json.WritePropertyName(name);
            stop.WriteTo(json);
        }
        else if (stop.ValueKind == JsonValueKind.String)
        {
            json.WriteStartArray(name);
            stop.WriteTo(json);
            json.WriteEndArray();
        }
    }
}
