using System.Text.Encodings.Web;
using System.Text.Json;
using MasterX.AiGateway.Translation.Vocabulary;
using static MasterX.AiGateway.Translation.JsonFields;

namespace MasterX.AiGateway.Translation.Requests;

/// <summary>
/// OpenAI's tools of type <c>custom</c> (<see href="https://platform.openai.com/docs/guides/function-calling#custom-tools"/>), whose input is
/// one text: to models of other formats a function whose only argument is that text. A grammar of the input is told to the model in words.
/// </summary>
internal static class FreeformTool
{
    /// <summary>The argument's name.</summary>
    public const string Input = "input";

    private static readonly JsonElement Schema = JsonElement.Parse(
        """{"type":"object","properties":{"input":{"type":"string","description":"The whole input of the tool, as it is."}},"required":["input"],"additionalProperties":false}""");

    /// <param name="tool">An object with <c>name</c>, <c>description</c> and <c>format</c>.</param>
    /// <param name="function">The function's name.</param>
    /// <param name="where">The field it stands in.</param>
    /// <param name="ignored">Receives the names of what is not read.</param>
    public static ToolDefinition Read(JsonElement tool, string function, string where, List<string> ignored)
    {
        TellUnread(ObjectOf(tool, where), where, ignored, "type", "name", "description", "format");
        string?[] words = [tool.Text("description"), GrammarOf(tool)];
        return new ToolDefinition(function, string.Join("\n\n", words.OfType<string>()) is { Length: > 0 } description ? description : null, Schema);
    }

    /// <summary>Arguments of a call of the function.</summary>
    public static string Arguments(string input) => $"{{\"{Input}\":\"{JsonEncodedText.Encode(input, JavaScriptEncoder.UnsafeRelaxedJsonEscaping)}\"}}";

    /// <summary>Responses have the grammar's members in <c>format</c>, chats in an object of it.</summary>
    private static string? GrammarOf(JsonElement tool)
    {
        if (tool.Field("format") is not { } format || format.Text("type") is null or "text")
        {
            return null;
        }

        var grammar = format.Field("grammar") ?? format;
        return $"`{Input}` must follow this grammar ({grammar.Text("syntax") ?? "lark"}):\n{RequiredText(grammar, "definition", "tools")}";
    }
}
