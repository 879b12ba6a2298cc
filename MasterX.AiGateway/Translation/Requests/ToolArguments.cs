using System.Text.Json;

namespace MasterX.AiGateway.Translation.Requests;

/// <summary>Texts where another format wants a JSON object: arguments of calls, results of tools.</summary>
internal static class ToolArguments
{
    /// <summary>Text that is an object is written as it is, any other is put under a name.</summary>
    public static void WriteObject(string text, string name, Utf8JsonWriter json)
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
}
