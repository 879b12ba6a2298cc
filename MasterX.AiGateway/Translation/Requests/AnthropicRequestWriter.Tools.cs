using MasterX.AiGateway.Providers;
using MasterX.AiGateway.Translation.Vocabulary;

namespace MasterX.AiGateway.Translation.Requests;

/// <content>What the model may call.</content>
internal sealed partial class AnthropicRequestWriter
{
    private void WriteTools(List<(Speaker Speaker, List<Part> Parts)> turns)
    {
        var tools = _conversation.Tools;
        var choice = _conversation.ToolChoice;
        var isHistory = false;
        if (tools.Count == 0)
        {
            // A history with calls needs their tools declared, whether or not they may be called again.
            tools = [.. turns.SelectMany(turn => turn.Parts).OfType<ToolCallPart>().Select(call => call.Name).Distinct().Select(name => new ToolDefinition(name, null, null))];
            (isHistory, choice) = (tools.Count > 0, _conversation.WebSearch is null ? ToolChoice.None : choice);
        }

        if (tools.Count == 0 && _conversation.WebSearch is null)
        {
            return;
        }

        if (choice is { Mode: ToolMode.Auto or ToolMode.Required, Names.Count: > 0 })
        {
            tools = [.. tools.Where(tool => choice.Names.Contains(tool.Name))];
        }

        _json.WriteStartArray("tools");
        foreach (var tool in tools)
        {
            _json.WriteStartObject();
            _json.WriteString("name", tool.Name);
            if (tool.Description is { } description)
            {
                _json.WriteString("description", description);
            }

            _json.WritePropertyName("input_schema");
            if (tool.Parameters is { } schema)
            {
                SchemaWriting.WriteObjectSchema(schema, _json);
            }
            else
            {
                // A function without parameters; the API wants a schema all the same.
                _json.WriteStartObject();
                _json.WriteString("type", "object");
                _json.WriteEndObject();
            }

            if (tool.Strict == true)
            {
                _json.WriteBoolean("strict", true);
            }

            WriteMark(tool.CacheMark);
            _json.WriteEndObject();
        }

        if (_conversation.WebSearch is { } search)
        {
            WriteSearch(search);
        }

        _json.WriteEndArray();
        var oneByOne = _conversation.ParallelToolCalls == false && !isHistory;
        if (choice is null && !oneByOne)
        {
            return;
        }

        choice ??= ToolChoice.Auto;
        _json.WriteStartObject("tool_choice");
        _json.WriteString("type", choice.Mode switch { ToolMode.Named => "tool", ToolMode.Required => "any", ToolMode.None => "none", _ => "auto" });
        if (choice.Mode == ToolMode.Named)
        {
            _json.WriteString("name", choice.Names[0]);
        }

        if (oneByOne && choice.Mode != ToolMode.None)
        {
            _json.WriteBoolean("disable_parallel_tool_use", true);
        }

        _json.WriteEndObject();
    }

    /// <summary><see href="https://docs.anthropic.com/en/docs/agents-and-tools/tool-use/web-search-tool"/>.</summary>
    private void WriteSearch(WebSearch search)
    {
        if (_hostVersion is BedrockAnthropicWireFormat.Version)
        {
            throw new UntranslatableRequestException("Amazon Bedrock has no web search; name a model of a provider that has one, or leave the tool out.", "tools");
        }

        _json.WriteStartObject();
        _json.WriteString("type", "web_search_20250305");
        _json.WriteString("name", "web_search");
        WriteDomains("allowed_domains", search.Allowed);
        WriteDomains("blocked_domains", search.Blocked);
        if (search.MostUses is { } most)
        {
            _json.WriteNumber("max_uses", most);
        }

        if (search.Place is { } place)
        {
            _json.WritePropertyName("user_location");
            place.WriteTo(_json);
        }

        _json.WriteEndObject();
    }

    private void WriteDomains(string name, IReadOnlyList<string> domains)
    {
        if (domains.Count == 0)
        {
            return;
        }

        _json.WriteStartArray(name);
        foreach (var domain in domains)
        {
            _json.WriteStringValue(domain);
        }

        _json.WriteEndArray();
    }
}
