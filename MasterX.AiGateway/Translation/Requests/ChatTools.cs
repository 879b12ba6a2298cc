using System.Text.Json;
using MasterX.AiGateway.Providers;
using MasterX.AiGateway.Translation.Vocabulary;
using static MasterX.AiGateway.Translation.JsonFields;

namespace MasterX.AiGateway.Translation.Requests;

/// <summary>Tools of OpenAI's chat completions: functions and freeform tools, and what must be called of them.</summary>
internal static class ChatTools
{
    private const string Where = "tools";

    /// <param name="tool">An element of <c>tools</c>.</param>
    /// <param name="ignored">Receives the names of what is not read.</param>
    /// <exception cref="UntranslatableRequestException">It is of a kind that no other format has.</exception>
    public static ToolDefinition Read(JsonElement tool, List<string> ignored) =>
        tool.Field("custom") is { } custom ? FreeformTool.Read(custom, RequiredText(custom, "name", Where), Where, ignored)
        : tool.Field("function") is { } function ? ReadFunction(function, Where, tool.Field("cache_control") ?? function.Field("cache_control"), ignored)
        : throw new UntranslatableRequestException($"A tool of type '{tool.Text("type")}' cannot be said in another provider's format; only functions and custom tools can.", Where);

    /// <param name="function">A function, as <c>functions</c> has them too.</param>
    /// <param name="where">The field it stands in.</param>
    /// <param name="mark">Its cache mark.</param>
    /// <param name="ignored">Receives the names of what is not read.</param>
    public static ToolDefinition ReadFunction(JsonElement function, string where, JsonElement? mark, List<string> ignored)
    {
        TellUnread(ObjectOf(function, where), where, ignored, "name", "description", "parameters", "strict", "cache_control");
        return new(
            RequiredText(function, "name", where), function.Text("description"), function.Field("parameters") is { } schema ? ObjectOf(schema, where) : null,
            function.Field("strict") is { } strict ? TruthOf(strict, where) : null, mark is { } given ? new(given.Text("ttl")) : null);
    }

    /// <param name="choice">The value of <c>tool_choice</c>, or of <c>function_call</c>.</param>
    /// <param name="where">Which of the two.</param>
    public static ToolChoice ReadChoice(JsonElement choice, string where)
    {
        if (choice.ValueKind == JsonValueKind.String)
        {
            return choice.GetString() switch
            {
                "none" => ToolChoice.None,
                "auto" => ToolChoice.Auto,
                "required" or "any" => ToolChoice.Required,
                var other => throw new UntranslatableRequestException($"'{where}' cannot be '{other}'.", where),
            };
        }

        return choice.Text("type") == "allowed_tools" && (choice.Field("allowed_tools") ?? choice) is { } allowed
            ? new ToolChoice(allowed.Text("mode") == "required" ? ToolMode.Required : ToolMode.Auto, [.. allowed.Elements("tools").Select(tool => NameOf(tool, where))])
            : new ToolChoice(ToolMode.Named, [NameOf(choice, where)]);
    }

    /// <summary>What a request's caller calls its tools.</summary>
    /// <param name="root">The request.</param>
    public static CallerTools ToolsOf(JsonElement root)
    {
        Dictionary<string, CallerTool> named = new(StringComparer.Ordinal);
        foreach (var tool in root.Elements("tools"))
        {
            if (tool.Field("custom")?.Text("name") is { } name)
            {
                named[name] = new CallerTool(ToolShape.Freeform, name);
            }
        }

        var isLegacy = root.Elements("functions").Any() && !root.Elements("tools").Any();
        return named.Count == 0 && !isLegacy ? CallerTools.Plain : new CallerTools(named, isLegacy);
    }

    private static string NameOf(JsonElement tool, string where) => RequiredText(tool.Field("function") ?? tool.Field("custom") ?? tool, "name", where);
}
