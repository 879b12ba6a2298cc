using System.Text.Json;
using System.Text.RegularExpressions;

namespace MasterX.AiGateway.Translation.Requests;

/// <summary>Texts where another format wants a JSON object: arguments of calls, results of tools.</summary>
internal static partial class ToolArguments
{
    /// <summary>Text that is an object is written as it is, but for halves of characters, which are U+FFFD; any other is put under a name.</summary>
    public static void WriteObject(string text, string name, Utf8JsonWriter json)
    {
        try
        {
            using var parsed = JsonDocument.Parse(WholeCharacters(text));
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

    /// <summary>JSON may have half of a surrogate pair by its escape (RFC 8259, 8.2); no text has, so that it could not be written again.</summary>
    private static string WholeCharacters(string json) =>
        json.Contains(@"\ud", StringComparison.OrdinalIgnoreCase) ? Escapes().Replace(json, static escape => escape.Groups["half"].Success ? @"\uFFFD" : escape.Value) : json;

    /// <summary>Escapes one by one, so that a backslash that is escaped itself begins none: pairs of surrogates, halves of them, and any other.</summary>
    [GeneratedRegex(@"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?<half>\\u[dD][89a-fA-F][0-9a-fA-F]{2})|\\.", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex Escapes();
}
