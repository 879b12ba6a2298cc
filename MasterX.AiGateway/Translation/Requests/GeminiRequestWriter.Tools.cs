using MasterX.AiGateway.Translation.Vocabulary;

namespace MasterX.AiGateway.Translation.Requests;

/// <content>What the model may call.</content>
internal sealed partial class GeminiRequestWriter
{
    private void WriteTools()
    {
        IReadOnlyList<ToolDefinition> tools = _conversation.Tools;
        var choice = _conversation.ToolChoice;
        if (tools.Count == 0)
        {
            if (Searches)
            {
                WriteSearch();
            }

            return;
        }

        if (choice is { Mode: ToolMode.Auto, Names.Count: > 0 })
        {
            tools = [.. tools.Where(tool => choice.Names.Contains(tool.Name))];
        }

        _json.WriteStartArray("tools");
        _json.WriteStartObject();
        _json.WriteStartArray("functionDeclarations");
        foreach (var tool in tools)
        {
            _json.WriteStartObject();
            _json.WriteString("name", tool.Name);
            if (tool.Description is { } description)
            {
                _json.WriteString("description", description);
            }

            if (tool.Parameters is { } schema)
            {
                _json.WritePropertyName("parametersJsonSchema");
                schema.WriteTo(_json);
            }

            _json.WriteEndObject();
            if (tool.CacheMark is not null)
            {
                _loss.Ignore("cache_control");
            }
        }

        _json.WriteEndArray();
        _json.WriteEndObject();
        _json.WriteEndArray();
        if (_conversation.ParallelToolCalls == false)
        {
            _loss.Ignore("parallel_tool_calls");
        }

        if (choice is null)
        {
            return;
        }

        _json.WriteStartObject("toolConfig");
        _json.WriteStartObject("functionCallingConfig");
        _json.WriteString("mode", choice.Mode switch { ToolMode.Named or ToolMode.Required => "ANY", ToolMode.None => "NONE", _ => "AUTO" });
        if (choice.Mode is ToolMode.Named or ToolMode.Required && choice.Names.Count > 0)
        {
            _json.WriteStartArray("allowedFunctionNames");
            foreach (var name in choice.Names)
            {
                _json.WriteStringValue(name);
            }

            _json.WriteEndArray();
        }

        _json.WriteEndObject();
        _json.WriteEndObject();
    }

    /// <summary>Whether the web is to be searched as Gemini does it, which keeps to no domains.</summary>
    private bool Searches => _conversation.WebSearch is { Allowed.Count: 0, Blocked.Count: 0 };

    /// <summary>
    /// <see href="https://ai.google.dev/gemini-api/docs/google-search"/>; where the user is and how often it may search it is not told.
    /// </summary>
    private void WriteSearch()
    {
        _json.WriteStartArray("tools");
        _json.WriteStartObject();
        _json.WriteStartObject("googleSearch");
        _json.WriteEndObject();
        _json.WriteEndObject();
        _json.WriteEndArray();
        Forgo(_conversation.WebSearch!.Place is not null, "tools.user_location");
        Forgo(_conversation.WebSearch.MostUses is not null, "tools.max_uses");
    }
}
