using System.Text.Json;
using MasterX.AiGateway.Providers;
using MasterX.AiGateway.Translation.Vocabulary;
using static MasterX.AiGateway.Translation.JsonFields;

namespace MasterX.AiGateway.Translation.Requests;

/// <summary>Reads a request of OpenAI's Responses API (<see href="https://platform.openai.com/docs/api-reference/responses/create"/>).</summary>
internal static class ResponsesRequestReader
{
    /// <param name="root">The request.</param>
    /// <param name="dropped">Fields at the top that are to be passed over.</param>
    /// <exception cref="UntranslatableRequestException">Something in it is of another type than the format has there, or of a kind that no other format has.</exception>
    public static Conversation Read(JsonElement root, IReadOnlySet<string> dropped)
    {
        List<Turn> turns = [];
        var tools = new ResponsesTools();
        List<KeyValuePair<string, JsonElement>> others = [];
        JsonElement? input = null, choice = null;
        Thinking? thinking = null;
        AnswerFormat? format = null;
        bool? parallel = null;
        long? maxTokens = null;
        double? temperature = null, topP = null, presence = null, frequency = null;
        int? topLogProbs = null;
        string? user = null;
        var stream = false;
        foreach (var field in Fields(root))
        {
            var (name, value) = (field.Name, field.Value);
            if (value.ValueKind == JsonValueKind.Null || dropped.Contains(name))
            {
                continue;
            }

            switch (name)
            {
                case "model":
                    break;
                case "instructions":
                    turns.Insert(0, new Turn(Speaker.Instructions, [new TextPart(TextOf(value, name))]));
                    break;
                case "input":
                    input = value;
                    break;
                case "max_output_tokens": maxTokens = LimitOf(value, name); break;
                case "stream": stream = TruthOf(value, name); break;
                case "temperature": temperature = NumberOf(value, name); break;
                case "top_p": topP = NumberOf(value, name); break;
                case "presence_penalty": presence = NumberOf(value, name); break;
                case "frequency_penalty": frequency = NumberOf(value, name); break;
                case "top_logprobs": topLogProbs = SmallOf(value, name); break;
                case "parallel_tool_calls": parallel = TruthOf(value, name); break;
                case "tools":
                    tools.Add(value);
                    break;
                case "tool_choice": choice = value; break;
                case "reasoning":
                    thinking = value.EnumerateObject().Any() ? new Thinking(value.Text("effort"), IsShown: (value.Text("summary") ?? value.Text("generate_summary")) is not null) : null;
                    break;
                case "text":
                    format = value.Field("format") is { } wanted ? ReadFormat(wanted) : null;
                    if (value.Field("verbosity") is not null)
                    {
                        tools.Ignored.Add("text.verbosity");
                    }

                    break;
                case "user": user = TextOf(value, name); break;
                case "background" when value.ValueKind == JsonValueKind.False:
                    break;
                default: others.Add(new(name, value)); break;
            }
        }

        if (input is { } given)
        {
            new ResponsesItems(turns, tools).Read(given);
        }

        var search = HostedTools.Settle(tools.Hosted, tools.Functions.Count > 0, tools.Ignored, others);
        return new Conversation
        {
            Turns = turns, Tools = tools.Functions, WebSearch = search, ToolChoice = choice is { } said ? ReadToolChoice(said) : null, ParallelToolCalls = parallel, MaxTokens = maxTokens, Temperature = temperature, TopP = topP,
            PresencePenalty = presence, FrequencyPenalty = frequency, TopLogProbs = topLogProbs is 0 ? null : topLogProbs, LogProbs = topLogProbs is > 0, Format = format,
            Thinking = thinking, User = user, Others = others, Ignored = tools.Ignored, Stream = stream,
        };
    }

    /// <summary>What a request's caller calls its tools.</summary>
    /// <param name="root">The request.</param>
    public static CallerTools ToolsOf(JsonElement root)
    {
        var tools = new ResponsesTools();
        if (root.Field("tools") is { } given)
        {
            tools.Add(given);
        }

        foreach (var item in root.Elements("input").Where(item => item.Text("type") == ResponsesItems.MoreTools))
        {
            tools.Add(item.GetProperty("tools"));
        }

        return tools.ByFunction;
    }

    private static ToolChoice ReadToolChoice(JsonElement choice)
    {
        const string Where = "tool_choice";
        if (choice.ValueKind == JsonValueKind.String)
        {
            return choice.GetString() switch
            {
                "none" => ToolChoice.None,
                "auto" => ToolChoice.Auto,
                "required" => ToolChoice.Required,
                var other => throw new UntranslatableRequestException($"'tool_choice' cannot be '{other}'.", Where),
            };
        }

        if (choice.Text("type") != "allowed_tools")
        {
            return new ToolChoice(ToolMode.Named, [ReadName(choice)]);
        }

        var isRequired = choice.Text("mode") == "required";
        string[] allowed = [.. choice.Elements("tools").Where(tool => !HostedTools.Knows(tool.Text("type"))).Select(ReadName)];
        return allowed.Length > 0 ? new ToolChoice(isRequired ? ToolMode.Required : ToolMode.Auto, allowed)
            : !isRequired ? ToolChoice.None
            : throw new UntranslatableRequestException("'tool_choice' allows only tools that OpenAI runs itself, and one must be called; only functions can be said in another format.", Where);
    }

    private static string ReadName(JsonElement tool)
    {
        const string Where = "tool_choice";
        return tool.Text("type") switch
        {
            "function" or "custom" or null => ResponsesTools.FunctionOf(tool.Text("namespace"), RequiredText(tool, "name", Where)),
            ShellTool.Name => ShellTool.Name,
            var type => throw new UntranslatableRequestException($"The tool '{type}' must be called, and is run by OpenAI itself; only functions can be said in another format.", Where),
        };
    }

    private static AnswerFormat? ReadFormat(JsonElement format) => format.Text("type") switch
    {
        "text" => null,
        "json_object" => new AnswerFormat(null),
        "json_schema" => new AnswerFormat(
            format.Field("schema") is { } schema ? ObjectOf(schema, "text") : null, format.Text("name"), format.Text("description"),
            format.Field("strict") is { } strict ? TruthOf(strict, "text") : null),
        var other => throw new UntranslatableRequestException($"A format of type '{other}' cannot be said in another provider's format.", "text"),
    };
}
