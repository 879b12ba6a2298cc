using System.Text.Json;
using MasterX.AiGateway.Providers;
using MasterX.AiGateway.Translation.Vocabulary;
using static MasterX.AiGateway.Translation.JsonFields;

namespace MasterX.AiGateway.Translation.Requests;

/// <summary>
/// Reads a tool of Anthropic's Messages API: one of the caller's own, or one whose name alone tells Anthropic's models what it is and which the
/// caller runs (<see href="https://docs.anthropic.com/en/docs/agents-and-tools/tool-use/overview"/>). To others it is described.
/// </summary>
internal static class AnthropicTools
{
    private const string Where = "tools";

    private static readonly JsonElement Bash = JsonElement.Parse(
        """
        {"type":"object","properties":{
          "command":{"type":"string","description":"The command to run; required unless the shell is restarted."},
          "restart":{"type":"boolean","description":"Whether the shell is to be restarted."}}}
        """);

    private static readonly JsonElement Editor = JsonElement.Parse(EditorSchema(
        """["view","create","str_replace","insert"]""",
        """
        "new_str":{"type":"string","description":"Of 'str_replace': what takes its place; nothing if it is left out."},
          "insert_text":{"type":"string","description":"Of 'insert': the text."}
        """));

    /// <summary>Of models before the fourth generation, in which one word stands for both texts.</summary>
    private static readonly JsonElement OlderEditor = JsonElement.Parse(EditorSchema(
        """["view","create","str_replace","insert","undo_edit"]""",
        """
        "new_str":{"type":"string","description":"Of 'str_replace': what takes its place; of 'insert': the text."}
        """));

    /// <param name="tool">An object.</param>
    /// <param name="ignored">Receives the names of what is not read.</param>
    /// <exception cref="UntranslatableRequestException">Anthropic runs it itself, or something in it is of another type than the format has there.</exception>
    public static ToolDefinition Read(JsonElement tool, List<string> ignored)
    {
        TellUnread(tool, Where, ignored, "type", "name", "description", "input_schema", "strict", "cache_control", "input_examples");
        var (description, schema) = tool.Field("input_schema") is { } own ? (DescriptionOf(tool), ObjectOf(own, Where))
            : tool.Text("type") is { } type and not "custom" ? Known(type)
            : (DescriptionOf(tool), (JsonElement?)null);
        return new ToolDefinition(
            RequiredText(tool, "name", Where), description, schema,
            tool.Field("strict") is { } strict ? TruthOf(strict, Where) : null, tool.Field("cache_control") is { } mark ? new(mark.Text("ttl")) : null);
    }

    private static (string? Description, JsonElement? Schema) Known(string type) =>
        type.StartsWith("bash_", StringComparison.Ordinal)
            ? ("Runs a command in a shell on the user's machine that stays open between calls, and returns what it printed.", Bash)
        : type.StartsWith("text_editor_", StringComparison.Ordinal)
            ? ("Shows, creates and edits text files on the user's machine.", string.CompareOrdinal(type, "text_editor_20250429") < 0 ? OlderEditor : Editor)
        : throw new UntranslatableRequestException($"The tool '{type}' is run by Anthropic itself, or known to its models alone; no other provider has it.", Where);

    /// <summary>Examples of the input have a field of their own there, and none elsewhere.</summary>
    private static string? DescriptionOf(JsonElement tool)
    {
        string[] examples = [.. tool.Elements("input_examples").Select(example => example.GetRawText())];
        return examples.Length == 0 ? tool.Text("description") : $"{tool.Text("description")}\n\nExamples of its input:\n{string.Join('\n', examples)}".TrimStart();
    }

    /// <param name="commands">An array, as JSON.</param>
    /// <param name="texts">The members for what is put in, as JSON.</param>
    private static string EditorSchema(string commands, string texts) => $$$"""
        {"type":"object","properties":{
          "command":{"type":"string","enum":{{{commands}}}},
          "path":{"type":"string","description":"The absolute path of a file, or of a directory to view."},
          "view_range":{"type":"array","items":{"type":"integer"},"description":"Of 'view': the first and the last line, counted from 1; -1 for the end."},
          "file_text":{"type":"string","description":"Of 'create': all of the file."},
          "old_str":{"type":"string","description":"Of 'str_replace': the text to replace, which must be there exactly once."},
          "insert_line":{"type":"integer","description":"Of 'insert': the line behind which; 0 for the beginning."},
          {{{texts}}}},
         "required":["command","path"]}
        """;
}
