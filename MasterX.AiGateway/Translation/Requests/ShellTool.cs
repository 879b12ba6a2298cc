using System.Text.Json;
using MasterX.AiGateway.Translation.Answers;
using MasterX.AiGateway.Translation.Vocabulary;

namespace MasterX.AiGateway.Translation.Requests;

/// <summary>
/// OpenAI's <c>local_shell</c> (<see href="https://platform.openai.com/docs/guides/tools-local-shell"/>), which its caller runs: a function
/// to models of other formats, whose arguments are the members of the call's <c>action</c>.
/// </summary>
internal static class ShellTool
{
    public const string Name = "local_shell";

    public static readonly ToolDefinition Definition = new(
        Name, "Runs a command on the user's machine and returns its output.", JsonElement.Parse(
            """
            {"type":"object","properties":{
              "command":{"type":"array","items":{"type":"string"},"description":"The program and its arguments, for example [\"bash\",\"-lc\",\"ls -la\"]."},
              "working_directory":{"type":"string","description":"Where it runs."},
              "timeout_ms":{"type":"integer","description":"When it is given up."},
              "env":{"type":"object","additionalProperties":{"type":"string"},"description":"Variables of its environment."},
              "user":{"type":"string","description":"Who runs it."}},"required":["command"]}
            """));

    /// <summary>Writes <c>action</c> of the arguments the model gave; a command that is one text is one for a shell.</summary>
    /// <param name="arguments">As far as they have come; nothing of them is told before they are whole.</param>
    /// <param name="json">Stands in an object.</param>
    public static void WriteAction(string arguments, Utf8JsonWriter json)
    {
        json.WriteStartObject("action");
        json.WriteString("type", "exec");
        using var parsed = Parse(arguments);
        var action = parsed.RootElement;
        json.WriteStartArray("command");
        foreach (var word in action.Piece("command") is { } line ? ["bash", "-lc", line] : action.Elements("command").Select(Word))
        {
            json.WriteStringValue(word);
        }

        json.WriteEndArray();
        json.WriteStartObject("env");
        foreach (var variable in action.Field("env") is { ValueKind: JsonValueKind.Object } variables ? variables.EnumerateObject() : default)
        {
            json.WriteString(variable.Name, Word(variable.Value));
        }

        json.WriteEndObject();
        json.WritePropertyName("timeout_ms");
        if (action.Field("timeout_ms") is { ValueKind: JsonValueKind.Number } limit)
        {
            limit.WriteTo(json);
        }
        else
        {
            json.WriteNullValue();
        }

        json.WriteString("working_directory", Whole(action.Piece("working_directory") ?? action.Piece("workdir")));
        json.WriteString("user", Whole(action.Piece("user")));
        json.WriteEndObject();
    }

    /// <summary>A text, of which no half of a character is left; or another value as JSON has it.</summary>
    private static string Word(JsonElement value) => value.ValueKind == JsonValueKind.String ? JsonText.Whole(value.Piece()) : value.ToString();

    private static string? Whole(string? text) => text is null ? null : JsonText.Whole(text);

    private static JsonDocument Parse(string arguments)
    {
        try
        {
            return JsonDocument.Parse(arguments.Length == 0 ? "{}" : arguments);
        }
        catch (JsonException)
        {
            // Broken off, or no arguments at all: there is nothing to run.
            return JsonDocument.Parse("{}");
        }
    }
}
